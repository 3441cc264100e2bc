/* SPDX-License-Identifier: Apache-2.0 */
#include "pump.h"

#include <event2/event.h>
#include <string.h>

#include "behind.h"
#include "clock.h"
#include "fanout.h"
#include "hops.h"
#include "prefix.h"
#include "pulse.h"
#include "replay.h"
#include "tally.h"
#include "view.h"

/*
 * Design notes
 *
 * One turn composes up to GW_PUMP_BYTES in sending order (gaps, the state,
 * alerts, critical, high, metrics, normal, low) and hands them over with one
 * write; the next turn starts from the top again, so what is important never
 * waits for more than one turn's worth of what is not.  A turn is composed
 * only when the socket has taken the one before: what is handed over counts as
 * sent, and positions move with it.
 *
 * Each message carries the client's own positions after it as its cursor, so a
 * client that is cut off between two messages resumes exactly there, whatever
 * the order in which its logs were read.
 */
#define GW_PUMP_BYTES (64u * 1024u)
#define GW_PUMP_TURNS 4

enum turn {
	TURN_MORE,  /* the budget is used up */
	TURN_AGAIN, /* something changed the order: compose again */
	TURN_WAIT,  /* older entries are being fetched */
	TURN_DONE,  /* nothing is left */
};

struct turn_state {
	struct gw_client *client;
	struct gw_behind *behind;
	struct gw_hub *hub;
	const struct sl_catalog *catalog;
	struct sl_buf *out;
	uint32_t messages;
	int64_t now_us;     /* wall clock, once it was needed */
	int64_t latency_us; /* of the entry added last; -1: none */
};

static void stamp_now(const struct turn_state *t, struct gw_stamp *stamp)
{
	gw_client_stamp(t->client, stamp);
}

/*
 * Finds out what can still be had, before anything is sent.  While it waits
 * for one log more of another may go, so a gap that was found is looked at
 * again, too.
 */
static enum turn resolve(struct turn_state *t)
{
	struct gw_behind *b = t->behind;

	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		enum sl_stream stream = (enum sl_stream)s;
		uint64_t first = gw_window_first(t->hub->window, stream);
		const struct gw_entry *entry;
		uint64_t oldest;
		if (b->gap[s] == GW_GAP_SLOW || b->gap[s] == GW_GAP_EPOCH ||
		    b->pos[s] >= first || b->pos[s] >= t->hub->end[s] ||
		    !gw_view_wants(t->client->view, stream))
			continue;
		switch (t->hub->replay ? gw_replay_get(t->hub->replay, stream, b->pos[s],
					     first, &entry, &oldest)
				       : GW_REPLAY_GONE) {
		case GW_REPLAY_HERE:
			break;
		case GW_REPLAY_COMING:
			return TURN_WAIT;
		case GW_REPLAY_GONE:
			b->gap[s] = GW_GAP_EXPIRED;
			b->gap_to[s] = t->hub->replay && oldest < first ? oldest : first;
			b->gap_count[s] = b->gap_to[s] - b->pos[s];
			break;
		}
	}
	b->resolving = false;
	return TURN_DONE;
}

static bool skips(const struct gw_behind *behind)
{
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		if (behind->gap[s] == GW_GAP_SLOW)
			return true;
	return false;
}

static void add_gaps(struct turn_state *t)
{
	static const char *const reasons[] = {"", "slow", "expired", "epoch"};
	struct gw_behind *b = t->behind;
	bool skip = skips(b);

	/* What is skipped was not handed out: it can still be asked for. */
	if (skip)
		gw_behind_past(t->client, &t->client->view->sight);
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (!b->gap[s])
			continue;
		struct gw_gap gap = {
		    .stream = (enum sl_stream)s,
		    .from = b->pos[s],
		    .to = b->gap[s] == GW_GAP_EPOCH ? 0 : b->gap_to[s] - 1,
		    .count = b->gap_count[s],
		    .reason = reasons[b->gap[s]],
		};
		struct gw_stamp stamp;
		if (b->gap[s] != GW_GAP_SLOW)
			gw_tally_resumed(t->client, GW_RESUMED_GAP);
		b->pos[s] = b->gap_to[s];
		b->gap[s] = GW_GAP_NONE;
		b->gap_to[s] = 0;
		b->gap_count[s] = 0;
		stamp_now(t, &stamp);
		gw_render_gap(t->out, (enum gw_form)t->client->form, &gap, &stamp);
		t->hub->stats.gaps++;
		t->messages++;
	}
	if (skip)
		gw_behind_mark(t->client);
}

