/* SPDX-License-Identifier: Apache-2.0 */
#include "logread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "logchunk.h"
#include "logline.h"

#define READ_BYTES (64u * 1024u)
#define TURN_BYTES (1024u * 1024u)
#define TURN_NS    (20 * SL_NS_PER_MS)

void col_logread_init(struct col_logread *read)
{
	read->buffer_bytes = READ_BYTES + read->line_max + 1;
	read->buffer = malloc(read->buffer_bytes);
	read->payload = calloc(read->rules_max + 1, sizeof(*read->payload));
	read->event = calloc(read->rules_max + 1, sizeof(*read->event));
	if (read->buffer == NULL || read->payload == NULL || read->event == NULL)
		abort();
}

void col_logread_clear(struct col_logread *read)
{
	for (size_t i = 0; read->payload != NULL && i < read->rules_max; i++)
		sl_buf_clear(&read->payload[i]);
	free(read->payload);
	free(read->event);
	free(read->buffer);
	*read = (struct col_logread){0};
}

/* ---- positions --------------------------------------------------------------------- */

static void pack(uint64_t value, unsigned char *out)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)(value >> (56 - 8 * i));
}

static uint64_t unpack(const unsigned char *in)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | in[i];
	return value;
}

void col_logread_position(
    uint64_t chunk, uint64_t last, unsigned char out[SIGHTLINE_POSITION_BYTES])
{
	pack(chunk, out);
	pack(last, out + 8);
}

void col_logread_unpack(const unsigned char position[SIGHTLINE_POSITION_BYTES],
    uint64_t *chunk, uint64_t *last)
{
	*chunk = unpack(position);
	*last = unpack(position + 8);
}

void col_logread_done(struct col_logread *read)
{
	struct sightline_collector *collector = col_core_collector(read->core);
	unsigned char position[SIGHTLINE_POSITION_BYTES];
	uint64_t chunk, last;

	if (sightline_journaled(collector, position) == 1) {
		col_logread_unpack(position, &chunk, &last);
		col_logstate_done(read->state, chunk, last);
	}
	if (sightline_durable(collector, position) == 1) {
		col_logread_unpack(position, &chunk, &last);
		col_logstate_done(read->state, chunk, last);
	}
}

/*
 * Without events nothing would tell how far the aggregator has come: a bare
 * position does.
 */
static void tell_position(struct col_logread *read)
{
	unsigned char position[SIGHTLINE_POSITION_BYTES];

	if (read->state->chunk_count == 0)
		return;
	const struct col_logstate_chunk *chunk =
	    &read->state->chunk[read->state->chunk_count - 1];
	if (!chunk->ended || chunk->number == read->told)
		return;
	col_logread_position(chunk->number,
	    chunk->end.offset << COL_LOGCHUNK_BITS | COL_LOGCHUNK_EVENTS, position);
	if (sightline_push_position(col_core_collector(read->core), position, 0) == 0)
		read->told = chunk->number;
}

/* ---- files ----------------------------------------------------------------------------
 */

/* Keeps what the file begins with, until that is long enough. */
static void mark(struct col_logread *read, struct col_logfile *file)
{
	uint32_t before = file->print.bytes;
	struct col_logstate_file *record;

	col_logfile_print(file);
	record = col_logstate_find_file(read->state, file->number);
	if (file->print.bytes == before || record == NULL)
		return;
	record->print = file->print;
	col_logstate_write_file(record, &read->keep->pending);
}

static bool take_line(
    struct col_logread *read, struct col_logchunk *chunk, const struct col_logline *line)
{
	if (line->skipped) {
		col_logchunk_begin(read, chunk);
		return true;
	}
	if (!col_logchunk_line(
		read, chunk, line->text, chunk->file->place.offset + line->used))
		return false;
	read->figures->too_long += line->cut;
	return true;
}

/* Takes the lines of len bytes at the file's place. */
static enum col_logread_result take_lines(
    struct col_logread *read, struct col_logfile *file, size_t len, bool whole)
{
	struct col_logchunk chunk = {.file = file, .mono_ns = sl_clock_mono_ns()};
	enum col_logread_result result = COL_LOGREAD_MORE;
	struct col_logline line;
	size_t used = 0;

