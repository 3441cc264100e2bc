/* SPDX-License-Identifier: Apache-2.0 */
#include "logread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "logline.h"

#define READ_BYTES  (64u * 1024u)
#define TURN_BYTES  (1024u * 1024u)
#define TURN_NS     (20 * SL_NS_PER_MS)
#define CHUNKS_MAX  16384 /* that the aggregator has not yet confirmed */
#define EVENTS_BITS 8     /* of a place: the event of its line */
#define EVENTS_MAX  ((1u << EVENTS_BITS) - 1)

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
	col_logread_position(
	    chunk->number, chunk->end.offset << EVENTS_BITS | EVENTS_MAX, position);
	if (sightline_push_position(col_core_collector(read->core), position, 0) == 0)
		read->told = chunk->number;
}

/* ---- lines ---------------------------------------------------------------------------
 */

/* The chunk that is being read; begun with its first line. */
struct chunk {
	struct col_logfile *file;
	struct col_logstate_chunk *record; /* NULL: not begun */
	int64_t mono_ns;
};

static void begin(struct col_logread *read, struct chunk *chunk)
{
	if (chunk->record != NULL)
		return;
	chunk->record = col_logstate_add_chunk(read->state);
	chunk->record->number = read->state->next++;
	chunk->record->file = chunk->file->number;
	chunk->record->begin = chunk->file->place;
	col_logstate_write_begin(chunk->record, &read->keep->pending);
}

static void match(
    struct col_logread *read, const struct col_logread_set *set, struct sl_slice line)
{
	for (size_t i = 0; i < set->count; i++) {
		struct col_logrule *rule = set->rule[i];
		enum col_logpattern_result result =
		    col_logpattern_match(rule->pattern, line);

		rule->matched = result == COL_LOGPATTERN_MATCH;
		if (result != COL_LOGPATTERN_LIMIT)
			continue;
		rule->limited++;
		read->figures->limited++;
		if (!rule->limited_said)
			sl_log_warn("pattern",
			    "gave up on a line, at match_limit: counted from now on "
			    "pattern=\"%s\" bytes=%zu",
			    rule->config->title, line.len);
		rule->limited_said = true;
	}
}

/* Makes the events of a line, without positions; returns how many. */
static size_t make_events(struct col_logread *read, const struct col_logread_set *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count && count < EVENTS_MAX; i++) {
		struct col_logrule *rule = set->rule[i];
		struct sl_buf *payload = &read->payload[count];

		if (!rule->matched || rule->event == NULL)
			continue;
		sl_buf_reset(payload);
		col_logrule_payload(rule, payload);
		read->event[count] = (struct sightline_event){.type = rule->event,
		    .position = (const unsigned char *)"0123456789abcdef",
		    .payload = payload->data,
		    .payload_bytes = payload->len};
		int rc = sightline_fits(
		    col_core_collector(read->core), &read->event[count], 1, 0);
		if (rc == 0 || rc == SIGHTLINE_EFULL)
			count++;
		else
			read->figures->refused++;
	}
	return count;
}

/* Whether all events of a line can be written; leaves out those that never can. */
static bool has_room(struct col_logread *read, size_t *count)
{
	while (*count > 0) {
		int rc = sightline_fits(
		    col_core_collector(read->core), read->event, *count, 0);

		if (rc != SIGHTLINE_ETOOBIG)
			return rc == 0;
		read->figures->refused++;
		--*count;
	}
	return true;
}

static void push_events(
    struct col_logread *read, struct chunk *chunk, size_t count, uint64_t end)
{
	for (size_t i = 0; i < count; i++) {
		unsigned char position[SIGHTLINE_POSITION_BYTES];

		chunk->record->last = end << EVENTS_BITS | i;
		col_logread_position(
		    chunk->record->number, chunk->record->last, position);
		read->event[i].position = position;
		/* It fits: that was asked before. */
		sightline_push_event(col_core_collector(read->core), &read->event[i], 0);
		read->figures->events++;
	}
}

/*
 * Takes one line, with all that it says or, where the ring has no room for it or
 * the state cannot be written, not at all: then false.
 */
static bool take_line(
    struct col_logread *read, struct chunk *chunk, const struct col_logline *line)
{
	const struct col_logread_set *set = &read->set[chunk->file->set];
	uint64_t end = chunk->file->place.offset + line->used;
	size_t events;

	if (line->skipped) {
		begin(read, chunk);
		return true;
	}
	match(read, set, line->text);
	events = make_events(read, set);
	if (!has_room(read, &events))
		return false;
	begin(read, chunk);
	/* What is in the ring must be in the state before. */
	if (events > 0 && col_logkeep_flush(read->keep) != 0)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (set->rule[i]->matched)
			col_logcount_add(read->count, read->state, chunk->record,
			    set->rule[i], chunk->mono_ns, &read->keep->pending);
	push_events(read, chunk, events, end);
	read->figures->lines++;
	read->figures->too_long += line->cut;
	return true;
}

static void end(struct col_logread *read, struct chunk *chunk)
{
	if (chunk->record == NULL)
		return;
	chunk->record->end = chunk->file->place;
	chunk->record->ended = true;
	col_logstate_write_end(chunk->record, &read->keep->pending);
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

/* Takes the lines of len bytes at the file's place. */
static enum col_logread_result take_lines(
    struct col_logread *read, struct col_logfile *file, size_t len, bool whole)
{
	struct chunk chunk = {.file = file, .mono_ns = sl_clock_mono_ns()};
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
	end(read, &chunk);
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
		read->follow->unreadable++;
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

enum col_logread_result col_logread_turn(struct col_logread *read)
{
	uint64_t until = read->figures->bytes + TURN_BYTES;
	int64_t until_ns = sl_clock_mono_ns() + TURN_NS;
	enum col_logread_result result = COL_LOGREAD_MORE;
	struct col_logfile *file;

	while (read->figures->bytes < until && sl_clock_mono_ns() < until_ns) {
		result = COL_LOGREAD_BLOCKED;
		if (read->state->chunk_count >= CHUNKS_MAX)
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
	tell_position(read);
	if (col_logkeep_flush(read->keep) != 0)
		result = COL_LOGREAD_BLOCKED;
	return result;
}
