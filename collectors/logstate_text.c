/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the log collector as a file's content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "error.h"
#include "logstate.h"

/* One line per record, each with its checksum at its end. */
#define MAGIC       "sightline-log-1"
#define FIELDS_MAX  2050 /* of a record: those of an end, and two for each series */
#define RECORDS_MAX (1u << 20)

/* ---- writing ----------------------------------------------------------------------- */

static void add_text(struct sl_buf *out, const char *data, size_t len)
{
	sl_buf_addc(out, ' ');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c > ' ' && c < 0x7f && c != '%')
			sl_buf_addc(out, (char)c);
		else
			sl_buf_addf(out, "%%%02x", c);
	}
}

/* Ends the record that begins at from. */
static void seal(struct sl_buf *out, size_t from)
{
	uint32_t crc = sl_crc32c(0, out->data + from, out->len - from);

	sl_buf_addf(out, " %08x\n", crc);
}

void col_logstate_write_file(const struct col_logstate_file *file, struct sl_buf *out)
{
	size_t from = out->len;

	sl_buf_addf(out, "F %u %llu %llu %lld %u %u %llu %d", file->number,
	    (unsigned long long)file->id.device, (unsigned long long)file->id.inode,
	    (long long)file->id.birth_ns, file->print.bytes, file->print.crc,
	    (unsigned long long)file->place.offset, file->place.skip);
	add_text(out, file->path, strlen(file->path));
	add_text(out, file->set, strlen(file->set));
	seal(out, from);
}

void col_logstate_write_gone(const struct col_logstate_file *file, struct sl_buf *out)
{
	size_t from = out->len;

	sl_buf_addf(out, "G %u", file->number);
	seal(out, from);
}

void col_logstate_write_series(
    const struct col_logstate_series *series, size_t index, struct sl_buf *out)
{
	size_t from = out->len;

	sl_buf_addf(out, "S %zu %llu", index, (unsigned long long)series->total);
	add_text(out, series->key, series->key_len);
	seal(out, from);
}

void col_logstate_write_begin(const struct col_logstate_chunk *chunk, struct sl_buf *out)
{
	size_t from = out->len;

	sl_buf_addf(out, "B %llu %u %llu %d", (unsigned long long)chunk->number,
	    chunk->file, (unsigned long long)chunk->begin.offset, chunk->begin.skip);
	seal(out, from);
}

void col_logstate_write_end(const struct col_logstate_chunk *chunk, struct sl_buf *out)
{
	size_t from = out->len;

	sl_buf_addf(out, "E %llu %llu %d %llu", (unsigned long long)chunk->number,
	    (unsigned long long)chunk->end.offset, chunk->end.skip,
	    (unsigned long long)chunk->last);
	for (size_t i = 0; i < chunk->delta_count; i++)
		sl_buf_addf(out, " %u %llu", chunk->delta[i].series,
		    (unsigned long long)chunk->delta[i].lines);
	seal(out, from);
}

void col_logstate_write(const struct col_logstate *state, struct sl_buf *out)
{
	uint64_t next = state->chunk_count > 0 ? state->chunk[0].number : state->next;
	size_t from = out->len;

	sl_buf_addf(out, MAGIC " %llu %llu %u", (unsigned long long)state->line,
	    (unsigned long long)next, state->next_file);
	seal(out, from);
	for (size_t i = 0; i < state->file_count; i++) {
		col_logstate_write_file(&state->file[i], out);
		if (state->file[i].gone)
			col_logstate_write_gone(&state->file[i], out);
	}
	for (size_t i = 0; i < state->series_count; i++)
		col_logstate_write_series(&state->series[i], i, out);
	for (size_t i = 0; i < state->chunk_count; i++) {
		col_logstate_write_begin(&state->chunk[i], out);
		if (state->chunk[i].ended)
			col_logstate_write_end(&state->chunk[i], out);
	}
}