static void add_state(struct turn_state *t, bool alerts, const char *type)
{
	const struct gw_view *view = t->client->view;
	enum gw_form form = (enum gw_form)t->client->form;
	size_t mark = gw_render_open(
	    t->out, form, type, (struct sl_slice){0}, view->sight.tenant->newest_us);

	gw_sight_snapshot(
	    &view->sight, t->hub->mirror, t->out, alerts && view->wants_alerts);
	gw_render_close(t->out, form, mark, NULL);
	t->behind->missed_metrics = false;
	t->messages++;
}

/* What is known of the client's metrics decides how much it needs of them. */
static void add_missed_metrics(struct turn_state *t)
{
	const struct gw_sight *sight = &t->client->view->sight;
	enum gw_form form = (enum gw_form)t->client->form;
	size_t before = t->out->len;
	uint64_t since;

	if (!gw_mirror_since(t->hub->mirror, t->behind->metrics, &since)) {
		add_state(t, false, "metrics_update");
		return;
	}
	size_t mark = gw_render_open(t->out, form, "metrics_update", (struct sl_slice){0},
	    sight->tenant->newest_us);
	if (gw_sight_since(sight, t->hub->mirror, since, t->out)) {
		gw_render_close(t->out, form, mark, NULL);
		t->messages++;
	} else {
		t->out->len = before;
	}
	t->behind->missed_metrics = false;
}

/* Finds the entry at the client's position of a log, wherever it is kept. */
static enum turn find_entry(
    struct turn_state *t, enum sl_stream stream, const struct gw_entry **entry)
{
	struct gw_behind *b = t->behind;
	uint64_t first = gw_window_first(t->hub->window, stream);
	uint64_t oldest;

	*entry = gw_window_get(t->hub->window, stream, b->pos[stream]);
	if (*entry)
		return TURN_DONE;
	if (t->hub->replay) {
		switch (gw_replay_get(
		    t->hub->replay, stream, b->pos[stream], first, entry, &oldest)) {
		case GW_REPLAY_HERE:
			return TURN_DONE;
		case GW_REPLAY_COMING:
			return TURN_WAIT;
		case GW_REPLAY_GONE:
			break;
		}
	}
	b->resolving = true;
	return TURN_AGAIN;
}

/* What comes late counts with its time; what is read again after a resume does not. */
static void take_time(struct turn_state *t, const struct gw_entry *entry)
{
	const struct gw_hops *hops = t->hub->hops;

	if (entry->read_us == 0 || t->behind->catching_up)
		return;
	if (t->now_us == 0)
		t->now_us = sl_clock_wall_ns() / SL_NS_PER_US;
	t->latency_us = t->now_us - entry->read_us;
	if (!hops)
		return;
	sl_stat_record(hops->socket, t->latency_us * SL_NS_PER_US);
	sl_stat_record(hops->end_to_end, (t->now_us - entry->e.ts_us) * SL_NS_PER_US);
}

static enum turn add_entries(struct turn_state *t, enum sl_stream stream)
{
	struct gw_behind *b = t->behind;
	enum gw_form form = (enum gw_form)t->client->form;
	enum gw_packing_kind packing = gw_packing_kind_of(t->client->packing);

