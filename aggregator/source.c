/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "common/clock.h"
#include "common/log.h"

#define COMPLAIN_NS (10 * SL_NS_PER_S)

static const char *const state_names[] = {
#define X(id, text) [id] = text,
    AGG_SOURCE_STATE_TABLE(X)
#undef X
};

const char *agg_source_state_name(enum agg_source_state state)
{
	return state_names[state];
}

void agg_source_release(struct agg_source *source, struct agg_table *table)
{
	struct sl_ring_drops drops;

	/* What a corrupt ring says of itself is no count. */
	if (!source->consumer.ring.corrupt) {
		sl_ring_get_drops(&source->consumer.ring, &drops);
		source->ring.dropped = drops.samples + drops.events;
	}
	source->ring.tail = sl_ring_tail(&source->consumer.ring);
	if (source->last_mono_ns)
		source->ring.seen_ns =
		    sl_clock_wall_ns() - (sl_clock_mono_ns() - source->last_mono_ns);
	agg_table_ring_set(table, source->table_slot, &source->ring);
	sl_ring_release(&source->consumer.ring);
}

uint64_t agg_source_dropped(const struct agg_source *source)
{
	return source->ring.dropped_before + source->ring.dropped;
}

void agg_source_check_drops(struct agg_source *source, int64_t mono_ns)
{
	uint64_t dropped = agg_source_dropped(source);

	if (dropped == source->overflow_dropped ||
	    (source->overflow_mono_ns &&
		mono_ns - source->overflow_mono_ns < COMPLAIN_NS))
		return;
	sl_log_warn("ingest",
	    "throttled source=%s reason=\"it writes faster than its turns take\" "
	    "dropped=%llu",
	    source->name, (unsigned long long)(dropped - source->overflow_dropped));
	source->overflow_dropped = dropped;
	source->overflow_mono_ns = mono_ns;
}

uint64_t agg_source_received(const struct agg_source *source)
{
	return source->ring.received_before + source->ring.received +
	       source->ahead_received;
}

uint64_t agg_source_refused(const struct agg_source *source)
{
	return source->ring.refused + source->ahead_refused;
}

void agg_source_refuse(struct agg_source *source, uint64_t n, const char *what,
    struct sl_slice name, const char *why, int64_t mono_ns)
{
	source->ring.refused += n;
	if (source->complained_mono_ns &&
	    mono_ns - source->complained_mono_ns < COMPLAIN_NS)
		return;
	sl_log_warn("ingest",
	    "refused source=%s what=%s name=\"%.*s\" reason=\"%s\" count=%llu",
	    source->name, what, (int)name.len, name.data, why,
	    (unsigned long long)(agg_source_refused(source) -
				 source->complained_refused));
	source->complained_mono_ns = mono_ns;
	source->complained_refused = agg_source_refused(source);
}
