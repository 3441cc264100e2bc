/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "behind.h"
#include "clock.h"
#include "error.h"
#include "message_in.h"
#include "reconnect.h"
#include "refresh.h"
#include "signing.h"
#include "subscribe.h"

#define GW_COMMAND_MINUTE_MS 60000u

static uint32_t now_ms(void)
{
	return (uint32_t)(sl_clock_mono_ns() / SL_NS_PER_MS);
}

bool gw_command_allowed(struct gw_websocket *ws)
{
	const struct sl_config_gateway *config = ws->gw->config;
	uint32_t now = now_ms();
	uint64_t rate = (uint64_t)config->messages_per_second;
	uint64_t back = (uint64_t)(now - ws->filled_ms) * rate / 1000;

	if (back >= ws->used) {
		ws->used = 0;
		ws->filled_ms = now;
	} else if (back > 0) {
		ws->used -= (uint32_t)back;
		/* Only as far as the whole messages reach: the rest of the time counts
		 * on. */
		ws->filled_ms += (uint32_t)(back * 1000 / rate);
	}
	if (ws->used >= config->message_burst) {
		gw_client_disconnect(&ws->client, GW_BYE_TOO_MANY);
		return false;
	}
	ws->used++;
	return true;
}

static void answer(struct gw_websocket *ws, struct sl_buf *out)
{
	gw_client_send(&ws->client, out->data, out->len);
	sl_buf_clear(out);
}

void gw_command_error(
    struct gw_websocket *ws, struct sl_slice id, const char *code, const char *detail)
{
	struct sl_buf out = {0};

	gw_render_error(&out, GW_FORM_WS, id, code, detail);
	answer(ws, &out);
}

void gw_command_welcome(struct gw_websocket *ws, struct sl_slice id)
{
	struct sl_buf out = {0};

	if (!gw_admit_whole(ws->gw, &ws->client))
		return;
	ws->client.heartbeats = true;
	struct sl_buf token = {0};
	struct sl_cursor at;
	gw_client_position(&ws->client, &at);
	gw_reconnect_token(ws->gw, &ws->client, (struct sl_slice){"", 0}, &at, &token);
	gw_admit_welcome(
	    ws->gw, &ws->client, id, (struct sl_slice){token.data, token.len}, &out);
	sl_buf_clear(&token);
	answer(ws, &out);
	gw_pulse_again(&ws->client);
}

static void bad(
    struct gw_websocket *ws, struct sl_slice id, const char *code, const char *detail)
{
	uint32_t now = now_ms();

	ws->gw->count.bad++;
	if (now - ws->bad_ms >= GW_COMMAND_MINUTE_MS) {
		ws->bad_ms = now;
		ws->bad = 0;
	}
	gw_command_error(ws, id, code, detail);
	if (++ws->bad > ws->gw->config->bad_messages_per_minute)
		gw_client_disconnect(&ws->client, GW_BYE_BAD_REQUEST);
}

/* ---- signing in -----------------------------------------------------------------------
 */

static void sign_in(struct gw_websocket *ws, const struct gw_message *m)
{
	struct gw_client *client = &ws->client;
	const char *why = "";

	if (client->who) {
		bad(ws, m->id, "signed-in", "you are signed in already: send refresh");
		return;
	}
	struct gw_identity *who =
	    gw_auth_token(ws->gw->auth, m->token.data, m->token.len, &why);
	if (!who) {
		gw_command_error(ws, m->id, "invalid-token", why);
		ws->gw->count.refused++;
		gw_client_disconnect(client, GW_BYE_NO_TOKEN);
		return;
	}
	if (ws->user_id && strcmp(ws->user_id, gw_user_sub(who->user)) != 0) {
		gw_identity_unref(who);
		gw_command_error(
		    ws, m->id, "forbidden", "userId is not the token's subject");
		ws->gw->count.refused++;
		gw_client_disconnect(client, GW_BYE_FORBIDDEN);
		return;
	}
	free(ws->user_id);
	ws->user_id = NULL;
	gw_signing_begin(ws, who, m->id);
}

static void refresh(struct gw_websocket *ws, const struct gw_message *m)
{
	struct gw_client *client = &ws->client;
	const char *why = "";
	struct gw_identity *who =
	    gw_auth_token(ws->gw->auth, m->token.data, m->token.len, &why);

	if (who && who->user != client->who->user) {
		gw_identity_unref(who);
		who = NULL;
		why = "the token is another user's";
	}
	if (!who) {
		bad(ws, m->id, "invalid-token", why);
		return;
	}
	gw_refresh(ws->gw, client, who, m->id);
	gw_identity_unref(who);
}

/* ---- subscriptions
 * --------------------------------------------------------------------- */

static void subscribe(struct gw_websocket *ws, const struct gw_message *m)
{
	struct gw_refusal why;

	if (!gw_subscribe_run(&ws->client, m, NULL, &why))
		bad(ws, m->id, why.code, why.text);
}

static void pong(struct gw_websocket *ws, const struct gw_message *m)
{
	struct sl_buf out = {0};
	char text[SL_CLOCK_TEXT];
	size_t mark = gw_render_open(&out, GW_FORM_WS, "pong", m->id, 0);

	sl_clock_format(sl_clock_wall_ns(), text);
	sl_buf_addf(&out, "{\"serverTime\":\"%s\"}", text);
	gw_render_close(&out, GW_FORM_WS, mark, NULL);
	answer(ws, &out);
}

void gw_command_run(struct gw_websocket *ws, const char *data, size_t len)
{
	struct gw_message m;

	if (gw_message_parse(data, len, &m)) {
		bad(ws, m.id, m.code, m.error);
	} else if (m.type == GW_MESSAGE_AUTH) {
		sign_in(ws, &m);
	} else if (!ws->client.who) {
		bad(ws, m.id, "not-signed-in", "send auth with a token first");
	} else {
		switch (m.type) {
		case GW_MESSAGE_SUBSCRIBE:
		case GW_MESSAGE_UNSUBSCRIBE:
			subscribe(ws, &m);
			break;
		case GW_MESSAGE_REFRESH:
			refresh(ws, &m);
			break;
		case GW_MESSAGE_PING:
		case GW_MESSAGE_AUTH:
			pong(ws, &m);
			break;
		}
	}
	gw_message_clear(&m);
}
