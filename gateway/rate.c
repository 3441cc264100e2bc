/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes
 *
 * A metric belongs to the class of the shortest interval that a pattern of the
 * view gives it; class 0 has none and is told at once.  What has changed is
 * noted, not what it was: when a class is due, the newest values go out in one
 * message, and the class is due again an interval later.  So the first change
 * after a quiet time goes at once, a burst is thinned, and its last value always
 * comes.  Due times lie on a grid, so that many views make few flushes.
 */
#include "rate.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fanout.h"
#include "loop.h"
#include "view.h"

#define GW_RATE_GRID_MS 4

struct rate_class {
	uint32_t interval_ms;
	int64_t due_ms;
	bool waits; /* something of it is noted */
};

struct gw_rate {
	struct rate_class *class; /* by interval, rising */
	uint32_t classes;
	/* By metric: */
	uint8_t *what; /* enum gw_change, what is noted */
	uint16_t *of;  /* its class + 1; 0: not known yet */
	uint32_t known;
	uint32_t *noted; /* metrics */
	uint32_t noted_count;
	uint32_t noted_cap;
	uint32_t *due; /* room for as many */
	bool open_alerts;
	uint16_t open_of;
};

static int64_t now_ms(void)
{
	return sl_clock_mono_ns() / SL_NS_PER_MS;
}

static int by_interval(const void *left, const void *right)
{
	uint32_t a = ((const struct rate_class *)left)->interval_ms;
	uint32_t b = ((const struct rate_class *)right)->interval_ms;

	return (a > b) - (a < b);
}

struct gw_rate *gw_rate_new(const struct gw_patterns *patterns)
{
	struct gw_rate *r = calloc(1, sizeof *r);

	if (!r)
		abort();
	r->class = calloc(patterns->count + 1, sizeof *r->class);
	if (!r->class)
		abort();
	r->classes = 1;
	for (uint32_t i = 0; i < patterns->count; i++)
		r->class[r->classes++].interval_ms = patterns->item[i].terms.interval_ms;
	qsort(r->class, r->classes, sizeof *r->class, by_interval);
	uint32_t kept = 1;
	for (uint32_t i = 1; i < r->classes; i++) {
		if (r->class[i].interval_ms != r->class[kept - 1].interval_ms)
			r->class[kept++] = r->class[i];
	}
	r->classes = kept;
	return r;
}

void gw_rate_free(struct gw_rate *r)
{
	if (!r)
		return;
	free(r->class);
	free(r->what);
	free(r->of);
	free(r->noted);
	free(r->due);
	free(r);
}

/* ---- taking up ------------------------------------------------------------------ */

static void *grown(void *array, size_t size, uint32_t from, uint32_t to)
{
	array = realloc(array, to * size);
	if (!array)
		abort();
	memset((char *)array + from * size, 0, (to - from) * size);
	return array;
}

static uint16_t class_of(const struct gw_rate *r, uint32_t interval_ms)
{
	uint16_t at = 0;

	while (at + 1u < r->classes && r->class[at].interval_ms != interval_ms)
		at++;
	return at;
}

static void note(struct gw_rate *r, uint32_t metric, unsigned what)
{
	if (r->what[metric] == 0) {
		if (r->noted_count == r->noted_cap) {
			uint32_t cap = r->noted_cap ? r->noted_cap * 2 : 16;
			r->noted = grown(r->noted, sizeof *r->noted, r->noted_cap, cap);
			r->due = grown(r->due, sizeof *r->due, r->noted_cap, cap);
			r->noted_cap = cap;
		}
		r->noted[r->noted_count++] = metric;
	}
	r->what[metric] |= (uint8_t)what;
	r->class[r->of[metric] - 1].waits = true;
}

