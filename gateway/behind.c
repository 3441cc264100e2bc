/* SPDX-License-Identifier: Apache-2.0 */
#include "behind.h"

#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "mark.h"
#include "view.h"

/* Positions further ahead than this are no delay of the bus, but nonsense. */
#define GW_BEHIND_AHEAD_MAX 1000000u

void gw_behind_begin(struct gw_client *client, const uint64_t pos[SL_STREAM_COUNT])
{
	struct gw_behind *behind = calloc(1, sizeof *behind);

	if (!behind)
		abort();
	behind->client = client;
	memcpy(behind->pos, pos, sizeof behind->pos);
	client->behind = behind;
	client->hub->stats.lagged++;
}

static void unlink_behind(struct gw_behind *behind)
{
	struct gw_hub *hub = behind->client->hub;

	if (behind->list == GW_BEHIND_NOWHERE)
		return;
	if (behind->prev)
		behind->prev->next = behind->next;
	else if (behind->list == GW_BEHIND_WAITING)
		hub->waiting = behind->next;
	else
		hub->ready = behind->next;
	if (behind->next)
		behind->next->prev = behind->prev;
	behind->next = behind->prev = NULL;
	behind->list = GW_BEHIND_NOWHERE;
}

void gw_behind_move(struct gw_behind *behind, enum gw_behind_list list)
{
	struct gw_hub *hub = behind->client->hub;
	struct gw_behind **head = list == GW_BEHIND_WAITING ? &hub->waiting : &hub->ready;

	unlink_behind(behind);
	if (list == GW_BEHIND_NOWHERE)
		return;
	behind->next = *head;
	if (behind->next)
		behind->next->prev = behind;
	*head = behind;
	behind->list = (uint8_t)list;
}

void gw_behind_end(struct gw_client *client)
{
	struct gw_behind *behind = client->behind;

	if (!behind)
		return;
	unlink_behind(behind);
	gw_already_clear(&behind->already);
	free(behind);
	client->behind = NULL;
}

void gw_behind_position(const struct gw_behind *behind, struct sl_cursor *cursor)
{
	memcpy(cursor->next, behind->pos, sizeof cursor->next);
	/*
	 * A cursor has one epoch.  Whoever is cut off between the gaps of several
	 * logs must be told of the others when it comes back: a position that
	 * cannot be does that (gw_behind_resume).
	 */
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (behind->gap[s] == GW_GAP_EPOCH)
			cursor->next[s] = SL_CURSOR_SEQ_MAX;
	}
	if (behind->want_state)
		cursor->metrics = 0;
	else if (behind->missed_metrics)
		cursor->metrics = behind->metrics;
}

void gw_behind_want_state(struct gw_client *client)
{
	client->behind->want_state = true;
}

bool gw_behind_want_changes(struct gw_client *client, const struct sl_cursor *since)
{
	struct gw_behind *behind = client->behind;
	uint64_t after;

	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (behind->gap[s] == GW_GAP_EPOCH)
			return false;
	}
	if (since->metrics && since->view != gw_view_sign(client->view)) {
		/* Another role or other topics: other alerts are in sight, too. */
		behind->resumed = false;
		return false;
	}
	if (!gw_mirror_since(client->hub->mirror, since->metrics, &after))
		return false;
	behind->metrics = since->metrics;
	behind->missed_metrics = true;
	return true;
}

static void gap_epoch(struct gw_behind *behind)
{
	const struct gw_client *client = behind->client;

	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		behind->pos[s] = client->hub->end[s];
		behind->gap_to[s] = behind->pos[s];
		behind->gap_count[s] = 0;
		behind->gap[s] = GW_GAP_NONE;
		if (gw_view_wants(client->view, (enum sl_stream)s))
			behind->gap[s] = GW_GAP_EPOCH;
	}
	gw_already_clear(&behind->already);
	if (client->mark)
		gw_already_clear(&client->mark->past);
	behind->resolving = false;
	behind->lag = 0;
}

void gw_behind_restart(struct gw_client *client)
{
	if (!client->view)
		return;
	if (!client->behind)
		gw_behind_begin(client, client->hub->end);
	gap_epoch(client->behind);
	gw_behind_mark(client);
	client->behind->want_state = true;
	client->behind->resumed = false;
	client->behind->missed_metrics = false;
}

/* ---- resumes ------------------------------------------------------------------- */

void gw_behind_mark(struct gw_client *client)
{
	struct gw_already *past = client->mark ? client->mark->past : NULL;
	struct gw_mark *none = NULL;

	if (past)
		client->mark->past = NULL;
	gw_mark_unref(client->mark);
	client->mark =
	    gw_mark_get(past ? &none : &client->hub->mark, client->behind->pos);
	client->mark->past = past;
	gw_mark_unref(none);
}

