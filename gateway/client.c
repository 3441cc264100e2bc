/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "clock.h"
#include "crypto.h"
#include "fanout.h"
#include "frame.h"
#include "identity.h"
#include "mark.h"
#include "packing.h"
#include "places.h"
#include "pulse.h"
#include "pump.h"
#include "subscription.h"
#include "tally.h"
#include "view.h"

struct bye {
	int code;
	enum sl_conn_reason why;
	bool reconnect;
	const char *text;
};

static const struct bye byes[] = {
#define X(id, close, reason, again, prose)                                               \
	[GW_BYE_##id] = {                                                                \
	    .code = (close), .why = (reason), .reconnect = (again), .text = (prose)},
    GW_BYE_TABLE(X)
#undef X
};

/* An id is random here, but not where it is looked up: outsiders may choose it. */
static uint64_t hash_of(const uint8_t id[GW_CLIENT_ID])
{
	return gw_table_hash(0, id, GW_CLIENT_ID);
}

void gw_client_init(struct gw_client *client, struct gw_hub *hub, struct sl_conn *conn,
    enum gw_form form, struct gw_identity *who)
{
	client->hub = hub;
	client->next = hub->client_first;
	if (client->next)
		client->next->prev = client;
	hub->client_first = client;
	client->conn = conn;
	client->form = (uint8_t)form;
	client->who = who ? gw_identity_ref(who) : NULL;
	client->heard_ms = client->told_ms = client->beat_ms = client->owed_ms =
	    (uint32_t)(sl_clock_mono_ns() / SL_NS_PER_MS);
	/* A UUID of version 7: its time is the connection's, the rest cannot be guessed.
	 */
	uint64_t ms = (uint64_t)(sl_clock_wall_ns() / SL_NS_PER_MS);
	sl_crypto_random(client->id, sizeof client->id);
	for (int i = 0; i < 6; i++)
		client->id[i] = (uint8_t)(ms >> (40 - 8 * i));
	client->id[6] = (uint8_t)((client->id[6] & 0x0f) | 0x70);
	client->id[8] = (uint8_t)((client->id[8] & 0x3f) | 0x80);
	gw_table_add(&hub->clients, &client->node, hash_of(client->id));
}

struct gw_client *gw_client_find(const struct gw_hub *hub, const uint8_t id[GW_CLIENT_ID])
{
	for (struct gw_table_node *node = gw_table_first(&hub->clients, hash_of(id));
	     node; node = gw_table_next(node)) {
		struct gw_client *client = GW_TABLE_OBJECT(node, struct gw_client, node);
		if (memcmp(client->id, id, GW_CLIENT_ID) == 0)
			return client->leaving ? NULL : client;
	}
	return NULL;
}

/* Also when it is only leaving: its peer may take seconds to close, and come back. */
static void leave_place(struct gw_client *client)
{
	if (!client->placed)
		return;
	client->placed = false;
	gw_places_leave(client->hub->places, client->who->user);
}

void gw_client_clear(struct gw_client *client)
{
	leave_place(client);
	if (client->pulse)
		gw_pulse_stop(client);
	gw_behind_end(client);
	if (client->view)
		gw_view_remove(client->view, client);
	gw_table_remove(&client->hub->clients, &client->node);
	if (client->prev)
		client->prev->next = client->next;
	else
		client->hub->client_first = client->next;
	if (client->next)
		client->next->prev = client->prev;
	gw_mark_unref(client->mark);
	gw_sub_clear(client);
	gw_identity_unref(client->who);
	client->who = NULL;
	gw_packing_free(client->packing);
	client->packing = NULL;
}

void gw_client_sent(struct gw_client *client)
{
	size_t pending = sl_conn_pending_bytes(client->conn);

	if (pending == 0)
		return;
	if (pending > client->hub->limits.pending_bytes_max) {
		client->hub->stats.dropped++;
		gw_client_disconnect(client, GW_BYE_SLOW);
	} else if (client->pulse) {
		gw_pulse_watch(client);
	}
}

bool gw_client_is_full(const struct gw_client *client)
{
	return client->conn && sl_conn_pending_bytes(client->conn) > 0;
}

void gw_client_send_shared(
    struct gw_client *client, struct sl_frame *frame, const struct sl_zip_sum *sum)
{
	if (!client->conn) {
		client->hub->answer(client, frame->data, frame->len);
		return;
	}
	sl_conn_send_shared(client->conn, frame);
	gw_packing_shared(client->packing, sum);
	gw_client_sent(client);
}

