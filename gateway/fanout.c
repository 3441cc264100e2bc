/* SPDX-License-Identifier: Apache-2.0 */
#include "fanout.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "burst.h"
#include "clock.h"
#include "pump.h"
#include "view.h"

/*
 * Design notes
 *
 * A sweep takes every member of every view once.  It is done in slices, with
 * the loop in between, so that no crowd of clients keeps what arrives waiting.
 *
 * At any time the live clients stand at one of two positions: those whose turn
 * has been (their round is the sweep's) at the hub's end, the others at the
 * sweep's from.  Nothing but this file writes to one of the others: who has to,
 * or changes what one sees, calls gw_fanout_leave first.
 *
 * When alerts or critical events arrive while a sweep is under way, they
 * overtake it: each client gets what it lacks of these two logs, in a frame for
 * those whose turn has been and one for those whose turn has not, and the
 * sweep goes on with the other three.
 *
 * What a sweep tells of the mirror is what had changed when it began, with the
 * values of each view's turn; what changed meanwhile is told again by the next.
 *
 * Held-back metrics (rate.h) come due far more often than there is news for all,
 * so a view that a sweep has nothing for is passed as a whole: its phase, which
 * turns the rounds of its members, is turned.  Not where a member has had its turn
 * by itself: then the view is uneven, and its members are looked at.
 */
struct gw_fanout {
	struct gw_hub *hub;
	struct event *go_on;
	struct gw_burst sweep;
	struct gw_burst urgent[2]; /* for those whose turn has not been, and has been */
	struct gw_view *view;      /* whose turn it is; NULL: no sweep is under way */
	uint32_t next;             /* its member whose turn it is */
	uint64_t metrics; /* what those whose turn has not been know of the mirror */
	uint32_t sweeps;
	uint8_t round; /* 0, 1, 0, … */
	bool begun;    /* the view's part is made */
	bool again;    /* more has been published meanwhile */
};

static void on_go_on(evutil_socket_t fd, short what, void *arg);

struct gw_fanout *gw_fanout_new(struct gw_hub *hub)
{
	struct gw_fanout *f = calloc(1, sizeof *f);

	if (!f)
		abort();
	f->hub = hub;
	f->go_on = evtimer_new(hub->loop, on_go_on, f);
	if (!f->go_on)
		abort();
	return f;
}

void gw_fanout_free(struct gw_fanout *f)
{
	if (!f)
		return;
	event_free(f->go_on);
	gw_burst_clear(&f->sweep);
	gw_burst_clear(&f->urgent[0]);
	gw_burst_clear(&f->urgent[1]);
	free(f);
}

static bool had_turn(const struct gw_fanout *f, const struct gw_client *client)
{
	return (client->round ^ client->view->phase) == f->round;
}

static void take_turn(const struct gw_fanout *f, struct gw_client *client)
{
	client->round = f->round ^ client->view->phase;
}

/* Whether a client still has its turn in the sweep that is under way. */
static bool is_due(const struct gw_fanout *f, const struct gw_client *client)
{
	return f->view && client->view && !had_turn(f, client);
}

void gw_fanout_position(const struct gw_client *client, struct sl_cursor *cursor)
{
	const struct gw_fanout *f = client->hub->fanout;

	gw_hub_position(client->hub, cursor);
	if (!is_due(f, client))
		return;
	memcpy(cursor->next, f->sweep.from, sizeof cursor->next);
	cursor->metrics = f->metrics;
}

/* ---- one client
 * --------------------------------------------------------------------------- */

/* How many entries in a client's sight the sweep still has for it. */
static uint32_t count_due(const struct gw_fanout *f, const struct gw_client *client)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(f->hub->mirror);
	uint32_t count = 0;

	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		for (uint64_t seq = f->sweep.from[s]; seq < f->sweep.to[s]; seq++) {
			const struct gw_entry *e =
			    gw_window_get(f->hub->window, (enum sl_stream)s, seq);
			count += e && gw_behind_sees(client, catalog, e);
		}
	}
	return count;
}

/* Whether the sweep still has metrics for the members of a view. */
static bool overlay_due(const struct gw_fanout *f, const struct gw_view *view)
{
	const struct gw_tenant *tenant = view->sight.tenant;

	if (view == f->view && f->begun)
		return f->sweep.has_overlay;
	return view->wants_metrics &&
	       (view->rate || tenant->told_count > 0 || tenant->open_told);
}