void gw_behind_past(struct gw_client *client, const struct gw_sight *former)
{
	const uint64_t *until = client->behind->pos;
	struct gw_already *past = NULL;
	struct gw_mark *none = NULL;

	if (!client->mark)
		return;
	if (client->mark->past) {
		past = client->mark->past;
		client->mark->past = NULL;
	}
	gw_already_add(&past, former, client->mark->next, until);
	/* With a past, a mark is one client's alone. */
	gw_mark_unref(client->mark);
	client->mark = gw_mark_get(&none, until);
	client->mark->past = past;
	gw_mark_unref(none);
}

bool gw_behind_may_resume(const struct gw_client *client)
{
	return !client->behind ||
	       gw_already_count(client->behind->already) < GW_ALREADY_MAX;
}

bool gw_behind_had(const struct gw_behind *behind, const struct sl_catalog *catalog,
    const struct gw_entry *entry)
{
	const struct gw_mark *mark = behind->client->mark;

	return gw_already_has(behind->already, catalog, entry) ||
	       (mark && gw_already_has(mark->past, catalog, entry));
}

void gw_behind_resume(struct gw_client *client, const struct sl_cursor *since,
    const struct gw_sight *former)
{
	struct gw_behind *behind = client->behind;
	const struct gw_hub *hub = client->hub;

	behind->catching_up = true;
	behind->resumed = true;
	if (since->aggregator != hub->aggregator || since->epoch != hub->epoch) {
		gap_epoch(behind);
		return;
	}
	if (former && former->patterns->count > 0 && client->mark)
		gw_already_add(&behind->already, former, client->mark->next, behind->pos);
	behind->resolving = true;
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (!gw_view_wants(client->view, (enum sl_stream)s))
			continue;
		/* A gap that was not told yet is of positions that are void now. */
		behind->gap[s] = GW_GAP_NONE;
		behind->gap_to[s] = behind->gap_count[s] = 0;
		if (since->next[s] <= hub->end[s] + GW_BEHIND_AHEAD_MAX) {
			behind->pos[s] = since->next[s];
		} else {
			behind->gap[s] = GW_GAP_EPOCH;
			behind->gap_to[s] = behind->pos[s];
		}
	}
}

/* Lets the lowest log that has something skip its oldest entry in sight. */
static void skip_one(struct gw_behind *behind)
{
	const struct gw_client *client = behind->client;
	const struct gw_hub *hub = client->hub;
	const struct sl_catalog *catalog = gw_mirror_catalog(hub->mirror);

	for (int s = SL_STREAM_COUNT - 1; s >= 0; s--) {
		uint64_t seq = behind->gap[s] ? behind->gap_to[s] : behind->pos[s];
		if (!gw_view_wants(client->view, (enum sl_stream)s))
			continue;
		for (; seq < hub->end[s]; seq++) {
			const struct gw_entry *e =
			    gw_window_get(hub->window, (enum sl_stream)s, seq);
			if (e && !gw_behind_sees(client, catalog, e))
				continue;
			behind->gap[s] = GW_GAP_SLOW;
			behind->gap_to[s] = seq + 1;
			behind->gap_count[s]++;
			return;
		}
		/* Nothing in sight: the next search does not begin there again. */
		if (behind->gap[s])
			behind->gap_to[s] = seq;
		else
			behind->pos[s] = seq;
	}
}

void gw_behind_lag(struct gw_client *client, uint32_t seen, bool metrics)
{
	client->behind->missed_metrics |= metrics;
	client->behind->lag += seen;
}

void gw_behind_bound(struct gw_client *client)
{
	struct gw_behind *behind = client->behind;
	struct gw_hub *hub = client->hub;

	if (behind->catching_up || behind->want_state || behind->resolving)
		return;
	while (behind->lag > hub->limits.lag_messages) {
		skip_one(behind);
		behind->lag--;
		hub->stats.skipped++;
	}
}

bool gw_behind_sees(const struct gw_client *client, const struct sl_catalog *catalog,
    const struct gw_entry *entry)
{
	const struct sl_slice *sub = &entry->e.audience_name;

	switch (gw_sight_entry(&client->view->sight, catalog, &entry->e, entry->module)) {
	case GW_SEEN:
		return true;
	case GW_PERSONAL:
		return sub->len == client->who->user->sub_len &&
		       memcmp(sub->data, gw_user_sub(client->who->user), sub->len) == 0;
	case GW_HIDDEN:
		break;
	}
	return false;
}
