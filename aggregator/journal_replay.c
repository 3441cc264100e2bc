/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_replay.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"

/*
 * Design notes.
 *
 * The records are taken in from the oldest segment on.  What a checkpoint says
 * of sources and next sequences is the same whether it is read once or twice.
 * Entries come in the order of their sequences but for copies, which stand
 * behind later ones: a copy within the window moves its slot there; copies of
 * entries whose original is gone are put aside and join the window at its
 * front in the end, as far as there is no hole.
 *
 * The directory is ours, but a disk may lie: every field of a record is checked
 * before it is used, and a record that makes no sense ends the prefix as one
 * with a wrong checksum does.
 */

/* No sequence gets so far; beyond it additions could overflow. */
#define SEQ_MAX (UINT64_MAX / 4)

/* Empties a window that goes on at a higher sequence than it had come to. */
static void restart_window(struct agg_journal *journal, int stream, uint64_t next)
{
	struct agg_journal_window *window = &journal->windows[stream];

	for (uint64_t seq = window->oldest; seq < window->next; seq++) {
		const struct agg_journal_slot *slot = agg_journal_window_at(window, seq);
		agg_journal_segment_at(journal, slot->place)->live -= slot->size;
	}
	agg_journal_window_clear(window);
	agg_journal_window_init(window, next);
}

static int take_begin(
    struct agg_journal_replay *r, const struct agg_journal_record *record)
{
	struct agg_journal_begin begin;

	if (record->body_len != sizeof begin)
		return SL_ECORRUPT;
	memcpy(&begin, record->body, sizeof begin);
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		if (begin.next[i] > SEQ_MAX)
			return SL_ECORRUPT;
	if (begin.control_next > SEQ_MAX)
		return SL_ECORRUPT;
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		if (begin.next[i] > r->journal->windows[i].next)
			restart_window(r->journal, i, begin.next[i]);
	if (begin.control_next > r->journal->orders.next)
		r->journal->orders.next = begin.control_next;
	r->journal->meta.aggregator = begin.aggregator;
	return 0;
}

static int take_source(
    struct agg_journal_replay *r, const struct agg_journal_record *record)
{
	struct agg_journal_known known;

	if (record->body_len <= sizeof known)
		return SL_ECORRUPT;
	memcpy(&known, record->body, sizeof known);
	struct agg_journal_source state = {
	    known.segment_id, known.ring_position, known.events};
	int rc = agg_journal_sources_restore(&r->journal->sources, record->head.source,
	    (const char *)record->body + sizeof known, record->body_len - sizeof known,
	    &state);
	return rc == SL_EINVAL ? SL_ECORRUPT : rc;
}

static int add_early(struct agg_journal_early_copies *early, uint64_t seq,
    const struct agg_journal_slot *slot)
{
	if (early->count == early->capacity) {
		size_t capacity = early->capacity ? early->capacity * 2 : 64;
		void *items = realloc(early->items, capacity * sizeof *early->items);
		if (!items)
			return SL_ENOMEM;
		early->items = items;
		early->capacity = capacity;
	}
	early->items[early->count++] = (struct agg_journal_early_copy){seq, *slot};
	return 0;
}

static int take_copy(struct agg_journal_replay *r,
    const struct agg_journal_record *record, const struct agg_journal_slot *slot)
{
	uint64_t seq = record->head.seq;
	struct agg_journal_window *window = &r->journal->windows[record->head.stream];

	if (seq >= window->next)
		return SL_ECORRUPT;
	struct agg_journal_slot *old = agg_journal_window_at(window, seq);
	if (!old)
		return add_early(&r->early[record->head.stream], seq, slot);
	if (old->size != slot->size)
		return SL_ECORRUPT;
	agg_journal_segment_at(r->journal, old->place)->live -= old->size;
	agg_journal_segment_at(r->journal, slot->place)->live += slot->size;
	*old = *slot;
	return 0;
}

/* Moves the source of an event as the append did. */
static int take_origin(
    struct agg_journal_replay *r, const struct agg_journal_record *record, uint64_t end)
{
	struct agg_journal_known_source *known =
	    agg_journal_sources_at(&r->journal->sources, record->head.source);

	if (!known || !known->written)
		return SL_ECORRUPT;
	known->state.segment_id = record->from.segment_id;
	known->state.ring_position = record->from.ring_position;
	known->state.events++;
	if (record->head.flags & AGG_JOURNAL_PLACED)
		agg_journal_sources_moved(&r->journal->sources, record->head.source,
		    record->from.line, record->from.position, end, 0, 0);
	return 0;
}

static int take_entry(
    struct agg_journal_replay *r, const struct agg_journal_record *record, uint64_t place)
{
	int stream = record->head.stream;
	struct agg_journal_slot slot = {
	    place, record->size, (uint32_t)(record->head.time_ns / SL_NS_PER_S)};

	if (stream >= SL_STREAM_COUNT || record->body_len == 0 || record->head.seq == 0)
		return SL_ECORRUPT;
	if (record->head.flags & AGG_JOURNAL_COPY)
		return take_copy(r, record, &slot);
	struct agg_journal_window *window = &r->journal->windows[stream];
	if (record->head.seq != window->next)
		return SL_ECORRUPT;
	if (record->head.flags & AGG_JOURNAL_FROM) {
		int rc = take_origin(r, record, place + record->size);
		if (rc != 0)
			return rc;
	}
	if (agg_journal_window_reserve(window) != 0)
		return SL_ENOMEM;
	agg_journal_window_push(window, &slot);
	agg_journal_segment_at(r->journal, place)->live += slot.size;
	agg_journal_trim(r->journal, stream, r->now_ns);
	r->entries++;
	return 0;
}

