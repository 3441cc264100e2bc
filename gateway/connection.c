/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json_out.h"
#include "log.h"
#include "refresh.h"
#include "revoked.h"
#include "subscribe.h"
#include "uuid.h"

static const struct {
	const char *verb;
	gw_connection_op *op;
} verbs[] = {
    {"refresh", gw_refresh_op},
    {"subscriptions", gw_subscribe_op},
};

/* Stands for every event stream of whoever asks: no connection has this id. */
#define STREAMS "00000000-0000-0000-0000-000000000000"

/* Entries that were done here, with what was answered: they may come again. */
#define DONE_MAX 64

struct gw_connection_done {
	struct {
		char request[SL_MSG_REQUEST_ID + 1];
		struct sl_buf body;
	} entry[DONE_MAX];
	size_t next;
};

void gw_outcome_problem(
    struct gw_outcome *out, int status, const char *problem, const char *fmt, ...)
{
	va_list ap;

	out->status = status;
	out->problem = problem;
	va_start(ap, fmt);
	vsnprintf(out->detail, sizeof out->detail, fmt, ap);
	va_end(ap);
}

/* Does it to a client of this gateway; another user's is as good as none. */
static void run(struct gateway *gw, struct gw_client *client, struct gw_identity *who,
    const char *verb, const json_t *data, struct gw_outcome *out)
{
	if (!client->who || client->who->user != who->user) {
		gw_outcome_problem(
		    out, 404, "not-found", "no live connection of yours has this id");
		return;
	}
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].verb, verb) == 0) {
			verbs[i].op(gw, client, who, data, out);
			return;
		}
	}
	gw_outcome_problem(out, 400, "unknown-action", "a connection cannot %.32s", verb);
}

/* ---- asked here ------------------------------------------------------------------ */

static void answer(struct gw_call *call, const struct gw_outcome *out)
{
	if (out->status >= 400)
		gw_call_problem(call, out->status, out->problem, "%s", out->detail);
	else if (out->body.len > 0)
		gw_call_json(call, out->body.data, out->body.len);
	else
		gw_call_json(call, "{}", 2);
}

static void pass_on(struct gw_call *call, struct sl_slice id, struct sl_slice token,
    const char *verb, const json_t *data)
{
	struct sl_buf body = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "connection");
	sl_json_out_string(&w, id.data, id.len);
	sl_json_out_key(&w, "do");
	sl_json_out_text(&w, verb);
	if (data) {
		struct sl_buf text = {0};
		sl_json_in_write(data, &text);
		sl_json_out_key(&w, "data");
		sl_json_out_raw(&w, text.data, text.len);
		sl_buf_clear(&text);
	}
	sl_json_out_object_end(&w);
	gw_call_ask_as(call, token, SL_REQ_CONNECTION,
	    (struct sl_slice){.data = body.data, .len = body.len});
	sl_buf_clear(&body);
}

void gw_connection_ask(struct gw_call *call, struct gw_identity *who,
    struct sl_slice token, const char *verb, const json_t *data)
{
	uint8_t id[SL_UUID_BYTES];
	struct gw_outcome out = {0};

	if (sl_uuid_parse(call->param.data, call->param.len, id) != 0) {
		gw_call_problem(
		    call, 404, "not-found", "no live connection of yours has this id");
		return;
	}
	struct gw_client *client = gw_client_find(&call->gw->hub, id);
	if (client) {
		run(call->gw, client, who, verb, data, &out);
		answer(call, &out);
		sl_buf_clear(&out.body);
		return;
	}
	pass_on(call, call->param, token, verb, data);
}

void gw_connection_ask_streams(struct gw_call *call, const char *verb, const json_t *data)
{
	/* This gateway may have some of them, too: it gets the entry as all do. */
	pass_on(call, (struct sl_slice){.data = STREAMS, .len = sizeof STREAMS - 1},
	    call->credential.token, verb, data);
}

/* ---- asked on another gateway -------------------------------------------------------
 */

static void on_told(void *arg, const struct sl_msg_reply *reply)
{
	/* Whoever asked gets no answer in time then, and a 503. */
	(void)arg;
	if (!reply)
		sl_log_warn("connection", "the aggregator was not told the outcome");
}

static void tell(struct gateway *gw, const struct sl_buf *body)
{
	struct sl_slice none = {"", 0};

	gw_ask_send(gw->ask, SL_REQ_CONNECTION_DONE, none,
	    (struct sl_slice){.data = body->data, .len = body->len}, on_told, NULL);
}

static void write_outcome(
    struct sl_buf *body, const char *request, const struct gw_outcome *out)
{
	struct sl_json_out w;

	sl_json_out_init(&w, body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "request");
	sl_json_out_text(&w, request);
	sl_json_out_key(&w, "status");
	sl_json_out_int(&w, out->status ? out->status : 200);
	if (out->status >= 400) {
		sl_json_out_key(&w, "problem");
		sl_json_out_text(&w, out->problem);
		sl_json_out_key(&w, "detail");
		sl_json_out_text(&w, out->detail);
	} else if (out->body.len > 0) {
		sl_json_out_key(&w, "body");
		sl_json_out_raw(&w, out->body.data, out->body.len);
	}
	sl_json_out_object_end(&w);
}

/* Says that what the entry is about is not here; told again whenever it comes. */
static void tell_absent(struct gateway *gw, const char *request)
{
	struct sl_buf body = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &body);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "request");
	sl_json_out_text(&w, request);
	sl_json_out_key(&w, "here");
	sl_json_out_bool(&w, false);
	sl_json_out_object_end(&w);
	tell(gw, &body);
	sl_buf_clear(&body);
}