	while (used < len && col_logline_next(read->buffer + used, len - used,
				 read->line_max, file->place.skip, &line)) {
		if (!take_line(read, &chunk, &line)) {
			result = COL_LOGREAD_BLOCKED;
			break;
		}
		used += line.used;
		file->place.offset += line.used;
		file->place.skip = line.skip;
	}
	file->partial = result == COL_LOGREAD_MORE && whole;
	if (used > 0) {
		file->quiet_ns = chunk.mono_ns;
		read->figures->bytes += used;
		mark(read, file);
	}
	col_logchunk_end(read, &chunk);
	return result == COL_LOGREAD_MORE && whole ? COL_LOGREAD_IDLE : result;
}

/* The last line of a file that was rotated away may have no end. */
static enum col_logread_result leave(
    struct col_logread *read, struct col_logfile *file, size_t len)
{
	enum col_logread_result result = COL_LOGREAD_MORE;

	if (len > 0) {
		read->buffer[len] = '\n';
		result = take_lines(read, file, len + 1, false);
	}
	if (result == COL_LOGREAD_BLOCKED)
		return result;
	sl_log_info("file", "left path=\"%s\" read=%llu", file->path,
	    (unsigned long long)file->place.offset);
	col_logfollow_drop(read->follow, file);
	return COL_LOGREAD_MORE;
}

static enum col_logread_result fail(struct col_logread *read, struct col_logfile *file)
{
	if (!file->failed) {
		sl_log_warn("file", "cannot read, trying again path=\"%s\" reason=\"%s\"",
		    file->path, strerror(errno));
		read->follow->complaints.total++;
	}
	file->failed = true;
	file->partial = true;
	return COL_LOGREAD_IDLE;
}

static enum col_logread_result read_file(
    struct col_logread *read, struct col_logfile *file)
{
	ssize_t n = pread(
	    file->fd, read->buffer, read->buffer_bytes - 1, (off_t)file->place.offset);

	if (n < 0)
		return fail(read, file);
	switch (col_logfile_look(file, sl_clock_wall_ns())) {
	case COL_LOGFILE_FAILED:
		return fail(read, file);
	case COL_LOGFILE_TRUNCATED:
		col_logfollow_truncated(read->follow, file, sl_clock_mono_ns());
		return COL_LOGREAD_MORE;
	case COL_LOGFILE_SAME:
		break;
	}
	file->failed = false;
	bool whole = (size_t)n < read->buffer_bytes - 1;
	enum col_logread_result result = take_lines(read, file, (size_t)n, whole);
	if (result == COL_LOGREAD_IDLE && file->leaving) {
		n = pread(file->fd, read->buffer, read->buffer_bytes - 1,
		    (off_t)file->place.offset);
		return leave(read, file, n > 0 ? (size_t)n : 0);
	}
	return result;
}

/* The file to begin with after a restart goes before all others. */
static struct col_logfile *choose(struct col_logread *read)
{
	struct col_logfollow *follow = read->follow;

	for (size_t i = 0; read->first != UINT32_MAX && i < follow->file_count; i++)
		if (follow->file[i]->number == read->first)
			return follow->file[i];
	/* The aggregator has positions of that chunk: it is nobody else's. */
	if (read->first != UINT32_MAX)
		read->state->next++;
	read->first = UINT32_MAX;
	for (size_t i = 0; i < follow->file_count; i++) {
		struct col_logfile *file =
		    follow->file[(read->turn + i) % follow->file_count];

		if (col_logfile_ready(file)) {
			read->turn = (read->turn + i + 1) % follow->file_count;
			return file;
		}
	}
	return NULL;
}

enum col_logread_result col_logread_settle(
    struct col_logread *read, enum col_logread_result result)
{
	tell_position(read);
	return col_logkeep_flush(read->keep) != 0 ? COL_LOGREAD_BLOCKED : result;
}

enum col_logread_result col_logread_turn(struct col_logread *read)
{
	uint64_t until = read->figures->bytes + TURN_BYTES;
	int64_t until_ns = sl_clock_mono_ns() + TURN_NS;
	enum col_logread_result result = COL_LOGREAD_MORE;
	struct col_logfile *file;

	while (read->figures->bytes < until && sl_clock_mono_ns() < until_ns) {
		result = COL_LOGREAD_BLOCKED;
		if (read->state->chunk_count >= COL_LOGREAD_CHUNKS_MAX)
			break;
		result = COL_LOGREAD_IDLE;
		file = choose(read);
		if (file == NULL)
			break;
		bool first = file->number == read->first;
		result = read_file(read, file);
		if (result == COL_LOGREAD_BLOCKED)
			break;
		if (first)
			read->first = UINT32_MAX;
		result = COL_LOGREAD_MORE;
	}
	return col_logread_settle(read, result);
}
