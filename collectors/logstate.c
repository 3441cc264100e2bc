/* SPDX-License-Identifier: Apache-2.0 */
#include "logstate.h"

#include <stdlib.h>
#include <string.h>

void col_logstate_init(struct col_logstate *state, uint64_t line)
{
	*state = (struct col_logstate){.line = line != 0 ? line : 1, .next = 1};
}

static void clear_chunk(struct col_logstate_chunk *chunk)
{
	free(chunk->delta);
	*chunk = (struct col_logstate_chunk){0};
}

static void clear_file(struct col_logstate_file *file)
{
	free(file->path);
	free(file->set);
}

void col_logstate_clear(struct col_logstate *state)
{
	for (size_t i = 0; i < state->file_count; i++)
		clear_file(&state->file[i]);
	for (size_t i = 0; i < state->series_count; i++)
		free(state->series[i].key);
	for (size_t i = 0; i < state->chunk_count; i++)
		clear_chunk(&state->chunk[i]);
	free(state->file);
	free(state->series);
	free(state->chunk);
	*state = (struct col_logstate){0};
}

/* ---- elements ---------------------------------------------------------------------- */

static char *copy(const char *data, size_t len)
{
	char *text = malloc(len + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

static void *grow(void *array, size_t count, size_t size)
{
	void *grown = reallocarray(array, count, size);

	if (grown == NULL)
		abort();
	return grown;
}

struct col_logstate_file *col_logstate_add_file(struct col_logstate *state,
    const struct col_logstate_id *id, const char *path, const char *set)
{
	state->file = grow(state->file, state->file_count + 1, sizeof(*state->file));
	struct col_logstate_file *file = &state->file[state->file_count++];
	*file = (struct col_logstate_file){.number = state->next_file++,
	    .id = *id,
	    .path = copy(path, strlen(path)),
	    .set = copy(set, strlen(set))};
	return file;
}

size_t col_logstate_add_series(struct col_logstate *state, const char *key, size_t len)
{
	state->series =
	    grow(state->series, state->series_count + 1, sizeof(*state->series));
	state->series[state->series_count] =
	    (struct col_logstate_series){.key = copy(key, len), .key_len = len};
	return state->series_count++;
}

struct col_logstate_chunk *col_logstate_add_chunk(struct col_logstate *state)
{
	if (state->chunk_count == state->chunk_cap) {
		state->chunk_cap = state->chunk_cap != 0 ? state->chunk_cap * 2 : 16;
		state->chunk =
		    grow(state->chunk, state->chunk_cap, sizeof(*state->chunk));
	}
	struct col_logstate_chunk *chunk = &state->chunk[state->chunk_count++];
	*chunk = (struct col_logstate_chunk){0};
	return chunk;
}

struct col_logstate_file *col_logstate_find_file(
    const struct col_logstate *state, uint32_t number)
{
	for (size_t i = 0; i < state->file_count; i++)
		if (state->file[i].number == number)
			return &state->file[i];
	return NULL;
}

static bool is_used(const struct col_logstate *state, uint32_t file)
{
	for (size_t i = 0; i < state->chunk_count; i++)
		if (state->chunk[i].file == file)
			return true;
	return false;
}

void col_logstate_sweep(struct col_logstate *state)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->file_count; i++)
		if (state->file[i].gone && !is_used(state, state->file[i].number))
			clear_file(&state->file[i]);
		else
			state->file[kept++] = state->file[i];
	state->file_count = kept;
}

void col_logstate_count(struct col_logstate_chunk *chunk, size_t series, uint64_t lines)
{
	for (size_t i = 0; i < chunk->delta_count; i++)
		if (chunk->delta[i].series == series) {
			chunk->delta[i].lines += lines;
			return;
		}
	chunk->delta = grow(chunk->delta, chunk->delta_count + 1, sizeof(*chunk->delta));
	chunk->delta[chunk->delta_count++] =
	    (struct col_logstate_delta){(uint32_t)series, lines};
}

/* ---- progress ---------------------------------------------------------------------- */

static void apply(struct col_logstate *state, const struct col_logstate_chunk *chunk)
{
	struct col_logstate_file *file = col_logstate_find_file(state, chunk->file);

	if (file != NULL)
		file->place = chunk->end;
	for (size_t i = 0; i < chunk->delta_count; i++)
		if (chunk->delta[i].series < state->series_count)
			state->series[chunk->delta[i].series].total +=
			    chunk->delta[i].lines;
}

static void drop_chunks(struct col_logstate *state, size_t count)
{
	for (size_t i = 0; i < count; i++)
		clear_chunk(&state->chunk[i]);
	if (count > 0 && count < state->chunk_count)
		memmove(state->chunk, state->chunk + count,
		    (state->chunk_count - count) * sizeof(*state->chunk));
	state->chunk_count -= count;
}

void col_logstate_done(struct col_logstate *state, uint64_t number, uint64_t last)
{
	size_t done = 0;

	for (; done < state->chunk_count; done++) {
		const struct col_logstate_chunk *chunk = &state->chunk[done];

		if (!chunk->ended || chunk->number > number ||
		    (chunk->number == number && chunk->last > last))
			break;
		apply(state, chunk);
	}
	drop_chunks(state, done);
}

uint32_t col_logstate_resume(struct col_logstate *state, uint64_t number, uint64_t last)
{
	uint32_t first = UINT32_MAX;
	size_t i = 0;

	for (; i < state->chunk_count && state->chunk[i].number < number; i++)
		if (state->chunk[i].ended)
			apply(state, &state->chunk[i]);
	if (number >= state->next)
		state->next = number + 1;
	if (i < state->chunk_count && state->chunk[i].number == number) {
		struct col_logstate_file *file =
		    col_logstate_find_file(state, state->chunk[i].file);
		bool done = state->chunk[i].ended && state->chunk[i].last <= last;

		if (file != NULL && !done) {
			file->place = state->chunk[i].begin;
			first = file->number;
			state->next = number;
		} else if (state->chunk[i].ended) {
			apply(state, &state->chunk[i]);
		}
	}
	drop_chunks(state, state->chunk_count);
	return first;
}