/* ---- reading ----------------------------------------------------------------------- */

/* The fields of one record, between its spaces. */
struct record {
	struct {
		const char *data;
		size_t len;
	} field[FIELDS_MAX];
	size_t count;
	bool wrong;
};

/* Splits a line without its end, if its checksum is right. */
static bool split(struct record *record, const char *line, size_t len)
{
	const char *space = len > 0 ? memrchr(line, ' ', len) : NULL;
	char crc[16];

	if (space == NULL)
		return false;
	snprintf(crc, sizeof(crc), "%08x", sl_crc32c(0, line, (size_t)(space - line)));
	if (len - (size_t)(space + 1 - line) != 8 || memcmp(space + 1, crc, 8) != 0)
		return false;
	record->count = 0;
	record->wrong = false;
	for (const char *at = line; at <= space; record->count++) {
		const char *end = memchr(at, ' ', (size_t)(space + 1 - at));

		if (record->count == FIELDS_MAX)
			return false;
		record->field[record->count].data = at;
		record->field[record->count].len = (size_t)(end - at);
		at = end + 1;
	}
	return true;
}

static uint64_t number(struct record *record, size_t i, uint64_t max)
{
	uint64_t value = 0;

	if (i >= record->count || record->field[i].len == 0 ||
	    record->field[i].len > 20) {
		record->wrong = true;
		return 0;
	}
	for (size_t d = 0; d < record->field[i].len; d++) {
		unsigned digit = (unsigned)(unsigned char)record->field[i].data[d] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			record->wrong = true;
	}
	record->wrong |= value > max;
	return value;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes add_text into memory of the caller's. */
static char *text(struct record *record, size_t i, size_t *len)
{
	size_t in = 0, out = 0;

	if (i >= record->count) {
		record->wrong = true;
		return NULL;
	}
	const char *data = record->field[i].data;
	char *result = malloc(record->field[i].len + 1);
	if (result == NULL)
		abort();
	while (in < record->field[i].len) {
		if (data[in] != '%') {
			result[out++] = data[in++];
			continue;
		}
		if (record->field[i].len - in < 3 || hex(data[in + 1]) < 0 ||
		    hex(data[in + 2]) < 0) {
			record->wrong = true;
			break;
		}
		result[out++] = (char)(hex(data[in + 1]) * 16 + hex(data[in + 2]));
		in += 3;
	}
	result[out] = '\0';
	*len = out;
	return result;
}

static struct col_logstate_place place(struct record *record, size_t i)
{
	return (struct col_logstate_place){
	    number(record, i, UINT64_MAX), number(record, i + 1, 1) == 1};
}

/* A file that is known takes the place of its record: only one was appended. */
static void read_file(struct col_logstate *state, struct record *record)
{
	struct col_logstate_file file = {
	    .number = (uint32_t)number(record, 1, UINT32_MAX - 1),
	    .id = {number(record, 2, UINT64_MAX), number(record, 3, UINT64_MAX),
		(int64_t)number(record, 4, INT64_MAX)},
	    .print = {(uint32_t)number(record, 5, COL_LOGSTATE_PRINT_MAX),
		(uint32_t)number(record, 6, UINT32_MAX)},
	    .place = place(record, 7),
	};
	size_t path_len = 0, set_len = 0;

	file.path = text(record, 9, &path_len);
	file.set = text(record, 10, &set_len);
	if (record->wrong || record->count != 11 || strlen(file.path) != path_len ||
	    strlen(file.set) != set_len) {
		record->wrong = true;
		free(file.path);
		free(file.set);
		return;
	}
	struct col_logstate_file *known = col_logstate_find_file(state, file.number);
	if (known == NULL) {
		uint32_t next = state->next_file;

		known = col_logstate_add_file(state, &file.id, "", "");
		state->next_file = next;
	}
	free(known->path);
	free(known->set);
	*known = file;
	if (file.number >= state->next_file)
		state->next_file = file.number + 1;
}

static void read_gone(struct col_logstate *state, struct record *record)
{
	struct col_logstate_file *file =
	    col_logstate_find_file(state, (uint32_t)number(record, 1, UINT32_MAX - 1));

	if (file == NULL || record->wrong || record->count != 2)
		record->wrong = true;
	else
		file->gone = true;
}

static void read_series(struct col_logstate *state, struct record *record)
{
	uint64_t index = number(record, 1, UINT32_MAX);
	uint64_t total = number(record, 2, UINT64_MAX);
	size_t len = 0;
	char *key = text(record, 3, &len);

	if (!record->wrong && record->count == 4 && index == state->series_count) {
		size_t at = col_logstate_add_series(state, key, len);

		state->series[at].total = total;
	} else {
		record->wrong = true;
	}
	free(key);
}

static void read_begin(struct col_logstate *state, struct record *record)
{
	struct col_logstate_chunk chunk = {.number = number(record, 1, UINT64_MAX - 1),
	    .file = (uint32_t)number(record, 2, UINT32_MAX - 1),
	    .begin = place(record, 3)};
	uint64_t before = state->chunk_count > 0
			      ? state->chunk[state->chunk_count - 1].number + 1
			      : state->next;

	if (record->count != 5 || chunk.number < before)
		record->wrong = true;
	if (!record->wrong)
		*col_logstate_add_chunk(state) = chunk;
}

static void read_end(struct col_logstate *state, struct record *record)
{
	struct col_logstate_chunk *chunk =
	    state->chunk_count > 0 ? &state->chunk[state->chunk_count - 1] : NULL;

	if (chunk == NULL || chunk->ended || record->count % 2 != 1 ||
	    number(record, 1, UINT64_MAX) != chunk->number) {
		record->wrong = true;
		return;
	}
	chunk->end = place(record, 2);
	chunk->last = number(record, 4, UINT64_MAX);
	for (size_t i = 5; i < record->count; i += 2) {
		uint64_t series = number(record, i, UINT32_MAX);
		uint64_t lines = number(record, i + 1, UINT64_MAX);

		if (!record->wrong)
			col_logstate_count(chunk, series, lines);
	}
	chunk->ended = !record->wrong;
}

static void read_record(struct col_logstate *state, struct record *record)
{
	record->wrong = record->field[0].len != 1;
	switch (record->field[0].data[0]) {
	case 'F':
		read_file(state, record);
		break;
	case 'G':
		read_gone(state, record);
		break;
	case 'S':
		read_series(state, record);
		break;
	case 'B':
		read_begin(state, record);
		break;
	case 'E':
		read_end(state, record);
		break;
	default:
		record->wrong = true;
	}
}

int col_logstate_read(struct col_logstate *state, const char *data, size_t len)
{
	struct record *record = malloc(sizeof(*record));
	bool begun = false;

	if (record == NULL)
		abort();
	*state = (struct col_logstate){0};
	for (unsigned n = 0; len > 0 && n < RECORDS_MAX; n++) {
		const char *end = memchr(data, '\n', len);

		if (end == NULL || !split(record, data, (size_t)(end - data)))
			break;
		if (!begun) {
			if (record->field[0].len != strlen(MAGIC) ||
			    memcmp(record->field[0].data, MAGIC, strlen(MAGIC)) != 0)
				break;
			state->line = number(record, 1, UINT64_MAX);
			state->next = number(record, 2, UINT64_MAX - 1);
			state->next_file = (uint32_t)number(record, 3, UINT32_MAX - 1);
			begun = !record->wrong && record->count == 4 && state->line != 0;
			if (!begun)
				break;
		} else {
			read_record(state, record);
			if (record->wrong)
				break;
		}
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	free(record);
	if (!begun)
		col_logstate_clear(state);
	return begun ? 0 : SL_EMALFORMED;
}
