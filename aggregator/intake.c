/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two limits.  That of the source makes its events wait in its own ring: nothing
 * is lost, and the flood is the flooder's.  That of a type in the catalog sheds
 * what is over it, from each source by itself, and counts: it is for types of
 * which only so many a second are worth having.
 *
 * A source that floods waits in its own ring.  As long as it is the only one it
 * may write what it can; beside others it gets SHARED_EVENTS_PER_S at most, so
 * that theirs do not stand behind a heap of its own in every queue up to the
 * clients.  While the gateways do not keep up each source gets
 * CROWDED_EVENTS_PER_S; else the flood would push everybody's events out of the
 * replay window before any gateway had read them.
 */
#include "intake.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/event_fields.h"
#include "common/log.h"
#include "dedup.h"

#define COMPLAIN_NS          (10 * SL_NS_PER_S)
#define SHARED_EVENTS_PER_S  25000
#define CROWDED_EVENTS_PER_S 1000
#define BURST_EVENTS         1000

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

/* Lets a bucket's tokens grow with time; true if there is one to take. */
static bool refill(
    struct agg_source_rate *rate, int64_t per_s, double burst, int64_t mono_ns)
{
	double elapsed_s = (double)(mono_ns - rate->mono_ns) / (double)SL_NS_PER_S;

	rate->tokens += elapsed_s * (double)per_s;
	rate->mono_ns = mono_ns;
	if (rate->tokens > burst)
		rate->tokens = burst;
	return rate->tokens >= 1.0;
}

/* True if the source may publish one more event now. */
static bool within_rate(
    const struct agg_ingest *ingest, struct agg_source *source, int64_t mono_ns)
{
	const char *why;
	int64_t limit = event_limit(ingest, source, &why);

	if (limit == 0 || refill(&source->event_rate, limit, event_burst(limit), mono_ns))
		return true;
	if (!source->limited_mono_ns || mono_ns - source->limited_mono_ns > COMPLAIN_NS) {
		sl_log_warn("ingest",
		    "throttled source=%s reason=\"%s\" events_per_s=%lld", source->name,
		    why, (long long)limit);
		source->limited_mono_ns = mono_ns;
	}
	return false;
}

/* True if the type lets the source publish one more event of it now. */
static bool within_type_rate(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_catalog_event *type, int64_t mono_ns)
{
	if (type->rate_limit == 0)
		return true;
	if (!source->type_rate) {
		source->type_rate = calloc(
		    sl_catalog_event_count(ingest->catalog), sizeof *source->type_rate);
		if (!source->type_rate)
			abort();
	}
	struct agg_source_rate *rate = &source->type_rate[type->index];
	if (rate->mono_ns == 0)
		*rate = (struct agg_source_rate){
		    .tokens = (double)type->rate_limit, .mono_ns = mono_ns};
	if (!refill(rate, type->rate_limit, (double)type->rate_limit, mono_ns))
		return false;
	rate->tokens -= 1.0;
	return true;
}

/* Counts an event that its type's limit sheds; says so every ten seconds at most. */
static void shed(
    struct agg_source *source, const struct sl_catalog_event *type, int64_t mono_ns)
{
	source->shed++;
	if (source->shed_mono_ns && mono_ns - source->shed_mono_ns < COMPLAIN_NS)
		return;
	sl_log_warn("ingest",
	    "shed source=%s type=\"%s\" reason=\"it is over the type's rate_limit\" "
	    "events_per_s=%lld count=%llu",
	    source->name, type->name, (long long)type->rate_limit,
	    (unsigned long long)(source->shed - source->shed_said));
	source->shed_said = source->shed;
	source->shed_mono_ns = mono_ns;
}

static void refuse(struct agg_source *source, const struct sl_ring_event *event,
    const struct agg_event_verdict *verdict, int64_t mono_ns)
{
	char text[SL_EVENT_FIELDS_TEXT];
	const char *why = agg_event_refusal_text(verdict->refusal);

	if (verdict->field) {
		sl_event_fields_say(verdict->field, text);
		why = text;
	}
	agg_source_refuse(source, 1, "event", event->type, why, mono_ns);
}

/* Journals an event that is right; 0, or SL_EAGAIN if there is no space. */
static int journal(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_ring_event *event, const struct agg_event_origin *from,
    const struct sl_catalog_event *type, const struct agg_journal_origin *origin,
    int64_t mono_ns)
{
	sl_buf_reset(&ingest->packed);
	agg_event_pack(from, event, type,
	    agg_journal_next(ingest->journal, type->priority), &ingest->body,
	    &ingest->packed);
	int error = agg_journal_append(ingest->journal, type->priority,
	    ingest->packed.data, ingest->packed.len, origin);
	if (error == SL_EFULL)
		return SL_EAGAIN;
	if (error != 0) {
		agg_source_refuse(
		    source, 1, "event", event->type, sl_strerror(error), mono_ns);
		return 0;
	}
	if (source->event_rate.tokens >= 1.0)
		source->event_rate.tokens -= 1.0;
	source->ring.received++;
	agg_dedup_add(ingest->dedup, sl_slice_text(from->tenant), event->id);
	ingest->published(
	    ingest->arg, type->priority, ingest->packed.data, ingest->packed.len);
	return 0;
}

/* True if the event was taken before, by its position or by its id. */
static bool is_known(const struct agg_ingest *ingest, const struct agg_source *source,
    const struct sl_ring_event *event, const struct agg_journal_origin *origin)
{
	if (event->has_position && agg_journal_seen(ingest->journal, origin->source,
				       origin->line, origin->position))
		return true;
	return agg_dedup_known(
	    ingest->dedup, sl_slice_text(source->rights.tenant), event->id);
}

int agg_intake_event(struct agg_ingest *ingest, struct agg_source *source,
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

	if (event->has_position)
		memcpy(origin.position, event->position, sizeof origin.position);
	/* What was read before a restart is counted again, as the table's count is
	 * of its tail, but not taken again. */
	bool journaled = origin.ring_position <= source->journaled_tail;
	if (!journaled && is_known(ingest, source, event, &origin)) {
		source->ring.ignored++;
		return 0;
	}
	struct agg_event_verdict verdict = agg_event_check(&from, event);
	if (verdict.refusal != AGG_EVENT_OK) {
		refuse(source, event, &verdict, mono_ns);
		return 0;
	}
	if (journaled) {
		source->ring.received++;
		return 0;
	}
	if (!within_rate(ingest, source, mono_ns))
		return SL_EAGAIN;
	if (!within_type_rate(ingest, source, verdict.type, mono_ns)) {
		shed(source, verdict.type, mono_ns);
		return 0;
	}
	return journal(ingest, source, event, &from, verdict.type, &origin, mono_ns);
}
