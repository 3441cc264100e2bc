/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/journal_state.h"
#include "common/clock.h"
#include "common/crc32c.h"
#include "common/error.h"

#define KIND_MAX  32u
#define ORDER_MAX (16u * 1024u)

/* A tick goes through so much of an old segment: well under a millisecond. */
#define TICK_BUDGET (1024u * 1024u)

/* ---- sources ------------------------------------------------------------------ */

int agg_journal_source_find(
    struct agg_journal *journal, const char *name, size_t len, uint32_t *source)
{
	return agg_journal_sources_find(&journal->sources, name, len, source);
}

int agg_journal_source_get(
    const struct agg_journal *journal, uint32_t source, struct agg_journal_source *out)
{
	const struct agg_journal_known_source *known =
	    agg_journal_sources_at(&journal->sources, source);

	if (!known)
		return SL_EINVAL;
	*out = known->state;
	return 0;
}

int agg_journal_last(const struct agg_journal *journal, uint32_t source, uint64_t id,
    uint8_t position[AGG_JOURNAL_POSITION])
{
	const struct agg_journal_line *line =
	    agg_journal_sources_line(&journal->sources, source, id);

	if (!line)
		return SL_ENOTFOUND;
	memcpy(position, line->latest.position, AGG_JOURNAL_POSITION);
	return 0;
}

bool agg_journal_seen(const struct agg_journal *journal, uint32_t source, uint64_t id,
    const uint8_t position[AGG_JOURNAL_POSITION])
{
	const struct agg_journal_line *line =
	    agg_journal_sources_line(&journal->sources, source, id);

	return line && memcmp(position, line->latest.position, AGG_JOURNAL_POSITION) <= 0;
}

static uint64_t durable_place(const struct agg_journal *journal)
{
	/* Acquire: pairs with the release at the end of a sync. */
	return atomic_load_explicit(&journal->sync.durable, memory_order_acquire);
}

int agg_journal_durable(struct agg_journal *journal, uint32_t source, uint64_t line,
    uint8_t position[AGG_JOURNAL_POSITION])
{
	return agg_journal_sources_durable(
	    &journal->sources, source, line, durable_place(journal), position);
}

/* ---- appending ------------------------------------------------------------------ */

uint64_t agg_journal_next(const struct agg_journal *journal, enum sl_stream stream)
{
	return journal->windows[stream].next;
}

uint64_t agg_journal_control_next(const struct agg_journal *journal)
{
	return journal->orders.next;
}

/* Notes that the record at the end of the journal came from origin. */
static void source_moved(
    struct agg_journal *journal, const struct agg_journal_origin *origin, uint64_t end)
{
	struct agg_journal_known_source *known =
	    agg_journal_sources_at(&journal->sources, origin->source);

	known->state.segment_id = origin->segment_id;
	known->state.ring_position = origin->ring_position;
	known->state.events++;
	if (!origin->has_position)
		return;
	/* Acquire: pairs with the release at the begin of a sync. */
	uint64_t begun = atomic_load_explicit(&journal->sync.begun, memory_order_acquire);
	agg_journal_sources_moved(&journal->sources, origin->source, origin->line,
	    origin->position, end, begun, durable_place(journal));
}

static int check_append(const struct agg_journal *journal, enum sl_stream stream,
    size_t len, const struct agg_journal_origin *origin)
{
	if ((unsigned)stream >= SL_STREAM_COUNT || len == 0 || len > SL_ENTRY_MAX)
		return SL_EINVAL;
	if (!origin)
		return 0;
	if (!agg_journal_sources_at(&journal->sources, origin->source) ||
	    origin->segment_id == 0)
		return SL_EINVAL;
	if (origin->has_position &&
	    agg_journal_seen(journal, origin->source, origin->line, origin->position))
		return SL_EEXIST;
	return 0;
}

/* Writes the record of an entry; there is room.  Returns its place. */
static uint64_t put_entry(struct agg_journal *journal, enum sl_stream stream,
    struct sl_slice packed, const struct agg_journal_origin *origin, int64_t now_ns)
{
	struct agg_journal_from from = {0};
	struct agg_journal_head head = {.kind = AGG_JOURNAL_ENTRY,
	    .stream = (uint16_t)stream,
	    .source = AGG_JOURNAL_NO_SOURCE,
	    .seq = journal->windows[stream].next,
	    .time_ns = now_ns};

