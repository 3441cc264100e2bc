/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draining of rings.
 *
 * A turn is bounded in samples, events, bytes and definitions, so that a flooding
 * source costs the others its turn and no more.  An event is in the journal,
 * with the ring position behind it, before the tail moves past it.  After a
 * restart reading goes on at the tail in the table, which may lie before events
 * that are in the journal: those are passed over, the samples between them are not.
 *
 * While an event cannot be journaled (no space, or the source is over its rate)
 * the ring's reader stays before it, and a second reader goes ahead and takes
 * the samples behind it: metrics go on.  When the event could be taken, samples
 * up to where the second reader came are passed over.
 */
#include <string.h>

#include "common/error.h"
#include "define.h"
#include "intake.h"
#include "source.h"

/*
 * Feeds samples into the state and returns how many; fewer than count if a
 * definition has to wait for the next turn.
 */
static size_t feed(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_ring_sample *sample, size_t count, int64_t wall_ns, int64_t mono_ns)
{
	struct agg_series_list *dirty = agg_state_dirty(ingest->state);
	int64_t latest_ns = wall_ns + AGG_EVENT_FUTURE_NS;

	for (size_t i = 0; i < count; i++) {
		struct agg_series *series = agg_define_series(source, sample[i].metric);
		if (!series && sample[i].metric >= source->series_count) {
			if (!agg_define_learn(ingest, source, sample[i].metric, mono_ns))
				return i;
			series = agg_define_series(source, sample[i].metric);
		}
		if (!series || sample[i].time_ns > latest_ns) {
			agg_source_refuse(source, 1, "sample",
			    (struct sl_slice){.data = ""},
			    series ? "its time is more than 5 s ahead"
				   : "its series was never defined or was refused",
			    mono_ns);
			continue;
		}
		agg_state_feed(dirty, series, sample[i].value, sample[i].time_ns,
		    latest_ns, mono_ns);
	}
	return count;
}

/*
 * Takes a run of samples from reader.  Returns how many, or -1 if the turn is
 * over because definitions have to wait; the reader then stands before the
 * first sample not taken.
 */
static int take_samples(struct agg_ingest *ingest, struct agg_source *source,
    struct sl_ring_reader *reader, size_t max, int64_t wall_ns, int64_t mono_ns)
{
	uint64_t before = sl_ring_tail(reader);
	size_t n = sl_ring_read_samples(reader, ingest->samples, max);

	if (n == 0)
		return 0;
	uint64_t refused = source->ring.refused;
	source->last_mono_ns = mono_ns;
	size_t fed = ingest->paused
			 ? n
			 : feed(ingest, source, ingest->samples, n, wall_ns, mono_ns);
	refused = source->ring.refused - refused;
	if (reader == &source->ahead) {
		source->ring.refused -= refused;
		source->ahead_refused += refused;
		source->ahead_received += fed - refused;
	} else {
		source->ring.received += fed - refused;
	}
	if (fed == n)
		return (int)n;
	sl_ring_seek(reader, before + fed * sizeof *ingest->samples);
	return -1;
}

/* Goes on with the samples behind an event that has to wait. */
static void go_ahead(struct agg_ingest *ingest, struct agg_source *source,
    int64_t wall_ns, int64_t mono_ns)
{
	struct sl_ring_reader *ahead = &source->ahead;
	uint64_t begin = sl_ring_tail(ahead);
	struct sl_ring_record record;
	size_t samples = 0;

	for (unsigned n = 0; n < AGG_INGEST_EVENTS && samples < AGG_INGEST_SAMPLES &&
			     sl_ring_tail(ahead) - begin < AGG_INGEST_BYTES;
	     n++) {
		uint64_t before;
		int got = take_samples(ingest, source, ahead,
		    AGG_INGEST_SAMPLES - samples, wall_ns, mono_ns);
		if (got < 0)
			return;
		samples += (size_t)got;
		if (got > 0)
			continue;
		before = sl_ring_tail(ahead);
		if (sl_ring_read(ahead, &record, ingest->record) != 0)
			return; /* a corrupt ring shows when the reader itself comes there
				 */
		if (record.type == SL_RING_SAMPLE)
			sl_ring_seek(ahead, before); /* written since: the next run */
	}
}

static void block(struct agg_source *source, uint64_t event_at)
{
	if (!source->blocked)
		source->ahead = source->consumer.ring;
	source->blocked = true;
	sl_ring_seek(&source->consumer.ring, event_at);
}

/* Lets the samples that go_ahead took already be passed over. */
static bool taken_ahead(const struct agg_source *source)
{
	return source->blocked &&
	       sl_ring_tail(&source->consumer.ring) < sl_ring_tail(&source->ahead);
}

/*
 * Counts a sample that was taken ahead.  Which were refused is not known any
 * more, but their number is: all that is counted is right once all are passed.
 */
static void pass_ahead(struct agg_source *source)
{
	if (source->ahead_received > 0) {
		source->ahead_received--;
		source->ring.received++;
	} else if (source->ahead_refused > 0) {
		source->ahead_refused--;
		source->ring.refused++;
	}
}

/*
 * Takes one record that is not a run of samples, or a sample that was taken
 * ahead.  0, or what ends the turn.
 */
static int take_record(struct agg_ingest *ingest, struct agg_source *source,
    int64_t wall_ns, int64_t mono_ns)
{
	struct sl_ring_reader *ring = &source->consumer.ring;
	uint64_t before = sl_ring_tail(ring);
	bool ahead = taken_ahead(source);
	struct sl_ring_record record;
	int error = sl_ring_read(ring, &record, ingest->record);

	if (error != 0)
		return error;
	source->last_mono_ns = mono_ns;
	if (record.type == SL_RING_SAMPLE) {
		/* One that was not there a moment ago is left to take_samples. */
		if (ahead)
			pass_ahead(source);
		else
			sl_ring_seek(ring, before);
		return 0;
	}
	if (record.type == SL_RING_EVENT &&
	    agg_intake_event(ingest, source, &record.event, wall_ns, mono_ns) != 0) {
		block(source, before);
		return SL_EFULL;
	}
	if (record.type == SL_RING_POSITION) {
		memcpy(
		    source->bare_position, record.position, sizeof source->bare_position);
		source->has_bare_position = true;
	}
	return 0;
}

enum agg_ingest_result agg_ingest_turn(struct agg_ingest *ingest,
    struct agg_source *source, int64_t wall_ns, int64_t mono_ns)
{
	struct sl_ring_reader *ring = &source->consumer.ring;
	uint64_t begin = sl_ring_tail(ring);
	size_t samples = 0;
	unsigned records = 0;

	ingest->defs_left = AGG_INGEST_DEFS;
	while (samples < AGG_INGEST_SAMPLES && records < AGG_INGEST_EVENTS &&
	       sl_ring_tail(ring) - begin < AGG_INGEST_BYTES) {
		int error;
		if (!taken_ahead(source)) {
			source->blocked = false;
			int got = take_samples(ingest, source, ring,
			    AGG_INGEST_SAMPLES - samples, wall_ns, mono_ns);
			if (got < 0)
				return AGG_INGEST_MORE;
			samples += (size_t)got;
			if (got > 0)
				continue;
		}
		records++;
		error = take_record(ingest, source, wall_ns, mono_ns);
		if (error == SL_EAGAIN)
			return AGG_INGEST_EMPTY;
		if (error == SL_EFULL) {
			go_ahead(ingest, source, wall_ns, mono_ns);
			return AGG_INGEST_BLOCKED;
		}
		if (error != 0)
			return AGG_INGEST_CORRUPT;
	}
	return AGG_INGEST_MORE;
}