void gw_fanout_leave(struct gw_client *client)
{
	struct gw_fanout *f = client->hub->fanout;

	if (!is_due(f, client))
		return;
	take_turn(f, client);
	client->view->uneven = f->sweeps;
	if (!client->behind)
		gw_behind_begin(client, f->sweep.from);
	gw_behind_lag(client, count_due(f, client), overlay_due(f, client->view));
}

void gw_fanout_joined(struct gw_client *client)
{
	const struct gw_fanout *f = client->hub->fanout;

	take_turn(f, client);
	client->view->uneven = f->sweeps;
}

/* ---- sweeps
 * ------------------------------------------------------------------------------- */

void gw_fanout_removed(struct gw_view *view, uint32_t place)
{
	struct gw_fanout *f = view->hub->fanout;

	/* Whoever took this place may not have had its turn. */
	if (view != f->view)
		return;
	if (place < f->next)
		f->next = place;
	if (view->count > 0)
		return;
	f->view = view->next;
	f->next = 0;
	f->begun = false;
	gw_burst_end(&f->sweep);
	if (!f->view)
		event_active(f->go_on, EV_TIMEOUT, 0);
}

/* Filters make a view as dear as a client for each of these. */
#define GW_FANOUT_VIEW_NS 5000

/* Makes the part of the view whose turn it is and returns what it cost. */
static uint32_t begin_view(struct gw_fanout *f)
{
	struct gw_view *view = f->view;
	struct gw_burst *b = &f->sweep;
	int64_t began_ns = sl_clock_mono_ns();

	gw_burst_view(b, view);
	f->begun = true;
	sl_buf_reset(&b->overlay);
	if (view->wants_metrics)
		b->has_overlay = gw_view_overlay(view, &b->overlay);
	int64_t now_ns = sl_clock_mono_ns();
	if (b->has_overlay)
		view->metrics_ms = (uint32_t)(now_ns / SL_NS_PER_MS);
	if (b->count == 0 && !gw_burst_any(b) && view->uneven != f->sweeps) {
		view->phase = !view->phase;
		f->next = view->count;
	}
	return (uint32_t)((now_ns - began_ns) / GW_FANOUT_VIEW_NS);
}

/* A frame costs as much as a client for each of these. */
#define GW_FANOUT_UNIT (16u * 1024u)

/* The clock is looked at once for so many clients: every 0.1 ms or so. */
#define GW_FANOUT_CLOCK 16

static uint32_t cost_of(const struct gw_burst *b, const struct gw_client *client)
{
	return 1 + (uint32_t)(gw_burst_bytes(b, client) / GW_FANOUT_UNIT);
}

/* Lets one member have its turn and returns what it cost; 0: the view has none left. */
static uint32_t step(struct gw_fanout *f)
{
	struct gw_view *view = f->view;

	while (f->next < view->count) {
		struct gw_client *client = view->member[f->next++];
		if (had_turn(f, client))
			continue;
		take_turn(f, client);
		if (gw_burst_any(&f->sweep))
			gw_burst_give(&f->sweep, view, client);
		else if (f->sweep.count > 0 && client->behind)
			/* Those ahead of the stream may have been waiting for it. */
			gw_pump_run(client);
		return cost_of(&f->sweep, client);
	}
	return 0;
}

static void go_on(struct gw_fanout *f)
{
	uint32_t slice = f->hub->limits.slice_clients;
	uint32_t clock = 0;

	gw_burst_recall(&f->sweep);
	for (uint32_t done = 0; f->view;) {
		if (done / GW_FANOUT_CLOCK != clock || done == 0) {
			clock = done / GW_FANOUT_CLOCK;
			f->sweep.now_us = sl_clock_wall_ns() / SL_NS_PER_US;
		}
		if (slice > 0 && done >= slice) {
			struct timeval now = {0};
			event_add(f->go_on, &now);
			return;
		}
		if (!f->begun)
			done += begin_view(f);
		uint32_t cost = step(f);
		done += cost;
		if (cost > 0)
			continue;
		gw_burst_end(&f->sweep);
		f->view = f->view->next;
		f->next = 0;
		f->begun = false;
	}
}

