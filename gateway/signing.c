/* SPDX-License-Identifier: Apache-2.0 */
#include "signing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "admit.h"
#include "places.h"

/* A message that came right behind auth.  All of them fit into one read. */
struct held {
	STAILQ_ENTRY(held) link;
	size_t len;
	char data[];
};

struct gw_signing {
	struct gw_websocket *ws;
	struct gw_identity *who;
	struct gw_wait *wait;
	STAILQ_HEAD(, held) held;
	size_t held_bytes;
	size_t id_len;
	char id[];
};

static void release(struct gw_signing *s)
{
	struct held *held;

	while ((held = STAILQ_FIRST(&s->held))) {
		STAILQ_REMOVE_HEAD(&s->held, link);
		free(held);
	}
	gw_identity_unref(s->who);
	free(s);
}

static void welcome(struct gw_websocket *ws, struct gw_identity *who, struct sl_slice id)
{
	ws->client.who = gw_identity_ref(who);
	ws->client.placed = true;
	gw_pulse_heard(&ws->client);
	gw_command_welcome(ws, id);
}

static void refuse(
    struct gw_websocket *ws, struct sl_slice id, enum gw_admission admission)
{
	if (admission == GW_ADMISSION_UNKNOWN) {
		gw_command_error(ws, id, "aggregator-unavailable", GW_ADMIT_UNKNOWN);
		gw_client_disconnect(&ws->client, GW_BYE_UNDECIDED);
		return;
	}
	gw_command_error(
	    ws, id, "connection-limit", "this user has as many connections as allowed");
	ws->gw->count.refused++;
	gw_client_disconnect(&ws->client, GW_BYE_LIMIT);
}

static void refuse_revoked(struct gw_websocket *ws, struct sl_slice id)
{
	gw_command_error(ws, id, "invalid-token", "revoked");
	ws->gw->count.refused++;
	gw_client_disconnect(&ws->client, GW_BYE_REVOKED);
}

static void on_decided(void *arg, enum gw_admission admission)
{
	struct gw_signing *s = arg;
	struct gw_websocket *ws = s->ws;
	struct sl_slice id = {s->id, s->id_len};
	struct held *held;
	bool admitted = admission == GW_ADMISSION_YES;

	/* The sweep of a revocation cuts who is signed in: it has passed this one. */
	bool revoked = gw_auth_is_revoked(ws->gw->auth, s->who);

	ws->signing = NULL;
	if (admitted && (ws->client.leaving || revoked))
		gw_places_leave(ws->gw->hub.places, s->who->user);
	if (revoked)
		refuse_revoked(ws, id);
	else if (admitted && !ws->client.leaving)
		welcome(ws, s->who, id);
	else if (!admitted)
		refuse(ws, id, admission);
	STAILQ_FOREACH (held, &s->held, link) {
		if (!ws->client.leaving)
			gw_command_run(ws, held->data, held->len);
	}
	sl_conn_resume(ws->client.conn);
	release(s);
}

void gw_signing_begin(
    struct gw_websocket *ws, struct gw_identity *who, struct sl_slice id)
{
	struct gw_signing *s = malloc(sizeof *s + id.len);

	if (!s)
		abort();
	*s = (struct gw_signing){.ws = ws, .who = who, .id_len = id.len};
	STAILQ_INIT(&s->held);
	if (id.len > 0)
		memcpy(s->id, id.data, id.len);
	struct gw_want want = {.user = who->user,
	    .limit = gw_admit_limit(ws->gw, who),
	    .done = on_decided,
	    .arg = s};
	enum gw_admission admission = gw_places_ask(ws->gw->hub.places, &want, &s->wait);
	if (admission == GW_ADMISSION_WAIT) {
		ws->signing = s;
		sl_conn_pause(ws->client.conn);
		return;
	}
	if (admission == GW_ADMISSION_YES)
		welcome(ws, who, id);
	else
		refuse(ws, id, admission);
	release(s);
}

bool gw_signing_hold(struct gw_signing *signing, const char *data, size_t len)
{
	signing->held_bytes += len;
	if (signing->held_bytes > (size_t)signing->ws->gw->config->message_bytes_max)
		return false;
	struct held *held = malloc(sizeof *held + len);

	if (!held)
		abort();
	held->len = len;
	memcpy(held->data, data, len);
	STAILQ_INSERT_TAIL(&signing->held, held, link);
	return true;
}

void gw_signing_cancel(struct gw_websocket *ws)
{
	if (!ws->signing)
		return;
	gw_places_cancel(ws->signing->wait);
	release(ws->signing);
	ws->signing = NULL;
}