	/* Nothing of such a log can be missed, so nothing of it is looked up. */
	if (!gw_view_wants(t->client->view, stream))
		b->pos[stream] = t->hub->end[stream];
	while (b->pos[stream] < t->hub->end[stream]) {
		const struct gw_entry *entry;
		if (t->out->len >= GW_PUMP_BYTES)
			return TURN_MORE;
		enum turn found = find_entry(t, stream, &entry);
		if (found != TURN_DONE)
			return found;
		b->pos[stream]++;
		if (!gw_behind_sees(t->client, t->catalog, entry) ||
		    gw_behind_had(b, t->catalog, entry))
			continue;
		struct gw_stamp stamp;
		stamp_now(t, &stamp);
		if (form == GW_FORM_WS && packing != GW_PACKING_NONE)
			gw_prefix_entry(t->hub, packing, &entry->e, &stamp, t->out);
		else
			gw_render_entry(t->out, form, &entry->e, &stamp);
		t->messages++;
		take_time(t, entry);
		if (b->lag > 0)
			b->lag--;
	}
	return TURN_DONE;
}

static enum turn compose(struct turn_state *t)
{
	struct gw_behind *b = t->behind;

	if (b->resolving && resolve(t) == TURN_WAIT)
		return TURN_WAIT;
	bool alerts = !b->resumed || b->gap[SL_STREAM_ALERTS] != GW_GAP_NONE;
	/* Whoever misses changes of alerts has to be told which are open. */
	b->want_state |= b->gap[SL_STREAM_ALERTS] != GW_GAP_NONE;
	add_gaps(t);
	if (b->want_state) {
		add_state(t, alerts, "initial_metrics");
		b->want_state = false;
	}
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (s == SL_STREAM_NORMAL && b->missed_metrics)
			add_missed_metrics(t);
		enum turn turn = add_entries(t, (enum sl_stream)s);
		if (turn != TURN_DONE)
			return turn;
	}
	return TURN_DONE;
}

static bool caught_up(const struct gw_behind *b)
{
	return memcmp(b->pos, b->client->hub->end, sizeof b->pos) == 0;
}

void gw_pump_run(struct gw_client *client)
{
	static struct sl_buf out;
	struct gw_hub *hub = client->hub;

	if (client->behind)
		gw_fanout_leave(client);
	for (int turns = 0; client->behind && !client->leaving; turns++) {
		struct turn_state t = {
		    .client = client,
		    .behind = client->behind,
		    .hub = hub,
		    .catalog = gw_mirror_catalog(hub->mirror),
		    .out = &out,
		    .latency_us = -1,
		};
		if (!client->view)
			return;
		if (gw_client_is_full(client)) {
			gw_behind_bound(client);
			return;
		}
		if (turns == GW_PUMP_TURNS) {
			struct timeval now = {0};
			gw_behind_move(t.behind, GW_BEHIND_READY);
			event_add(hub->ready_event, &now);
			return;
		}
		sl_buf_reset(&out);
		enum turn turn = compose(&t);
		hub->stats.messages += t.messages;
		gw_tally_sent(client, t.messages, t.latency_us);
		if (out.len > 0)
			gw_client_send(client, out.data, out.len);
		if (turn == TURN_WAIT) {
			gw_behind_move(t.behind, GW_BEHIND_WAITING);
			if (client->pulse)
				gw_pulse_watch(client);
			return;
		}
		if (turn == TURN_DONE) {
			if (caught_up(t.behind))
				gw_behind_end(client);
			return;
		}
	}
}

static void run_list(struct gw_behind **head, bool away)
{
	struct gw_behind *list = *head;

	/* Each is taken out before it runs: it may put itself in again. */
	*head = NULL;
	while (list) {
		struct gw_behind *b = list;
		list = b->next;
		if (list)
			list->prev = NULL;
		b->next = b->prev = NULL;
		b->list = GW_BEHIND_NOWHERE;
		if (away)
			gw_client_disconnect(b->client, GW_BYE_UNAVAILABLE);
		else
			gw_pump_run(b->client);
	}
}

void gw_pump_ready(struct gw_hub *hub)
{
	run_list(&hub->ready, false);
}

void gw_pump_arrived(struct gw_hub *hub, bool away)
{
	run_list(&hub->waiting, away);
}