	if (origin) {
		head.source = origin->source;
		head.flags = AGG_JOURNAL_FROM;
		from.segment_id = origin->segment_id;
		from.ring_position = origin->ring_position;
		if (origin->has_position) {
			head.flags |= AGG_JOURNAL_PLACED;
			from.line = origin->line;
			memcpy(from.position, origin->position, sizeof from.position);
		}
	}
	return agg_journal_put(journal, &head, &from, &packed, 1);
}

int agg_journal_append(struct agg_journal *journal, enum sl_stream stream,
    const void *packed, size_t len, const struct agg_journal_origin *origin)
{
	int rc = check_append(journal, stream, len, origin);

	if (rc != 0)
		return rc;
	const struct agg_journal_known_source *known =
	    origin ? agg_journal_sources_at(&journal->sources, origin->source) : NULL;
	uint32_t size =
	    agg_journal_record_size(origin ? AGG_JOURNAL_FROM : 0, (uint32_t)len);
	uint32_t naming = known && !known->written
			      ? agg_journal_record_size(
				    0, sizeof(struct agg_journal_known) + known->name_len)
			      : 0;
	if (agg_journal_window_reserve(&journal->windows[stream]) != 0)
		return SL_EFULL;
	rc = agg_journal_make_room(journal, size + naming, stream == SL_STREAM_ALERTS);
	if (rc != 0)
		return rc;

	int64_t now_ns = sl_clock_wall_ns();
	if (naming != 0)
		agg_journal_put_source(journal, origin->source);
	struct agg_journal_slot slot = {
	    .size = size, .time_s = (uint32_t)(now_ns / SL_NS_PER_S)};
	slot.place =
	    put_entry(journal, stream, (struct sl_slice){packed, len}, origin, now_ns);
	agg_journal_window_push(&journal->windows[stream], &slot);
	agg_journal_segment_at(journal, slot.place)->live += size;
	if (origin)
		source_moved(journal, origin, slot.place + size);
	agg_journal_trim(journal, stream, now_ns);
	agg_journal_clean(journal, 2 * size);
	return 0;
}

int agg_journal_control(struct agg_journal *journal, struct sl_slice kind,
    struct sl_slice body, int64_t expires_ns, bool replace, uint64_t *seq)
{
	struct agg_journal_order order = {
	    expires_ns, (uint32_t)kind.len, (uint32_t)body.len};
	struct agg_journal_record record;

	if (kind.len == 0 || kind.len > KIND_MAX || body.len > ORDER_MAX ||
	    expires_ns < 0)
		return SL_EINVAL;
	uint32_t size =
	    agg_journal_record_size(0, (uint32_t)(sizeof order + kind.len + body.len));
	if (journal->orders.count >= AGG_JOURNAL_CONTROL_MAX ||
	    agg_journal_orders_reserve(&journal->orders) != 0)
		return SL_EFULL;
	int rc = agg_journal_make_room(journal, size, true);
	if (rc != 0)
		return rc;
	struct agg_journal_head head = {.kind = AGG_JOURNAL_CONTROL,
	    .flags = replace ? AGG_JOURNAL_REPLACE : 0,
	    .source = AGG_JOURNAL_NO_SOURCE,
	    .seq = journal->orders.next,
	    .time_ns = sl_clock_wall_ns()};
	struct sl_slice parts[] = {{(const char *)&order, sizeof order}, kind, body};
	uint64_t place = agg_journal_put(journal, &head, NULL, parts, 3);
	agg_journal_read_at(journal, place, &record);
	agg_journal_add_order(journal, place, &record);
	journal->orders.next++;
	if (seq)
		*seq = head.seq;
	return 0;
}

static void order_gone(void *arg, const struct agg_journal_order_slot *slot)
{
	agg_journal_segment_at(arg, slot->place)->live -= slot->size;
}

void agg_journal_add_order(
    struct agg_journal *journal, uint64_t place, const struct agg_journal_record *record)
{
	struct agg_journal_order order;
	struct sl_slice kind, body;

	if (agg_journal_record_order(record, &order, &kind, &body) != 0)
		return;
	struct agg_journal_order_slot slot = {.seq = record->head.seq,
	    .place = place,
	    .expires_ns = order.expires_ns,
	    .size = record->size,
	    .kind = sl_crc32c(0, kind.data, kind.len)};
	if (record->head.flags & AGG_JOURNAL_REPLACE)
		agg_journal_orders_replace(
		    &journal->orders, slot.kind, slot.seq, order_gone, journal);
	agg_journal_orders_put(&journal->orders, &slot);
	agg_journal_segment_at(journal, place)->live += slot.size;
}

