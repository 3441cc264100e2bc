/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/journal_state.h"
#include "common/error.h"
#include "common/log.h"

/*
 * Design notes.
 *
 * A segment that is full is sealed: its last record names the next one, which
 * then begins with a checkpoint.  A kill between the two leaves a sealed
 * segment and one without READY; opening writes the checkpoint again.
 *
 * What is old goes from the front.  A log with few entries (alerts) would hold
 * on to segments that a flood in another log has filled, so the needed records
 * of the oldest segment are copied to the end (AGG_JOURNAL_COPY, same sequence
 * and time) once they are a quarter of it or less, or once there are more
 * segments than twice what the windows may hold: the disk space is bounded and
 * no entry leaves its window early.  The old segment's file goes only after the
 * copies are on the disk.
 */

int agg_journal_push_segment(
    struct agg_journal *journal, struct agg_journal_segment *segment)
{
	if (journal->segment_count == journal->segment_capacity) {
		uint32_t capacity = journal->segment_capacity * 2 + 8;
		void *segments =
		    realloc(journal->segments, capacity * sizeof *journal->segments);
		if (!segments)
			return SL_ENOMEM;
		journal->segments = segments;
		journal->segment_capacity = capacity;
	}
	journal->segments[journal->segment_count++] = segment;
	return 0;
}

uint64_t agg_journal_put(struct agg_journal *journal, const struct agg_journal_head *head,
    const struct agg_journal_from *from, const struct sl_slice *parts, int part_count)
{
	struct agg_journal_segment *active = agg_journal_active(journal);
	uint64_t place = AGG_JOURNAL_PLACE(active->number, active->end);
	uint32_t size = agg_journal_record_write(
	    active->base, active->salt, active->end, head, from, parts, part_count);

	active->end += size;
	assert(active->end <= active->size);
	journal->appended++;
	journal->appended_bytes += size;
	agg_journal_sync_publish(
	    &journal->sync, AGG_JOURNAL_PLACE(active->number, active->end));
	return place;
}

void agg_journal_put_source(struct agg_journal *journal, uint32_t number)
{
	struct agg_journal_known_source *source = journal->sources.items[number];
	struct agg_journal_known state = {
	    source->state.segment_id, source->state.ring_position, source->state.events};
	struct agg_journal_head head = {.kind = AGG_JOURNAL_SOURCE, .source = number};
	struct sl_slice parts[] = {
	    {(const char *)&state, sizeof state}, {source->name, source->name_len}};

	agg_journal_put(journal, &head, NULL, parts, 2);
	source->written = true;
}

static void put_lines(struct agg_journal *journal, uint32_t number)
{
	const struct agg_journal_known_source *source = journal->sources.items[number];
	struct agg_journal_head head = {
	    .kind = AGG_JOURNAL_LINE, .flags = AGG_JOURNAL_FROM, .source = number};

	for (uint32_t i = 0; i < source->line_count; i++) {
		const struct agg_journal_line *line = &source->lines[i];
		struct agg_journal_from from = {.line = line->id};
		memcpy(from.position, line->latest.position, sizeof from.position);
		agg_journal_put(journal, &head, &from, NULL, 0);
	}
}

void agg_journal_put_checkpoint(struct agg_journal *journal)
{
	struct agg_journal_head head = {.kind = AGG_JOURNAL_BEGIN};
	struct agg_journal_begin begin = {
	    .aggregator = journal->meta.aggregator, .control_next = journal->orders.next};
	struct sl_slice part = {(const char *)&begin, sizeof begin};

	for (int i = 0; i < SL_STREAM_COUNT; i++)
		begin.next[i] = journal->windows[i].next;
	agg_journal_put(journal, &head, NULL, &part, 1);
	for (uint32_t i = 0; i < AGG_JOURNAL_SOURCES_MAX; i++)
		if (journal->sources.items[i]) {
			agg_journal_put_source(journal, i);
			put_lines(journal, i);
		}
	head.kind = AGG_JOURNAL_READY;
	agg_journal_put(journal, &head, NULL, NULL, 0);
}

/* Goes on in the segment that the writer thread has made ahead, if it has. */
static int rotate(struct agg_journal *journal)
{
	struct agg_journal_segment *segment = agg_journal_sync_take(&journal->sync);

	if (!segment)
		return SL_EFULL;
	struct agg_journal_head head = {.kind = AGG_JOURNAL_SEAL, .seq = segment->number};
	agg_journal_put(journal, &head, NULL, NULL, 0);
	if (agg_journal_push_segment(journal, segment) != 0)
		abort(); /* a few bytes: the process could not go on anyway */
	agg_journal_put_checkpoint(journal);
	return 0;
}