static void begin(struct gw_fanout *f)
{
	struct gw_hub *hub = f->hub;
	uint64_t to[SL_STREAM_COUNT];

	for (int s = 0; s < SL_STREAM_COUNT; s++)
		to[s] = gw_window_next(hub->window, (enum sl_stream)s);
	gw_burst_collect(&f->sweep, hub, hub->end, to);
	f->sweep.published_us = hub->fresh_us;
	hub->fresh_us = 0;
	memcpy(hub->end, to, sizeof to);
	f->metrics = hub->metrics;
	gw_mirror_settle(hub->mirror);
	hub->metrics = gw_mirror_position(hub->mirror);
	hub->stats.flushes++;
	f->round ^= 1;
	f->sweeps++;
	f->again = false;
	f->view = hub->view_first;
	f->next = 0;
	f->begun = false;
	go_on(f);
}

static void on_go_on(evutil_socket_t fd, short what, void *arg)
{
	struct gw_fanout *f = arg;

	(void)fd;
	(void)what;
	if (f->view)
		go_on(f);
	if (!f->view && f->again)
		begin(f);
}

void gw_fanout_stop(struct gw_hub *hub)
{
	struct gw_fanout *f = hub->fanout;

	f->view = NULL;
	f->begun = false;
	gw_burst_end(&f->sweep);
	for (struct gw_view *view = hub->view_first; view; view = view->next) {
		for (uint32_t i = 0; i < view->count; i++)
			take_turn(f, view->member[i]);
	}
}

/* ---- overtaking
 * ------------------------------------------------------------------------ */

/* The logs whose entries overtake a sweep. */
#define GW_FANOUT_URGENT (SL_STREAM_CRITICAL + 1)

static bool urgent(const struct gw_hub *hub)
{
	for (int s = 0; s < GW_FANOUT_URGENT; s++) {
		if (gw_window_next(hub->window, (enum sl_stream)s) > hub->end[s])
			return true;
	}
	return false;
}

/* Collects what those who stand at a position lack, and moves the position. */
static void collect_urgent(
    struct gw_burst *b, struct gw_hub *hub, uint64_t position[SL_STREAM_COUNT])
{
	uint64_t to[SL_STREAM_COUNT];

	memcpy(to, position, sizeof to);
	for (int s = 0; s < GW_FANOUT_URGENT; s++)
		to[s] = gw_window_next(hub->window, (enum sl_stream)s);
	gw_burst_collect(b, hub, position, to);
	memcpy(position, to, sizeof to);
}

static void give_urgent(
    struct gw_fanout *f, struct gw_view *view, struct gw_client *client)
{
	struct gw_burst *due = &f->urgent[0];
	struct gw_burst *done = &f->urgent[1];

	/* Who cannot have what is shared, or gets one answer only, gets on by itself. */
	if (is_due(f, client) && gw_burst_any(due)) {
		if (client->conn && gw_burst_shared(due, view, client)) {
			gw_burst_give(due, view, client);
			return;
		}
		gw_fanout_leave(client);
	}
	if (!is_due(f, client) && gw_burst_any(done))
		gw_burst_give(done, view, client);
	else if (client->behind)
		gw_pump_run(client);
}

static void overtake(struct gw_fanout *f)
{
	struct gw_hub *hub = f->hub;
	uint64_t from[SL_STREAM_COUNT];

	memcpy(from, f->sweep.from, sizeof from);
	collect_urgent(&f->urgent[0], hub, from);
	collect_urgent(&f->urgent[1], hub, hub->end);
	for (int i = 0; i < 2; i++) {
		f->urgent[i].published_us = hub->fresh_us;
		f->urgent[i].now_us = sl_clock_wall_ns() / SL_NS_PER_US;
	}
	for (struct gw_view *view = hub->view_first; view; view = view->next) {
		gw_burst_view(&f->urgent[0], view);
		gw_burst_view(&f->urgent[1], view);
		for (uint32_t i = 0; i < view->count; i++)
			give_urgent(f, view, view->member[i]);
		gw_burst_end(&f->urgent[0]);
		gw_burst_end(&f->urgent[1]);
	}
	bool has_overlay = f->sweep.has_overlay;
	gw_burst_collect(&f->sweep, hub, from, hub->end);
	if (f->begun) {
		gw_burst_view(&f->sweep, f->view);
		f->sweep.has_overlay = has_overlay;
	}
	hub->stats.overtakes++;
}

void gw_fanout_flush(struct gw_hub *hub)
{
	struct gw_fanout *f = hub->fanout;

	if (!f->view) {
		begin(f);
		return;
	}
	if (urgent(hub))
		overtake(f);
	f->again = true;
}