/* ---- time ----------------------------------------------------------------------- */

void agg_journal_trim(struct agg_journal *journal, int stream, int64_t now_ns)
{
	struct agg_journal_window *window = &journal->windows[stream];
	struct agg_journal_slot slot;

	while (agg_journal_window_expire(
	    window, &journal->limits, now_ns / SL_NS_PER_S, &slot))
		agg_journal_segment_at(journal, slot.place)->live -= slot.size;
}

void agg_journal_tick(struct agg_journal *journal)
{
	int64_t now_ns = sl_clock_wall_ns();

	for (int stream = 0; stream < SL_STREAM_COUNT; stream++)
		agg_journal_trim(journal, stream, now_ns);
	agg_journal_orders_expire(&journal->orders, now_ns, order_gone, journal);
	agg_journal_clean(journal, TICK_BUDGET);
}

/* ---- reading ---------------------------------------------------------------------- */

uint64_t agg_journal_oldest(const struct agg_journal *journal, enum sl_stream stream)
{
	return journal->windows[stream].oldest;
}

int agg_journal_read(struct agg_journal *journal, enum sl_stream stream, uint64_t from,
    size_t max_bytes, agg_journal_entry_f entry, void *arg, uint64_t *next)
{
	struct agg_journal_record record;
	size_t bytes = 0;
	int rc = 0;

	if ((unsigned)stream >= SL_STREAM_COUNT)
		return SL_EINVAL;
	const struct agg_journal_window *window = &journal->windows[stream];
	if (from < window->oldest)
		return SL_EGAP;
	if (from > window->next)
		return SL_EINVAL;
	uint64_t seq = from;
	for (; seq < window->next && rc == 0; seq++) {
		agg_journal_read_at(
		    journal, agg_journal_window_at(window, seq)->place, &record);
		if (seq > from && bytes + record.body_len > max_bytes)
			break;
		bytes += record.body_len;
		rc = entry(arg, seq, record.body, record.body_len);
	}
	if (next)
		*next = seq;
	return rc;
}

int agg_journal_control_each(struct agg_journal *journal, uint64_t from,
    int (*entry)(void *arg, const struct agg_journal_control_entry *entry), void *arg)
{
	int64_t now_ns = sl_clock_wall_ns();
	int rc = 0;

	for (uint32_t i = 0; i < journal->orders.count && rc == 0; i++) {
		const struct agg_journal_order_slot *slot = &journal->orders.slots[i];
		struct agg_journal_control_entry out = {
		    .seq = slot->seq, .expires_ns = slot->expires_ns};
		struct agg_journal_order order;
		struct agg_journal_record record;
		if (slot->seq < from ||
		    (slot->expires_ns != 0 && slot->expires_ns <= now_ns))
			continue;
		agg_journal_read_at(journal, slot->place, &record);
		if (agg_journal_record_order(&record, &order, &out.kind, &out.body) == 0)
			rc = entry(arg, &out);
	}
	return rc;
}

/* ---- durability and health ----------------------------------------------------------
 */

void agg_journal_flush(struct agg_journal *journal)
{
	agg_journal_sync_hurry(&journal->sync);
}

int agg_journal_durable_fd(const struct agg_journal *journal)
{
	return journal->sync.event_fd;
}

bool agg_journal_all_durable(const struct agg_journal *journal)
{
	return durable_place(journal) ==
	       atomic_load_explicit(&journal->sync.appended, memory_order_relaxed);
}

uint64_t agg_journal_epoch(const struct agg_journal *journal)
{
	return journal->meta.epoch;
}

uint64_t agg_journal_aggregator(const struct agg_journal *journal)
{
	return journal->meta.aggregator;
}

void agg_journal_stats(struct agg_journal *journal, struct agg_journal_stats *out)
{
	memset(out, 0, sizeof *out);
	out->appended = journal->appended;
	out->appended_bytes = journal->appended_bytes;
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		out->kept[i] = journal->windows[i].next - journal->windows[i].oldest;
	out->control_kept = journal->orders.count;
	out->segments = journal->segment_count;
	out->full = journal->full;
	agg_journal_sync_stats(&journal->sync, out);
}