static bool has_room(const struct agg_journal *journal, uint32_t bytes, bool urgent)
{
	const struct agg_journal_segment *active = agg_journal_active(journal);
	uint32_t spare = AGG_JOURNAL_SEAL_SIZE + (urgent ? 0 : AGG_JOURNAL_RESERVE);

	return active->size - active->end >= bytes + spare;
}

int agg_journal_make_room(struct agg_journal *journal, uint32_t bytes, bool urgent)
{
	bool room = has_room(journal, bytes, false) ||
		    (rotate(journal) == 0 && has_room(journal, bytes, urgent)) ||
		    (urgent && has_room(journal, bytes, true));

	if (!room && !journal->full)
		sl_log_debug("journal", "full, events wait in their rings dir=\"%s\"",
		    journal->path);
	else if (room && journal->full && !urgent)
		sl_log_debug("journal", "goes on dir=\"%s\"", journal->path);
	if (!room)
		journal->full = true;
	else if (!urgent)
		journal->full = false;
	return room ? 0 : SL_EFULL;
}

void agg_journal_read_at(
    const struct agg_journal *journal, uint64_t place, struct agg_journal_record *record)
{
	const struct agg_journal_segment *segment =
	    agg_journal_segment_at(journal, place);
	uint32_t offset = (uint32_t)place;

	agg_journal_record_view(segment->base, offset, record);
}

/* ---- cleaning ------------------------------------------------------------------- */

static void drop_oldest(struct agg_journal *journal)
{
	struct agg_journal_segment *oldest = journal->segments[0];
	const struct agg_journal_segment *active = agg_journal_active(journal);

	journal->segment_count--;
	memmove(journal->segments, journal->segments + 1,
	    journal->segment_count * sizeof *journal->segments);
	journal->clean_offset = AGG_JOURNAL_HEADER_SIZE;
	agg_journal_sync_retire(
	    &journal->sync, oldest, AGG_JOURNAL_PLACE(active->number, active->end));
}

/* Where an index points for the record, if it points at this very place. */
static uint64_t *pointer_to(const struct agg_journal *journal,
    const struct agg_journal_record *record, uint64_t place)
{
	uint64_t *at = NULL;

	if (record->head.kind == AGG_JOURNAL_ENTRY) {
		struct agg_journal_slot *slot = agg_journal_window_at(
		    &journal->windows[record->head.stream], record->head.seq);
		at = slot ? &slot->place : NULL;
	} else if (record->head.kind == AGG_JOURNAL_CONTROL) {
		struct agg_journal_order_slot *slot =
		    agg_journal_orders_find(&journal->orders, record->head.seq);
		at = slot ? &slot->place : NULL;
	}
	return at && *at == place ? at : NULL;
}

/*
 * Copies a needed record to the end.  It keeps its size, so that the sums of
 * sizes stay: the origin, which must not count again, becomes zeroes.
 */
static int copy_forward(
    struct agg_journal *journal, const struct agg_journal_record *record, uint64_t *at)
{
	static const struct agg_journal_from nowhere;
	struct agg_journal_head head = record->head;
	struct sl_slice part = {(const char *)record->body, record->body_len};

	if (agg_journal_make_room(journal, record->size, false) != 0)
		return SL_EFULL;
	head.source = AGG_JOURNAL_NO_SOURCE;
	head.flags &= (uint8_t)~AGG_JOURNAL_PLACED;
	head.flags |= AGG_JOURNAL_COPY;
	uint64_t place = agg_journal_put(journal, &head, &nowhere, &part, 1);
	agg_journal_segment_at(journal, *at)->live -= record->size;
	agg_journal_segment_at(journal, place)->live += record->size;
	*at = place;
	return 0;
}

/* Is the oldest segment worth going through? */
static bool wants_cleaning(const struct agg_journal *journal)
{
	if (journal->segment_count < 2)
		return false;
	const struct agg_journal_segment *oldest = journal->segments[0];
	return oldest->live * 4 <= oldest->size ||
	       journal->segment_count > journal->segment_cap;
}

void agg_journal_clean(struct agg_journal *journal, uint32_t budget)
{
	struct agg_journal_record record;

	while (wants_cleaning(journal)) {
		struct agg_journal_segment *oldest = journal->segments[0];
		if (oldest->live == 0) {
			drop_oldest(journal);
			continue;
		}
		uint32_t offset = journal->clean_offset;
		assert(offset < oldest->end);
		uint64_t place = AGG_JOURNAL_PLACE(oldest->number, offset);
		agg_journal_read_at(journal, place, &record);
		uint64_t *at = pointer_to(journal, &record, place);
		if (at && copy_forward(journal, &record, at) != 0)
			return;
		journal->clean_offset = offset + record.size;
		if (budget <= record.size)
			return;
		budget -= record.size;
	}
}
