/* SPDX-License-Identifier: Apache-2.0 */
#include "source_life.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admit.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/loop.h"
#include "drain.h"
#include "own_event.h"
#include "sources_state.h"

#define BAR_FIRST_NS   (1 * SL_NS_PER_S)
#define BAR_LONGEST_NS (60 * SL_NS_PER_S)
#define BAR_FORGET_NS  (600 * SL_NS_PER_S) /* of good conduct */

static void set_state(struct agg_source *source, enum agg_source_state state)
{
	sl_log_info("source", "state source=%s from=%s to=%s", source->name,
	    agg_source_state_name(source->state), agg_source_state_name(state));
	source->state = state;
}

/* The collector's end is gone; what is in the ring is still to be taken. */
static void disconnect(struct agg_sources *sources, struct agg_source *source)
{
	if (source->fd < 0)
		return;
	event_free(source->fd_event);
	event_free(source->bell_event);
	source->fd_event = source->bell_event = NULL;
	close(source->fd);
	source->fd = -1;
	if (source->state == AGG_SOURCE_ATTACHED) {
		source->drain_to = sl_ring_tail(&source->consumer.ring) +
				   source->consumer.segment.ring_bytes;
		set_state(source, AGG_SOURCE_DRAINING);
		agg_drain_wake(sources, source);
	}
}

void agg_source_life_end(
    struct agg_sources *sources, struct agg_source *source, const char *why)
{
	if (source->state == AGG_SOURCE_GONE)
		return;
	agg_source_release(source, sources->options.ingest->table);
	set_state(source, AGG_SOURCE_GONE);
	disconnect(sources, source);
	sl_attach_close(&source->consumer);
	free(source->series);
	source->series = NULL;
	source->series_count = source->series_cap = 0;
	source->blocked = false;
	/* They are read again should the segment come again. */
	source->ahead_received = source->ahead_refused = 0;
	source->has_bare_position = false;
	sl_log_info("source",
	    "detached source=%s reason=\"%s\" received=%llu dropped=%llu refused=%llu",
	    source->name, why, (unsigned long long)agg_source_received(source),
	    (unsigned long long)agg_source_dropped(source),
	    (unsigned long long)agg_source_refused(source));
	agg_admit_retry(sources->admit, source->name);
}

void agg_source_life_bar(
    struct agg_sources *sources, struct agg_source *source, int64_t mono_ns)
{
	char reason[SL_SEGMENT_REASON];

	memcpy(reason, source->consumer.ring.reason, sizeof reason);
	if (source->bar_ns == 0 || mono_ns - source->barred_until_mono_ns > BAR_FORGET_NS)
		source->bar_ns = BAR_FIRST_NS;
	else if (source->bar_ns < BAR_LONGEST_NS)
		source->bar_ns *= 2;
	source->barred_until_mono_ns = mono_ns + source->bar_ns;
	source->ring.refused++;
	sl_log_warn("source", "corrupt source=%s reason=\"%s\" barred_s=%lld",
	    source->name, reason, (long long)(source->bar_ns / SL_NS_PER_S));
	if (sources->options.config->aggregator.own_figures)
		agg_own_event_corrupt(sources->options.ingest, source, reason);
	agg_source_life_end(sources, source, "its ring is corrupt");
}

/* ---- beginning ------------------------------------------------------------ */

/*
 * Where reading goes on: a new segment at 0, the same where the table says.  An
 * aggregator that was killed had perhaps journaled events behind that; samples
 * between them are in no state and no count, so they are read again, and the
 * journal says which events not to take twice.
 */
static void resume(struct agg_ingest *ingest, struct agg_source *source)
{
	struct agg_table_ring *ring = &source->ring;
	struct agg_journal_source journaled;
	uint64_t id = source->consumer.segment.id, tail = 0;

	source->journaled_tail = 0;
	if (agg_journal_source_get(ingest->journal, source->journal_source, &journaled) ==
		0 &&
	    journaled.segment_id == id)
		source->journaled_tail = journaled.ring_position;
	if (ring->segment_id == id) {
		tail = ring->tail;
	} else {
		ring->received_before += ring->received;
		ring->dropped_before += ring->dropped;
		ring->received = ring->dropped = 0;
		ring->segment_id = id;
		tail = source->journaled_tail;
	}
	if (tail && sl_ring_seek(&source->consumer.ring, tail) != 0)
		sl_log_warn("source", "position is not in the ring source=%s tail=%llu",
		    source->name, (unsigned long long)tail);
}

