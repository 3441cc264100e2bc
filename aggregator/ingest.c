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
 *
 * A source that floods waits in its own ring.  As long as it is the only one it
 * may write what it can; beside others it gets SHARED_EVENTS_PER_S at most, so
 * that theirs do not stand behind a heap of its own in every queue up to the
 * clients.  While the gateways do not keep up each source gets
 * CROWDED_EVENTS_PER_S; else the flood would push everybody's events out of the
 * replay window before any gateway had read them.
 */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"

#define COMPLAIN_NS          (10 * SL_NS_PER_S)
#define SHARED_EVENTS_PER_S  25000
#define CROWDED_EVENTS_PER_S 1000
#define BURST_EVENTS         1000

/* Counts refused records; says so at once and then every ten seconds. */
static void refuse(struct agg_source *source, uint64_t n, const char *what,
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

static void remember_handle(
    struct agg_source *source, uint32_t handle, struct agg_series *series)
{
	if (handle >= source->series_cap) {
		size_t cap = source->series_cap ? source->series_cap * 2 : 256;
		while (cap <= handle)
			cap *= 2;
		struct agg_series **list = realloc(source->series, cap * sizeof *list);
		if (!list)
			abort();
		source->series = list;
		source->series_cap = cap;
	}
	while (source->series_count <= handle)
		source->series[source->series_count++] = NULL;
	source->series[handle] = series;
}

static void define(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_dict_def *def, int64_t mono_ns)
{
	struct agg_label items[SL_DICT_LABELS_MAX];
	struct agg_labels labels = {.items = items, .count = def->label_count};
	struct agg_series *series = NULL;
	const char *why = NULL;
	int error;

	for (size_t i = 0; i < def->label_count; i++)
		items[i] = (struct agg_label){
		    .name = def->labels[i].key, .value = def->labels[i].value};
	agg_labels_sort(items, def->label_count);
	const struct sl_catalog_metric *metric =
	    sl_catalog_metric(ingest->catalog, NULL, def->name.data, def->name.len);
	if (def->handle >= source->rights.series_max)
		why = "the source has too many series";
	else if (!metric || metric->expr)
		why = "the catalog declares no metric of this name that sources feed";
	else if (!(metric->module->bit & source->rights.modules))
		why = "the source may not write its module";
	else if ((error = agg_state_open(ingest->state, source->tenant, source->name,
		      def->name, &labels, source->rights.stale_after_ns, &series)) != 0)
		why = error == SL_EFULL ? "the tenant has too many series"
					: sl_strerror(error);
	if (why)
		refuse(source, 0, "definition", def->name, why, mono_ns);
	remember_handle(source, def->handle, series);
}

/* Reads definitions until handle is known; false if the turn's share is used up first. */
static bool learn(struct agg_ingest *ingest, struct agg_source *source, uint32_t handle,
    int64_t mono_ns)
{
	struct sl_dict_reader *dict = &source->consumer.dict;
	struct sl_dict_def def;

	while (dict->next <= handle) {
		if (ingest->defs_left == 0)
			return false;
		ingest->defs_left--;
		int error = sl_dict_read(dict, &def);
		if (error == SL_EINVAL) {
			refuse(source, 0, "definition", (struct sl_slice){.data = ""},
			    dict->reason, mono_ns);
			remember_handle(source, dict->next - 1, NULL);
		} else if (error != 0) {
			return true; /* no such handle: the sample is refused */
		} else {
			define(ingest, source, &def, mono_ns);
		}
	}
	return true;
}

static struct agg_series *series_of(const struct agg_source *source, uint32_t handle)
{
	return handle < source->series_count ? source->series[handle] : NULL;
}

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
		struct agg_series *series = series_of(source, sample[i].metric);
		if (!series && sample[i].metric >= source->series_count) {
			if (!learn(ingest, source, sample[i].metric, mono_ns))
				return i;
			series = series_of(source, sample[i].metric);
		}
		if (!series || sample[i].time_ns > latest_ns) {
			refuse(source, 1, "sample", (struct sl_slice){.data = ""},
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

static int64_t lower_limit(int64_t limit, int64_t other)
{
	return limit == 0 || limit > other ? other : limit;
}

/* Events per second that the source gets now; 0: as many as it has. */
static int64_t event_limit(
    const struct agg_ingest *ingest, const struct agg_source *source, const char **why)
{
	int64_t limit = source->rights.events_per_second;

	*why = "it is over event_rate_limit";
	if (ingest->shared && lower_limit(limit, SHARED_EVENTS_PER_S) != limit) {
		limit = SHARED_EVENTS_PER_S;
		*why = "it is not alone";
	}
	if (ingest->crowded && lower_limit(limit, CROWDED_EVENTS_PER_S) != limit) {
		limit = CROWDED_EVENTS_PER_S;
		*why = "the gateways are behind";
	}
	return limit;
}

/* What may come at once: a long burst is a long wait for everybody else. */
static double event_burst(int64_t limit)
{
	if (limit <= BURST_EVENTS)
		return (double)limit;
	return limit / 20 > BURST_EVENTS ? (double)(limit / 20) : BURST_EVENTS;
}

/* True if the source may publish one more event now. */
static bool within_rate(
    const struct agg_ingest *ingest, struct agg_source *source, int64_t mono_ns)
{
	const char *why;
	int64_t limit = event_limit(ingest, source, &why);
	int64_t elapsed_ns = mono_ns - source->event_tokens_mono_ns;

	if (limit == 0)
		return true;
	source->event_tokens += (double)elapsed_ns / (double)SL_NS_PER_S * (double)limit;
	source->event_tokens_mono_ns = mono_ns;
	if (source->event_tokens > event_burst(limit))
		source->event_tokens = event_burst(limit);
	if (source->event_tokens >= 1.0)
		return true;
	if (!source->limited_mono_ns || mono_ns - source->limited_mono_ns > COMPLAIN_NS) {
		sl_log_warn("ingest",
		    "throttled source=%s reason=\"%s\" events_per_s=%lld", source->name,
		    why, (long long)limit);
		source->limited_mono_ns = mono_ns;
	}
	return false;
}

/* Journals one event; 0, or SL_EAGAIN if it has to stay in its ring for now. */
static int take_event(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_ring_event *event, int64_t wall_ns, int64_t mono_ns)
{
	struct agg_event_origin from = {
	    .catalog = ingest->catalog,
	    .tenant = source->rights.tenant,
	    .source = source->name,
	    .modules = source->rights.modules,
	    .now_ns = wall_ns,
	};
	struct agg_journal_origin origin = {
	    .source = source->journal_source,
	    .segment_id = source->consumer.segment.id,
	    .ring_position = sl_ring_tail(&source->consumer.ring),
	    .has_position = event->has_position,
	    .line = source->hello.line,
	};
	const struct sl_catalog_event *type;
	enum agg_event_refusal refusal;

	if (event->has_position)
		memcpy(origin.position, event->position, sizeof origin.position);
	bool journaled = origin.ring_position <= source->journaled_tail;
	if (!journaled && event->has_position &&
	    agg_journal_seen(
		ingest->journal, origin.source, origin.line, origin.position)) {
		source->ring.ignored++;
		return 0;
	}
	refusal = agg_event_check(&from, event, &type);
	if (refusal != AGG_EVENT_OK) {
		refuse(source, 1, "event", event->type, agg_event_refusal_text(refusal),
		    mono_ns);
		return 0;
	}
	if (journaled) {
		source->ring.received++; /* the table's count ends where its tail does */
		return 0;
	}
	if (!within_rate(ingest, source, mono_ns))
		return SL_EAGAIN;
	sl_buf_reset(&ingest->packed);
	agg_event_pack(&from, event, type,
	    agg_journal_next(ingest->journal, type->priority), &ingest->body,
	    &ingest->packed);
	int error = agg_journal_append(ingest->journal, type->priority,
	    ingest->packed.data, ingest->packed.len, &origin);
	if (error == SL_EFULL)
		return SL_EAGAIN;
	if (error != 0) {
		refuse(source, 1, "event", event->type, sl_strerror(error), mono_ns);
		return 0;
	}
	if (source->event_tokens >= 1.0)
		source->event_tokens -= 1.0;
	source->ring.received++;
	ingest->published(
	    ingest->arg, type->priority, ingest->packed.data, ingest->packed.len);
	return 0;
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
	    take_event(ingest, source, &record.event, wall_ns, mono_ns) != 0) {
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