/* Every frame that is one client's alone leaves here. */
static void put(struct gw_client *client, const void *data, size_t len)
{
	static struct sl_buf wire;

	if (!client->packing) {
		sl_conn_send(client->conn, data, len);
		return;
	}
	sl_buf_reset(&wire);
	gw_packing_add(&client->hub->packing, client->packing, data, len, &wire);
	sl_conn_send(client->conn, wire.data, wire.len);
}

void gw_client_send(struct gw_client *client, const void *data, size_t len)
{
	if (client->leaving)
		return;
	if (!client->conn) {
		client->hub->answer(client, data, len);
		return;
	}
	put(client, data, len);
	gw_client_sent(client);
}

static void switch_view(struct gw_client *client, struct gw_patterns *patterns)
{
	struct gw_sight sight = {
	    .tenant = client->who->tenant,
	    .role = client->who->role,
	    .modules = client->who->modules,
	    .patterns = patterns,
	    .points = client->points,
	};
	struct gw_view *view = gw_view_get(client->hub, &sight);

	if (view == client->view)
		return;
	if (client->view) {
		gw_fanout_leave(client);
		gw_view_remove(client->view, client);
	}
	gw_view_add(view, client);
	gw_fanout_joined(client);
}

void gw_client_follow(
    struct gw_client *client, struct gw_patterns *patterns, const struct sl_cursor *since)
{
	const struct gw_view *had = client->view;
	struct gw_sight former = had ? client->view->sight : (struct gw_sight){0};

	/* Its view may go with it. */
	gw_patterns_ref(former.patterns);
	switch_view(client, patterns);
	gw_fanout_leave(client);
	if (!client->behind)
		gw_behind_begin(client, client->hub->end);
	if (since) {
		gw_behind_resume(client, since, had ? &former : NULL);
		gw_tally_resumed(client, GW_RESUMED_WHOLE);
	} else {
		/* What is in sight now was not before: the log does not tell its alerts.
		 */
		client->behind->resumed = false;
		if (had && (former.role != client->who->role ||
			       former.modules != client->who->modules))
			gw_behind_past(client, &former);
	}
	gw_patterns_unref(former.patterns);
	if (since || client->view != had)
		gw_behind_mark(client);
	bool knows = since && client->form == GW_FORM_POLL &&
		     gw_behind_want_changes(client, since);
	if (!knows)
		gw_behind_want_state(client);
	gw_pump_run(client);
	if (client->updates && client->pulse)
		gw_pulse_watch(client);
}

void gw_client_narrow(struct gw_client *client, struct gw_patterns *patterns)
{
	const struct gw_view *had = client->view;
	bool held_back = had->rate != NULL;

	switch_view(client, patterns);
	/* What the former view still held back would never come. */
	if (held_back && client->view != had) {
		if (!client->behind)
			gw_behind_begin(client, client->hub->end);
		gw_behind_lag(client, 0, true);
	}
	gw_pump_run(client);
}

void gw_client_position(const struct gw_client *client, struct sl_cursor *cursor)
{
	gw_fanout_position(client, cursor);
	if (client->behind)
		gw_behind_position(client->behind, cursor);
}

void gw_client_stamp(const struct gw_client *client, struct gw_stamp *stamp)
{
	struct sl_cursor at;

	gw_client_position(client, &at);
	gw_stamp_set(stamp, &at);
}

/* Reconnects are spread over two seconds, so that a crowd does not come at once. */
static int retry_ms(void)
{
	uint16_t random;

	sl_crypto_random(&random, sizeof random);
	return 100 + random % 1900;
}

void gw_client_end_with(
    struct gw_client *client, int code, enum sl_conn_reason why, const char *text)
{
	if (client->leaving)
		return;
	struct sl_buf out = {0};
	client->leaving = true;
	leave_place(client);
	if (client->form == GW_FORM_WS)
		sl_ws_write_close(&out, code, text);
	gw_packing_end(client->packing, &out);
	sl_conn_send(client->conn, out.data, out.len);
	sl_buf_clear(&out);
	sl_conn_finish(client->conn, why);
}

void gw_client_disconnect(struct gw_client *client, enum gw_bye bye)
{
	const struct bye *b = &byes[bye];
	struct sl_buf out = {0};

	if (client->leaving)
		return;
	gw_render_disconnect(&out, (enum gw_form)client->form, b->code, b->text,
	    b->reconnect, b->reconnect ? retry_ms() : 0);
	if (client->conn) {
		put(client, out.data, out.len);
		gw_client_end_with(client, b->code, b->why, b->text);
	} else {
		client->hub->answer(client, out.data, out.len);
	}
	sl_buf_clear(&out);
}