static void read_positions(struct agg_ingest *ingest, const struct agg_source *source,
    struct sl_attach_positions *positions)
{
	*positions = (struct sl_attach_positions){0};
	positions->has_journaled =
	    agg_journal_last(ingest->journal, source->journal_source, source->hello.line,
		positions->journaled) == 0;
	positions->has_durable =
	    agg_journal_durable(ingest->journal, source->journal_source,
		source->hello.line, positions->durable) == 0;
	if (source->has_bare_position && agg_journal_all_durable(ingest->journal) &&
	    (!positions->has_durable || memcmp(source->bare_position, positions->durable,
					    sizeof positions->durable) > 0)) {
		positions->has_durable = true;
		memcpy(
		    positions->durable, source->bare_position, sizeof positions->durable);
	}
}

void agg_source_life_check(struct agg_sources *sources, struct agg_source *source)
{
	struct sl_attach_offer none;
	char reason[SL_SEGMENT_REASON];

	if (source->fd < 0)
		return;
	int error = sl_attach_receive(source->fd, &none, reason);
	if (error == SL_EAGAIN)
		return;
	if (error == 0)
		sl_attach_offer_clear(&none);
	if (error == 0 || error == SL_EMALFORMED || error == SL_EVERSION)
		sl_log_warn("source",
		    "dropped source=%s reason=\"it speaks after its HELLO\"",
		    source->name);
	disconnect(sources, source);
}

static void on_doorbell(int fd, short what, void *arg)
{
	struct agg_source *source = arg;

	(void)fd, (void)what;
	agg_drain_wake(source->set, source);
}

static void on_hangup(int fd, short what, void *arg)
{
	struct agg_source *source = arg;

	(void)fd, (void)what;
	agg_source_life_check(source->set, source);
}

int agg_source_life_take(struct agg_sources *sources, struct agg_source *source, int fd,
    struct sl_attach_offer *offer, const struct agg_source_rights *rights,
    char reason[SL_SEGMENT_REASON])
{
	struct agg_ingest *ingest = sources->options.ingest;
	int64_t mono_ns = sl_clock_mono_ns();
	struct agg_tenant *tenant;
	int error = agg_state_tenant(ingest->state, rights->tenant, &tenant);

	if (error != 0) {
		snprintf(reason, SL_SEGMENT_REASON, "too many tenants");
		return error;
	}
	source->hello = offer->hello;
	error = sl_attach_open(&source->consumer, offer,
	    (size_t)sources->options.config->aggregator.ring_bytes_max, reason);
	if (error != 0)
		return error;
	source->tenant = tenant;
	source->rights = *rights;
	source->fd = fd;
	source->attached_mono_ns = mono_ns;
	source->event_rate = (struct agg_source_rate){
	    .tokens = (double)rights->events_per_second, .mono_ns = mono_ns};
	resume(ingest, source);
	set_state(source, AGG_SOURCE_ATTACHED);
	source->set = sources;
	source->fd_event =
	    event_new(sources->options.loop, fd, EV_READ | EV_PERSIST, on_hangup, source);
	source->bell_event = event_new(sources->options.loop, source->consumer.doorbell,
	    EV_READ | EV_PERSIST | EV_ET, on_doorbell, source);
	if (!source->fd_event || !source->bell_event)
		abort();
	event_add(source->fd_event, NULL);
	event_add(source->bell_event, NULL);
	read_positions(ingest, source, &source->positions);
	sl_attach_send_accepted(fd, &source->hello, &source->positions);
	agg_drain_wake(sources, source);
	ingest->shared = agg_sources_active(sources) > 1;
	return 0;
}

void agg_source_life_progress(struct agg_sources *sources, struct agg_source *source)
{
	struct sl_attach_positions now;

	if (source->fd < 0)
		return;
	read_positions(sources->options.ingest, source, &now);
	if (memcmp(&now, &source->positions, sizeof now) == 0)
		return;
	if (sl_attach_send_progress(source->fd, &now) == 0)
		source->positions = now;
}

void agg_source_life_clear(struct agg_sources *sources, struct agg_source *source)
{
	if (source->state != AGG_SOURCE_GONE) {
		agg_source_release(source, sources->options.ingest->table);
		source->state = AGG_SOURCE_GONE;
		disconnect(sources, source);
		sl_attach_close(&source->consumer);
	}
	free(source->series);
	free(source->type_rate);
}
