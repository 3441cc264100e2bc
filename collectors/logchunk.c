/* SPDX-License-Identifier: Apache-2.0 */
#include "logchunk.h"

#include "log.h"

void col_logchunk_begin(struct col_logread *read, struct col_logchunk *chunk)
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

	for (size_t i = 0; i < set->count && count < COL_LOGCHUNK_EVENTS; i++) {
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
    struct col_logread *read, struct col_logchunk *chunk, size_t count, uint64_t end)
{
	for (size_t i = 0; i < count; i++) {
		unsigned char position[SIGHTLINE_POSITION_BYTES];

		chunk->record->last = end << COL_LOGCHUNK_BITS | i;
		col_logread_position(
		    chunk->record->number, chunk->record->last, position);
		read->event[i].position = position;
		/* It fits: that was asked before. */
		sightline_push_event(col_core_collector(read->core), &read->event[i], 0);
		read->figures->events++;
	}
}

bool col_logchunk_line(struct col_logread *read, struct col_logchunk *chunk,
    struct sl_slice line, uint64_t end)
{
	const struct col_logread_set *set = &read->set[chunk->file->set];
	size_t events;

	match(read, set, line);
	events = make_events(read, set);
	if (!has_room(read, &events))
		return false;
	col_logchunk_begin(read, chunk);
	/* What is in the ring must be in the state before. */
	if (events > 0 && col_logkeep_flush(read->keep) != 0)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (set->rule[i]->matched)
			col_logcount_add(read->count, read->state, chunk->record,
			    set->rule[i], chunk->mono_ns, &read->keep->pending);
	push_events(read, chunk, events, end);
	read->figures->lines++;
	return true;
}

void col_logchunk_end(struct col_logread *read, struct col_logchunk *chunk)
{
	if (chunk->record == NULL)
		return;
	chunk->record->end = chunk->file->place;
	chunk->record->ended = true;
	col_logstate_write_end(chunk->record, &read->keep->pending);
}
