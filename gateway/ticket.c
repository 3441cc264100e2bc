/* SPDX-License-Identifier: Apache-2.0 */
#include "ticket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cookie.h"
#include "crypto.h"
#include "json_out.h"
#include "route.h"
#include "secret.h"

/*
 * A ticket is a random number and the tag that the gateways' secret gives it:
 * what no gateway has made is refused here, and never asked for.
 */
#define RANDOM_BYTES 16
#define TAG_BYTES    16

#define SPENDING_MAX 256

/* A request that waits for its ticket's token. */
struct spending {
	struct gateway *gw;
	struct sl_http_request *request;
	struct gw_question *question;
	bool cookie;
};

static void write_body(struct sl_buf *out, const char *ticket, size_t len)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "ticket");
	sl_json_out_string(&w, ticket, len);
	sl_json_out_object_end(&w);
}

static void sign(const struct gw_secret *secret, const uint8_t random[RANDOM_BYTES],
    uint8_t tag[TAG_BYTES])
{
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];

	sl_crypto_hmac_sha256(gw_secret_key(secret, GW_SECRET_TICKET), GW_SECRET_KEY,
	    random, RANDOM_BYTES, hash);
	memcpy(tag, hash, TAG_BYTES);
}

/* Whether a gateway of this instance has made a ticket, now or once. */
static bool is_ours(const struct gw_secret *secret, const struct sl_buf *ticket)
{
	uint8_t bytes[RANDOM_BYTES + TAG_BYTES], tag[TAG_BYTES];
	size_t len;

	if (!secret || !ticket->data ||
	    sl_crypto_base64url_read(
		ticket->data, ticket->len, bytes, sizeof bytes, &len) != 0 ||
	    len != sizeof bytes)
		return false;
	sign(secret, bytes, tag);
	return sl_crypto_equal(tag, bytes + RANDOM_BYTES, TAG_BYTES);
}

void gw_ticket_post(struct gw_call *call)
{
	uint8_t bytes[RANDOM_BYTES + TAG_BYTES];
	struct sl_buf ticket = {0}, body = {0};

	if (!call->gw->secret) {
		gw_call_problem(call, 503, "unavailable", "this gateway has no key");
		return;
	}
	sl_crypto_random(bytes, RANDOM_BYTES);
	sign(call->gw->secret, bytes, bytes + RANDOM_BYTES);
	sl_crypto_base64url_add(&ticket, bytes, sizeof bytes);
	write_body(&body, ticket.data, ticket.len);
	gw_call_ask(
	    call, SL_REQ_TICKET, (struct sl_slice){.data = body.data, .len = body.len});
	sl_buf_clear(&ticket);
	sl_buf_clear(&body);
}

/* ---- spending -------------------------------------------------------------------- */

bool gw_ticket_pending(const struct gw_call *call)
{
	struct gw_credential c;

	if (call->request->kept.len > 0)
		return false;
	gw_auth_find(
	    call->request, gw_call_cookie(call), call->gw->config->query_token, &c);
	sl_buf_clear(&c.scratch);
	return c.place == GW_PLACE_TICKET;
}

/*
 * Whether the answer may set the cookie: streams only, and not where a link or
 * another site's page would sign somebody in as somebody else.
 */
static bool may_set_cookie(const struct gw_call *call)
{
	const struct sl_http_request *request = call->request;

	return call->route->flags & (GW_ROUTE_STREAM | GW_ROUTE_UPGRADE) &&
	       !sl_http_request_has_token(request, "Sec-Fetch-Mode", "navigate") &&
	       !sl_http_request_has_token(request, "Sec-Fetch-Site", "cross-site") &&
	       (!sl_http_request_header(request, "Origin").data ||
		   gw_call_origin_allowed(call));
}

/* Keeps the token, and gives the browser the cookie that it reconnects with. */
static void keep(struct gw_call *call, struct sl_slice token, bool cookie)
{
	const char *why;
	struct gw_identity *who =
	    gw_auth_token(call->gw->auth, token.data, token.len, &why);

	sl_buf_add(&call->request->kept, token.data, token.len);
	if (cookie && who && token.len <= GW_COOKIE_TOKEN_MAX)
		gw_cookie_set(call, token, who);
	gw_identity_unref(who);
}

static void on_spent(void *arg, const struct sl_msg_reply *reply)
{
	struct spending *s = arg;
	struct gw_call call = {.gw = s->gw, .request = s->request};
	struct sl_slice token;
	bool cookie = s->cookie;

	free(s);
	call.gw->spending--;
	sl_http_on_abort(call.request, NULL, NULL);
	if (!reply || reply->status >= 500) {
		gw_call_problem(&call, 503, "aggregator-unavailable",
		    "the ticket cannot be spent: the aggregator did not answer");
		return;
	}
	json_t *body = sl_json_in_parse(reply->body.data, reply->body.len, NULL);
	if (reply->status < 400 && sl_json_in_string(body, "token", &token))
		keep(&call, token, cookie);
	else
		sl_buf_adds(&call.request->kept, GW_AUTH_NO_TICKET);
	json_decref(body);
	gw_route_handle(call.gw, call.request);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct spending *s = arg;

	(void)request;
	s->gw->spending--;
	gw_ask_cancel(s->question);
	free(s);
}

void gw_ticket_spend(struct gw_call *call)
{
	struct sl_buf ticket = {0}, body = {0};
	struct sl_slice none = {"", 0};

	gw_call_query(call, "ticket", &ticket);
	if (!is_ours(call->gw->secret, &ticket)) {
		sl_buf_clear(&ticket);
		sl_buf_adds(&call->request->kept, GW_AUTH_NO_TICKET);
		gw_route_handle(call->gw, call->request);
		return;
	}
	struct spending *s = malloc(sizeof *s);
	if (!s)
		abort();
	*s = (struct spending){
	    .gw = call->gw, .request = call->request, .cookie = may_set_cookie(call)};
	write_body(&body, ticket.data, ticket.len);
	if (call->gw->spending < SPENDING_MAX)
		s->question = gw_ask_send(call->gw->ask, SL_REQ_TICKET_SPEND, none,
		    (struct sl_slice){.data = body.data, .len = body.len}, on_spent, s);
	sl_buf_clear(&ticket);
	sl_buf_clear(&body);
	if (!s->question) {
		free(s);
		gw_call_problem(call, 503, "aggregator-unavailable",
		    "too many tickets are being spent");
		return;
	}
	call->gw->spending++;
	sl_http_on_abort(call->request, on_abort, s);
}
