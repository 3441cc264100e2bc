/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of draining: a doorbell, or a new attachment, puts a source on the
 * awake list and schedules a pass.  A pass gives each awake source one turn; if
 * some have more, the next pass comes after the loop has looked at everything
 * else: by a timer, because an event that activates itself runs again before
 * the loop polls.  When nothing is left all awake sources go to sleep together,
 * at the price of one heavy fence.
 *
 * A blocked source gets its next turn BLOCKED_RETRY_MS later, and not with the
 * pass of another: what it is let write then is not in front of what that one
 * has just written.
 *
 * A source whose collector is gone is drained to the end, but not further than
 * its ring was long at that moment: what lies behind was written by somebody who
 * no longer holds the connection, and waits in the segment until it is offered
 * again.
 */
#include "drain.h"

#include "common/clock.h"
#include "common/loop.h"
#include "shm/fence.h"
#include "source_life.h"
#include "sources_state.h"

#define BLOCKED_RETRY_MS 20

static void schedule(struct agg_sources *sources)
{
	struct timeval now = {0};

	if (sources->passing)
		event_add(sources->work, &now);
	else
		event_active(sources->work, EV_TIMEOUT, 0);
}

void agg_drain_wake(struct agg_sources *sources, struct agg_source *source)
{
	if (source->awake || source->state == AGG_SOURCE_GONE)
		return;
	sl_ring_wake(&source->consumer.ring);
	source->awake = true;
	source->next_awake = sources->awake;
	sources->awake = source;
	schedule(sources);
}

void agg_drain_forget(struct agg_sources *sources, struct agg_source *source)
{
	struct agg_source **at = &sources->awake;

	if (!source->awake)
		return;
	while (*at != source)
		at = &(*at)->next_awake;
	*at = source->next_awake;
	source->awake = false;
}

/* Whether all is taken that a collector can have written before it went. */
static bool beyond_end(const struct agg_source *source)
{
	return source->state == AGG_SOURCE_DRAINING &&
	       sl_ring_tail(&source->consumer.ring) >= source->drain_to;
}

/* Sends the awake sources that have nothing left to sleep, at one fence's price. */
static void go_to_sleep(struct agg_sources *sources, struct agg_source *empty)
{
	struct agg_source *source, *next;

	for (source = empty; source; source = source->next_awake)
		sl_ring_sleep_declare(&source->consumer.ring);
	if (empty)
		sl_fence_heavy();
	for (source = empty; source; source = next) {
		next = source->next_awake;
		source->awake = false;
		if (!beyond_end(source) && !sl_ring_sleep_check(&source->consumer.ring))
			agg_drain_wake(sources, source);
		else if (source->state == AGG_SOURCE_DRAINING)
			agg_source_life_end(sources, source, "the collector is gone");
	}
}

static void push(struct agg_source **list, struct agg_source *source)
{
	source->next_awake = *list;
	*list = source;
}

/* One turn for each awake source; those that are empty, and those with more, come apart.
 */
static void turn_all(struct agg_sources *sources, struct agg_source **empty,
    struct agg_source **more, struct agg_source **corrupt, bool *blocked, int64_t wall_ns,
    int64_t mono_ns)
{
	struct agg_source *source = sources->awake, *next;

	for (sources->awake = NULL; source; source = next) {
		next = source->next_awake;
		if (source->blocked && mono_ns < source->retry_mono_ns) {
			push(more, source);
			*blocked = true;
			continue;
		}
		switch (
		    agg_ingest_turn(sources->options.ingest, source, wall_ns, mono_ns)) {
		case AGG_INGEST_EMPTY:
			push(empty, source);
			break;
		case AGG_INGEST_MORE:
			push(beyond_end(source) ? empty : more, source);
			break;
		case AGG_INGEST_BLOCKED:
			source->retry_mono_ns = mono_ns + BLOCKED_RETRY_MS * SL_NS_PER_MS;
			push(more, source);
			*blocked = true;
			break;
		case AGG_INGEST_CORRUPT:
			push(corrupt, source);
			break;
		}
	}
}

static bool only_blocked(const struct agg_source *list)
{
	for (; list; list = list->next_awake)
		if (!list->blocked)
			return false;
	return true;
}

static void on_work(int fd, short what, void *arg)
{
	struct agg_sources *sources = arg;
	struct agg_ingest *ingest = sources->options.ingest;
	struct agg_source *empty = NULL, *more = NULL, *corrupt = NULL, *source, *next;
	int64_t wall_ns = sl_clock_wall_ns(), mono_ns = sl_clock_mono_ns();
	struct timeval retry = sl_loop_ms(BLOCKED_RETRY_MS);
	bool blocked = false;

	(void)fd, (void)what;
	sources->passing = true;
	turn_all(sources, &empty, &more, &corrupt, &blocked, wall_ns, mono_ns);
	sources->hooks.passed(sources->hooks.arg, wall_ns, mono_ns);
	for (source = empty; source; source = source->next_awake)
		agg_source_release(source, ingest->table);
	for (source = more; source; source = source->next_awake)
		agg_source_release(source, ingest->table);
	sources->awake = more;
	if (blocked && only_blocked(more))
		event_add(sources->retry, &retry);
	else if (more)
		schedule(sources);
	for (source = corrupt; source; source = next) {
		next = source->next_awake;
		source->awake = false;
		agg_source_life_bar(sources, source, mono_ns);
	}
	go_to_sleep(sources, empty);
	sources->passing = false;
}

bool agg_drain_start(struct agg_sources *sources)
{
	struct event_base *loop = sources->options.loop;

	sources->work = event_new(loop, -1, 0, on_work, sources);
	sources->retry = event_new(loop, -1, 0, on_work, sources);
	return sources->work && sources->retry;
}

void agg_drain_stop(struct agg_sources *sources)
{
	if (sources->work)
		event_free(sources->work);
	if (sources->retry)
		event_free(sources->retry);
	sources->work = sources->retry = NULL;
}