static int take_control(
    struct agg_journal_replay *r, const struct agg_journal_record *record, uint64_t place)
{
	struct agg_journal_orders *orders = &r->journal->orders;
	struct agg_journal_order order;
	struct sl_slice kind, body;

	if (record->head.seq == 0 || record->head.seq > SEQ_MAX ||
	    agg_journal_record_order(record, &order, &kind, &body) != 0)
		return SL_ECORRUPT;
	struct agg_journal_order_slot *old =
	    agg_journal_orders_find(orders, record->head.seq);
	if (old) {
		if (old->size != record->size)
			return SL_ECORRUPT;
		agg_journal_segment_at(r->journal, old->place)->live -= old->size;
		agg_journal_segment_at(r->journal, place)->live += record->size;
		old->place = place;
		return 0;
	}
	if (!(record->head.flags & AGG_JOURNAL_COPY) && record->head.seq < orders->next)
		return SL_ECORRUPT;
	if (agg_journal_orders_reserve(orders) != 0)
		return SL_ENOMEM;
	agg_journal_add_order(r->journal, place, record);
	if (record->head.seq >= orders->next)
		orders->next = record->head.seq + 1;
	return 0;
}

/* One handler per kind; anything but 0 and SL_ENOMEM ends the prefix here. */
static int take(
    struct agg_journal_replay *r, const struct agg_journal_record *record, uint64_t place)
{
	switch (record->head.kind) {
	case AGG_JOURNAL_BEGIN:
		return take_begin(r, record);
	case AGG_JOURNAL_SOURCE:
		return take_source(r, record);
	case AGG_JOURNAL_LINE:
		if (!agg_journal_sources_at(&r->journal->sources, record->head.source))
			return SL_ECORRUPT;
		agg_journal_sources_moved(&r->journal->sources, record->head.source,
		    record->from.line, record->from.position, place + record->size, 0, 0);
		return 0;
	case AGG_JOURNAL_READY:
		r->ready = true;
		return 0;
	case AGG_JOURNAL_ENTRY:
		return r->ready ? take_entry(r, record, place) : SL_ECORRUPT;
	case AGG_JOURNAL_CONTROL:
		return r->ready ? take_control(r, record, place) : SL_ECORRUPT;
	case AGG_JOURNAL_SEAL:
		if (!r->ready || record->head.seq != (place >> 32) + 1)
			return SL_ECORRUPT;
		r->sealed_to = (uint32_t)record->head.seq;
		return 0;
	default:
		return SL_ECORRUPT;
	}
}

int agg_journal_replay_segment(
    struct agg_journal_replay *r, struct agg_journal_segment *segment)
{
	struct agg_journal_record record;
	int rc = 0;

	r->sealed_to = 0;
	r->ready = false;
	while (r->sealed_to == 0) {
		rc = agg_journal_record_read(
		    segment->base, segment->size, segment->salt, segment->end, &record);
		if (rc == 0)
			rc = take(
			    r, &record, AGG_JOURNAL_PLACE(segment->number, segment->end));
		if (rc != 0)
			break;
		segment->end += record.size;
	}
	if (rc == SL_ENOMEM)
		return rc;
	if (rc != 0 && rc != SL_ENOTFOUND)
		r->damage = "a record is damaged";
	/* Without a complete checkpoint there is nothing else in it: begun anew. */
	if (!r->ready)
		segment->end = AGG_JOURNAL_HEADER_SIZE;
	return 0;
}

static int by_sequence(const void *a, const void *b)
{
	const struct agg_journal_early_copy *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? 1 : -1;
	return x->slot.place < y->slot.place ? 1 : -1;
}

/* Joins the copies whose originals are gone to the front of their window. */
static int join_early(struct agg_journal_replay *r, int stream)
{
	struct agg_journal_window *window = &r->journal->windows[stream];
	struct agg_journal_early_copies *early = &r->early[stream];

	if (early->count > 0)
		qsort(early->items, early->count, sizeof *early->items, by_sequence);
	for (size_t i = 0; i < early->count; i++) {
		const struct agg_journal_early_copy *copy = &early->items[i];
		if (copy->seq >= window->oldest)
			continue; /* an older copy of the same */
		if (copy->seq + 1 != window->oldest)
			break;
		if (agg_journal_window_reserve(window) != 0)
			return SL_ENOMEM;
		agg_journal_window_prepend(window, &copy->slot);
		agg_journal_segment_at(r->journal, copy->slot.place)->live +=
		    copy->slot.size;
	}
	agg_journal_trim(r->journal, stream, r->now_ns);
	return 0;
}

int agg_journal_replay_end(struct agg_journal_replay *r)
{
	int rc = 0;

	for (int i = 0; i < SL_STREAM_COUNT; i++) {
		if (rc == 0)
			rc = join_early(r, i);
		free(r->early[i].items);
		r->early[i] = (struct agg_journal_early_copies){0};
	}
	return rc;
}