static void take_up(struct gw_rate *r, const struct gw_sight *sight)
{
	static const char open_topic[] = "metrics.executive_summary.open_alerts";
	const struct gw_tenant *tenant = sight->tenant;

	if (tenant->metric_count > r->known) {
		r->what = grown(r->what, sizeof *r->what, r->known, tenant->metric_count);
		r->of = grown(r->of, sizeof *r->of, r->known, tenant->metric_count);
		r->known = tenant->metric_count;
	}
	for (uint32_t i = 0; i < tenant->told_count; i++) {
		const struct gw_metric *m = tenant->metric[tenant->told[i]];
		if (!gw_sight_metric(sight, m))
			continue;
		if (r->of[m->index] == 0)
			r->of[m->index] =
			    1 + class_of(r, gw_patterns_interval(sight->patterns,
						m->topic, m->topic_len, m->module));
		note(r, m->index,
		    (m->value_told ? GW_CHANGE_VALUE : 0u) |
			(m->stale_told ? GW_CHANGE_STALE : 0u));
	}
	if (tenant->open_told && gw_sight_open_alerts(sight, tenant)) {
		r->open_of = class_of(r, gw_patterns_interval(sight->patterns, open_topic,
					     sizeof open_topic - 1, sight->modules));
		r->open_alerts = true;
		r->class[r->open_of].waits = true;
	}
}

/* ---- giving out ------------------------------------------------------------------- */

static bool is_due(const struct rate_class *c, int64_t now)
{
	return c->waits && now >= c->due_ms;
}

/* Moves what is due from noted to due and returns its number. */
static uint32_t pick(struct gw_rate *r, int64_t now)
{
	uint32_t kept = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->noted_count; i++) {
		uint32_t metric = r->noted[i];
		if (is_due(&r->class[r->of[metric] - 1], now))
			r->due[count++] = metric;
		else
			r->noted[kept++] = metric;
	}
	r->noted_count = kept;
	return count;
}

/* When a class is due again; without an interval always. */
static int64_t on_grid(int64_t now, uint32_t interval_ms)
{
	int64_t due = now + interval_ms + GW_RATE_GRID_MS - 1;

	return interval_ms == 0 ? 0 : due - due % GW_RATE_GRID_MS;
}

/* Begins the interval of what has gone out; sets the clock for what waits. */
static void turn_over(struct gw_hub *hub, struct gw_rate *r, int64_t now)
{
	int64_t next = 0;

	for (uint32_t i = 0; i < r->classes; i++) {
		struct rate_class *c = &r->class[i];
		if (is_due(c, now)) {
			c->waits = false;
			c->due_ms = on_grid(now, c->interval_ms);
		} else if (c->waits && (next == 0 || c->due_ms < next)) {
			next = c->due_ms;
		}
	}
	if (next == 0 || (hub->rate_due_ms > 0 && hub->rate_due_ms <= next))
		return;
	struct timeval in = sl_loop_ms(next - now);
	hub->rate_due_ms = next;
	event_add(hub->rate_event, &in);
}

bool gw_rate_overlay(struct gw_view *view, struct sl_buf *out)
{
	struct gw_hub *hub = view->hub;
	struct gw_rate *r = view->rate;
	struct gw_tenant *tenant = view->sight.tenant;
	int64_t now = now_ms();

	gw_mirror_prepare(tenant);
	take_up(r, &view->sight);
	if (r->noted_count == 0 && !r->open_alerts)
		return false;
	struct gw_changes changes = {
	    .metric = r->due,
	    .count = pick(r, now),
	    .what = r->what,
	    .open_alerts = r->open_alerts && is_due(&r->class[r->open_of], now),
	};
	gw_mirror_sort(tenant, r->due, changes.count);
	bool any = (changes.count > 0 || changes.open_alerts) &&
		   gw_sight_tell(&view->sight, hub->mirror, &changes, out);
	for (uint32_t i = 0; i < changes.count; i++)
		r->what[r->due[i]] = 0;
	if (changes.open_alerts)
		r->open_alerts = false;
	turn_over(hub, r, now);
	return any;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct gw_hub *hub = arg;

	(void)fd;
	(void)what;
	hub->rate_due_ms = 0;
	gw_fanout_flush(hub);
}

struct event *gw_rate_event(struct gw_hub *hub)
{
	struct event *event = evtimer_new(hub->loop, on_due, hub);

	if (!event)
		abort();
	return event;
}
