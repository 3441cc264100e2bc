/* SPDX-License-Identifier: Apache-2.0 */
#include "reconnect.h"

#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "clock.h"
#include "crypto.h"
#include "json_out.h"
#include "log.h"
#include "route.h"
#include "secret.h"
#include "stream.h"
#include "trail.h"
#include "uuid.h"

/* Sealed and in base64 it still fits into a request's target of 8 KiB. */
#define GW_RECONNECT_QUERY_MAX 4096
#define GW_RECONNECT_TOKEN_MAX 8192

/* An opened token; slices live as long as its tree. */
struct token {
	json_t *tree;
	struct sl_slice tenant;
	struct sl_slice sub;
	struct sl_slice query;
	struct sl_slice cursor;
	int64_t issued_s;
	uint8_t id[SL_UUID_BYTES];
};

/* What the request is answered with, between the aggregator's reply and the stream. */
struct found {
	int status; /* of the reply; 0: there was none */
	char cursor[SL_CURSOR_LEN + 1];
};

/* Of the call that runs again right now because its question was answered. */
static const struct found *answered;

/* ---- tokens ---------------------------------------------------------------------- */

/* Copies the parameters that say what a stream brings; never a credential. */
static void keep_query(struct sl_slice query, struct sl_buf *out)
{
	static const char *const kept[] = {"topics", "metrics", "sources", "categories",
	    "filter", "max_hz", "format", "named", "heartbeat"};
	const char *end = query.data + query.len;

	for (const char *at = query.data; at < end;) {
		const char *stop = memchr(at, '&', (size_t)(end - at));
		if (!stop)
			stop = end;
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
			size_t len = strlen(kept[i]);
			if ((size_t)(stop - at) <= len || memcmp(at, kept[i], len) != 0 ||
			    at[len] != '=')
				continue;
			if (out->len > 0)
				sl_buf_addc(out, '&');
			sl_buf_add(out, at, (size_t)(stop - at));
		}
		at = stop + 1;
	}
}

static void add_member(
    struct sl_json_out *w, const char *key, const char *text, size_t len)
{
	sl_json_out_key(w, key);
	sl_json_out_string(w, text, len);
}

void gw_reconnect_token(struct gateway *gw, const struct gw_client *client,
    struct sl_slice query, const struct sl_cursor *at, struct sl_buf *out)
{
	const struct gw_user *user = client->who->user;
	struct sl_buf kept = {0};
	struct sl_buf plain = {0};
	struct sl_buf sealed = {0};
	char cursor[SL_CURSOR_LEN];
	char id[SL_UUID_TEXT];
	struct sl_json_out w;

	keep_query(query, &kept);
	if (gw->secret && kept.len <= GW_RECONNECT_QUERY_MAX) {
		sl_uuid_format(client->id, id);
		sl_cursor_format(at, cursor);
		sl_json_out_init(&w, &plain);
		sl_json_out_object_begin(&w);
		add_member(&w, "tenant", user->name, user->tenant_len);
		add_member(&w, "sub", gw_user_sub(user), user->sub_len);
		add_member(&w, "id", id, strlen(id));
		add_member(&w, "cursor", cursor, sizeof cursor);
		add_member(&w, "query", kept.data, kept.len);
		sl_json_out_key(&w, "issued");
		sl_json_out_int(&w, sl_clock_wall_ns() / SL_NS_PER_S);
		sl_json_out_object_end(&w);
		sl_crypto_seal(gw_secret_key(gw->secret, GW_SECRET_RECONNECT), plain.data,
		    plain.len, &sealed);
		sl_crypto_base64url_add(out, sealed.data, sealed.len);
	}
	sl_buf_clear(&kept);
	sl_buf_clear(&plain);
	sl_buf_clear(&sealed);
}

static bool open_token(
    const struct gw_secret *secret, const struct sl_buf *text, struct token *token)
{
	static uint8_t sealed[GW_RECONNECT_TOKEN_MAX];
	struct sl_buf plain = {0};
	struct sl_slice id;
	size_t len;

	*token = (struct token){0};
	if (sl_crypto_base64url_read(
		text->data, text->len, sealed, sizeof sealed, &len) == 0 &&
	    sl_crypto_unseal(
		gw_secret_key(secret, GW_SECRET_RECONNECT), sealed, len, &plain))
		token->tree = sl_json_in_parse(plain.data, plain.len, NULL);
	sl_buf_clear(&plain);
	return sl_json_in_string(token->tree, "tenant", &token->tenant) &&
	       sl_json_in_string(token->tree, "sub", &token->sub) &&
	       sl_json_in_string(token->tree, "cursor", &token->cursor) &&
	       sl_json_in_string(token->tree, "query", &token->query) &&
	       sl_json_in_int(token->tree, "issued", &token->issued_s) &&
	       sl_json_in_string(token->tree, "id", &id) &&
	       sl_uuid_parse(id.data, id.len, token->id) == 0;
}

static bool is_of(const struct token *token, const struct gw_user *user)
{
	return token->tenant.len == user->tenant_len &&
	       memcmp(token->tenant.data, user->name, user->tenant_len) == 0 &&
	       token->sub.len == user->sub_len &&
	       memcmp(token->sub.data, gw_user_sub(user), user->sub_len) == 0;
}

/* ---- the stream ------------------------------------------------------------------- */