/* True if the entry was done here before: the outcome is told again. */
static bool done_before(struct gateway *gw, const char *request)
{
	struct gw_connection_done *done = gw->connection_done;

	for (size_t i = 0; done && i < DONE_MAX; i++) {
		if (strcmp(done->entry[i].request, request) == 0) {
			tell(gw, &done->entry[i].body);
			return true;
		}
	}
	return false;
}

static void remember(
    struct gateway *gw, const char *request, const struct gw_outcome *out)
{
	if (!gw->connection_done)
		gw->connection_done = calloc(1, sizeof *gw->connection_done);
	struct gw_connection_done *done = gw->connection_done;
	if (!done)
		abort();
	size_t i = done->next++ % DONE_MAX;
	snprintf(done->entry[i].request, sizeof done->entry[i].request, "%s", request);
	sl_buf_reset(&done->entry[i].body);
	write_outcome(&done->entry[i].body, request, out);
	tell(gw, &done->entry[i].body);
}

static bool copy(const json_t *tree, const char *key, char out[SL_JWT_NAME_MAX + 1])
{
	struct sl_slice text;

	if (!sl_json_in_string(tree, key, &text) || text.len > SL_JWT_NAME_MAX)
		return false;
	memcpy(out, text.data, text.len + 1);
	return true;
}

/* The aggregator has verified the token; its claims and name are in the entry. */
static struct gw_identity *identify(struct gateway *gw, const json_t *tree)
{
	struct sl_jwt_claims claims = {0};
	uint8_t name[SL_JWT_HASH];
	struct sl_slice hex;
	int64_t max = 0;

	if (!copy(tree, "tenant", claims.tenant) || !copy(tree, "sub", claims.sub) ||
	    !copy(tree, "role", claims.role) || !copy(tree, "jti", claims.jti) ||
	    !sl_json_in_int(tree, "exp", &claims.exp_s) ||
	    !sl_json_in_int(tree, "iat", &claims.iat_s) ||
	    !sl_json_in_int(tree, "key", &claims.key_print) ||
	    !sl_json_in_int(tree, "max_connections", &max) ||
	    !sl_json_in_string(tree, "hash", &hex) ||
	    !sl_revoked_hex_read(hex.data, hex.len, name))
		return NULL;
	claims.max_connections = (uint32_t)max;
	return gw_auth_claims(gw->auth, &claims, name);
}

/* A stream can only be asked this way; a WebSocket and a poll have their own. */
static bool is_stream(const struct gw_client *client, const json_t *entry)
{
	struct sl_slice tenant, sub;

	return (client->form == GW_FORM_SSE || client->form == GW_FORM_SSE_NAMED) &&
	       client->who && !client->leaving &&
	       sl_json_in_string(entry, "tenant", &tenant) &&
	       sl_json_in_string(entry, "sub", &sub) &&
	       strcmp(client->who->tenant->name, tenant.data) == 0 &&
	       strcmp(gw_user_sub(client->who->user), sub.data) == 0;
}

/* The first client here, from one on, that an entry is about. */
static struct gw_client *next_meant(
    struct gateway *gw, const uint8_t *id, struct gw_client *from, const json_t *entry)
{
	if (id)
		return from ? gw_client_find(&gw->hub, id) : NULL;
	while (from && !is_stream(from, entry))
		from = from->next;
	return from;
}

/* Does the verb to each that is meant; what came of one that took it stays in out. */
static void run_each(struct gateway *gw, const uint8_t *id, struct gw_client *client,
    const json_t *entry, const char *verb, struct gw_outcome *out)
{
	struct gw_identity *who = identify(gw, entry);
	bool taken = false;

	if (!who)
		gw_outcome_problem(out, 503, "unavailable",
		    "the role or the key is not known where the connection is");
	while (who && client) {
		struct gw_client *after = client->next;
		struct gw_outcome one = {0};
		run(gw, client, who, verb, json_object_get(entry, "data"), &one);
		if (!taken) {
			sl_buf_clear(&out->body);
			*out = one;
			taken = one.status < 400;
		} else {
			sl_buf_clear(&one.body);
		}
		client = id ? NULL : next_meant(gw, NULL, after, entry);
	}
	gw_identity_unref(who);
}

void gw_connection_control(struct gateway *gw, struct sl_slice body)
{
	json_t *entry = sl_json_in_parse(body.data, body.len, NULL);
	struct sl_slice text, request, verb;
	struct gw_outcome out = {0};
	uint8_t uuid[SL_UUID_BYTES];

	if (!sl_json_in_string(entry, "connection", &text) ||
	    sl_uuid_parse(text.data, text.len, uuid) != 0 ||
	    !sl_json_in_string(entry, "request", &request) ||
	    request.len > SL_MSG_REQUEST_ID || !sl_json_in_string(entry, "do", &verb)) {
		sl_log_warn("connection", "control entry not understood");
		json_decref(entry);
		return;
	}
	const uint8_t *id = strcmp(text.data, STREAMS) == 0 ? NULL : uuid;
	struct gw_client *client = next_meant(gw, id, gw->hub.client_first, entry);
	bool again = done_before(gw, request.data);
	if (!again && !client)
		tell_absent(gw, request.data);
	if (!again && client) {
		run_each(gw, id, client, entry, verb.data, &out);
		remember(gw, request.data, &out);
		sl_buf_clear(&out.body);
	}
	json_decref(entry);
}

void gw_connection_clear(struct gateway *gw)
{
	for (size_t i = 0; gw->connection_done && i < DONE_MAX; i++)
		sl_buf_clear(&gw->connection_done->entry[i].body);
	free(gw->connection_done);
	gw->connection_done = NULL;
}