/* Opens the token's stream at a cursor as if its first request came again. */
static void open_at(struct gw_call *call, const struct token *token, const char *cursor)
{
	static struct sl_buf query;

	sl_buf_reset(&query);
	sl_buf_add(&query, token->query.data, token->query.len);
	sl_buf_addf(&query, "%ssince=%s", query.len > 0 ? "&" : "", cursor);
	call->request->query = (struct sl_slice){query.data, query.len};
	gw_stream_open(call);
}

/* The request's own cursor: what an EventSource sends that comes back by itself. */
static bool own_cursor(struct gw_call *call, struct sl_buf *out)
{
	static const char *const names[] = {"since", "last_event_id", "lastEventId"};
	struct sl_slice header = sl_http_request_header(call->request, "Last-Event-ID");

	sl_buf_reset(out);
	if (header.len > 0) {
		/* wish.c takes it before whatever the query has. */
		sl_buf_adds(out, "-");
		return true;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (gw_call_query(call, names[i], out))
			return true;
	}
	return false;
}

struct asking {
	struct gateway *gw;
	struct sl_http_request *request;
	struct gw_user *placed;
	struct gw_question *question;
};

static void on_found(void *arg, const struct sl_msg_reply *reply)
{
	struct asking a = *(struct asking *)arg;
	struct found found = {.status = reply ? reply->status : 0};
	struct sl_slice cursor;

	free(arg);
	if (reply && reply->status == 200) {
		json_t *body = sl_json_in_parse(reply->body.data, reply->body.len, NULL);
		if (sl_json_in_string(body, "cursor", &cursor) &&
		    cursor.len == SL_CURSOR_LEN)
			memcpy(found.cursor, cursor.data, cursor.len);
		else
			found.status = 0;
		json_decref(body);
	}
	sl_http_on_abort(a.request, NULL, NULL);
	answered = &found;
	gw_route_again(a.gw, a.request, GW_ADMISSION_YES, a.placed);
	answered = NULL;
	gw_user_unref(a.placed);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct asking *a = arg;

	(void)request;
	gw_ask_cancel(a->question);
	gw_places_leave(a->gw->hub.places, a->placed);
	gw_user_unref(a->placed);
	free(a);
}

/* Asks where the connection stood; false if nobody can be asked. */
static bool ask(struct gw_call *call, const struct token *token)
{
	struct asking *a = malloc(sizeof *a);
	char id[GW_TRAIL_ID_TEXT];
	struct sl_buf body = {0};

	if (!a)
		abort();
	gw_trail_id(token->id, id);
	sl_buf_addf(&body, "{\"id\":\"%s\"}", id);
	*a = (struct asking){.gw = call->gw, .request = call->request};
	a->question = gw_ask_send(call->gw->ask, SL_REQ_TRAIL, call->credential.token,
	    (struct sl_slice){body.data, body.len}, on_found, a);
	sl_buf_clear(&body);
	if (!a->question) {
		free(a);
		return false;
	}
	a->placed = call->placed;
	call->placed = NULL;
	sl_http_on_abort(call->request, on_abort, a);
	return true;
}

/* Opens at a position that is known here, or asks for it. */
static void find(struct gw_call *call, const struct token *token)
{
	const struct found *found = answered;
	int64_t age_s = sl_clock_wall_ns() / SL_NS_PER_S - token->issued_s;
	char cursor[SL_CURSOR_LEN + 1] = "";
	struct sl_cursor at;

	if (gw_trail_find(call->gw->trails, token->id, &at))
		sl_cursor_format(&at, cursor);
	else if (!found && ask(call, token))
		return;
	if (cursor[0])
		open_at(call, token, cursor);
	else if (found && found->cursor[0])
		open_at(call, token, found->cursor);
	else if (age_s * 1000 > call->gw->config->connection_timeout_ms)
		gw_call_problem(call, 410, "reconnect-token-expired",
		    "nothing is known any more of the connection that this was for");
	else
		open_at(call, token, token->cursor.data);
}

/*
 * The place comes first: the call runs again when it is decided, which must not
 * find the request's query replaced.
 */
static void resume(struct gw_call *call, const struct token *token)
{
	struct sl_buf own = {0};

	bool head = call->request->method == SL_HTTP_HEAD;

	/* Nobody counts a call any more that has asked for its place. */
	if (!head && !gw_admit_connects(call))
		return;
	call->replaces = token->id;
	if (!head)
		call->admission = gw_admit_call(call);
	if (call->admission == GW_ADMISSION_WAIT)
		return;
	if (head || call->admission != GW_ADMISSION_YES)
		open_at(call, token, token->cursor.data);
	else if (own_cursor(call, &own))
		open_at(call, token, sl_buf_text(&own));
	else
		find(call, token);
	sl_buf_clear(&own);
}

void gw_reconnect_open(struct gw_call *call)
{
	struct sl_buf text = {0};
	struct token token = {0};

	if (!call->gw->secret)
		gw_call_problem(call, 503, "unavailable", "this gateway has no key");
	else if (!gw_call_query(call, "token", &text))
		gw_call_problem(
		    call, 400, "bad-reconnect-token", "the parameter token is missing");
	else if (!open_token(call->gw->secret, &text, &token))
		gw_call_problem(call, 400, "bad-reconnect-token",
		    "the token is not one that a gateway of this instance gave out");
	else if (!is_of(&token, call->who->user))
		gw_call_problem(
		    call, 403, "forbidden", "the reconnect token is another user's");
	else
		resume(call, &token);
	json_decref(token.tree);
	sl_buf_clear(&text);
}
