/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "crypto.h"
#include "error.h"
#include "http_problem.h"
#include "pump.h"
#include "subscription.h"
#include "view.h"

struct gw_stream {
	struct gw_client client;
	struct gateway *gw;
};

/* What the request asks for. */
struct wish {
	struct gw_names names;
	struct gw_names categories;
	struct sl_buf topics; /* the texts that the names point into */
	struct sl_buf sources;
	struct sl_buf category;
	struct sl_buf scratch;
	bool has_since;
	struct sl_cursor since;
	bool named;
	bool heartbeats;
};

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	/* A stream's client has nothing more to say. */
	(void)conn;
	(void)owner;
	(void)data;
	(void)len;
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	struct gw_stream *stream = owner;

	(void)conn;
	gw_pulse_heard(&stream->client);
	gw_pump_run(&stream->client);
}

static void on_closed(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct gw_stream *stream = owner;
	struct gateway *gw = stream->gw;

	(void)conn;
	(void)reason;
	gw_admit_leave(stream->client.who);
	gw_client_clear(&stream->client);
	free(stream);
	gw->count.sse--;
	gw_gateway_left(gw);
}

static const struct sl_conn_handler handler = {
    .on_read = on_read,
    .on_drain = on_drain,
    .on_close = on_closed,
};

/* ---- the query
 * --------------------------------------------------------------------------- */

static bool refuse_names(struct gw_call *call, const struct gw_names *names, int error)
{
	gw_call_problem(call, error == SL_EDENIED ? 403 : 400, gw_names_problem(error),
	    "%s", names->error);
	return false;
}

static bool read_names(struct gw_call *call, struct wish *w)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(call->gw->hub.mirror);
	int error = SL_OK;

	gw_names_init(&w->names, catalog, call->who->modules);
	if (!gw_call_query(call, "topics", &w->topics))
		gw_call_query(call, "metrics", &w->topics);
	gw_call_query(call, "sources", &w->sources);
	if (w->topics.len > 0)
		error = gw_names_split(&w->names, w->topics.data, w->topics.len);
	if (!error && w->sources.len > 0)
		error = gw_names_split(&w->names, w->sources.data, w->sources.len);
	if (!error && w->topics.len == 0 && w->sources.len == 0)
		error = gw_names_split(&w->names, "metrics.>,alerts", 16);
	if (error)
		return refuse_names(call, &w->names, error);
	if (!gw_call_query(call, "categories", &w->category))
		return true;
	gw_names_init(&w->categories, catalog, call->who->modules);
	error = gw_names_split(&w->categories, w->category.data, w->category.len);
	if (error)
		return refuse_names(call, &w->categories, error);
	gw_names_within(&w->names, &w->categories);
	return true;
}

static bool read_cursor(struct gw_call *call, struct wish *w)
{
	static const char *const names[] = {"since", "last_event_id", "lastEventId"};
	struct sl_slice text = sl_http_request_header(call->request, "Last-Event-ID");

	/* A reconnecting EventSource says where it is now, its URL where it began. */
	for (size_t i = 0; !text.len && i < sizeof names / sizeof *names; i++) {
		if (gw_call_query(call, names[i], &w->scratch))
			text = (struct sl_slice){w->scratch.data, w->scratch.len};
	}
	if (text.len == 0)
		return true;
	if (sl_cursor_parse(text.data, text.len, &w->since)) {
		gw_call_problem(call, 400, "bad-cursor", "the cursor is none of ours");
		return false;
	}
	w->has_since = true;
	return true;
}

static bool read_wish(struct gw_call *call, struct wish *w)
{
	struct sl_buf *text = &w->scratch;

	if (!gw_call_supports(call))
		return false;
	w->named =
	    gw_call_query(call, "named", text) && strcmp(sl_buf_text(text), "1") == 0;
	w->heartbeats = gw_call_query(call, "heartbeat", text) &&
			strcmp(sl_buf_text(text), "message") == 0;
	return read_names(call, w) && read_cursor(call, w);
}

static void clear_wish(struct wish *w)
{
	sl_buf_clear(&w->topics);
	sl_buf_clear(&w->sources);
	sl_buf_clear(&w->category);
	sl_buf_clear(&w->scratch);
}

/* ---- opening
 * ------------------------------------------------------------------------------- */

/* The first bytes of a stream: when to come back, who it is, what it gets. */
static void greet(struct gw_stream *stream, const struct wish *w, uint32_t subscription)
{
	struct sl_buf out = {0};
	struct gw_client *client = &stream->client;
	struct gw_stamp stamp;
	struct sl_cursor at;
	uint16_t random;

	gw_client_position(client, &at);
	if (w->has_since && w->since.epoch == at.epoch &&
	    w->since.aggregator == at.aggregator)
		at = w->since;
	gw_stamp_set(&stamp, &at);
	sl_crypto_random(&random, sizeof random);
	sl_buf_addf(&out, "retry: %d\n\n", 500 + random % 1500);
	gw_admit_welcome(stream->gw, client, (struct sl_slice){0}, &out);
	gw_admit_subscribed(
	    client, (struct sl_slice){0}, subscription, &w->names, &stamp, &out);
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
}

static void start(struct gw_call *call, const struct wish *w)
{
	struct gateway *gw = call->gw;
	struct gw_patterns *set =
	    gw_patterns_make(&gw->hub.patterns, w->names.target, w->names.count);
	struct gw_stream *stream = calloc(1, sizeof *stream);

	if (!stream || !set)
		abort();
	stream->gw = gw;
	gw->count.sse++;
	gw->count.sse_opened++;
	sl_http_response_begin(call->request, 200);
	sl_http_response_header(call->request, "Content-Type", "text/event-stream");
	sl_http_response_header(call->request, "Cache-Control", "no-cache, no-transform");
	sl_http_response_header(call->request, "X-Accel-Buffering", "no");
	struct sl_conn *conn = sl_http_response_upgrade(call->request, &handler, stream);
	gw_client_init(&stream->client, &gw->hub, conn,
	    w->named ? GW_FORM_SSE_NAMED : GW_FORM_SSE, call->who);
	stream->client.heartbeats = w->heartbeats;
	gw_pulse_start(gw->pulse, &stream->client);
	uint32_t id = gw_sub_add(&stream->client, set);
	greet(stream, w, id);
	gw_client_follow(&stream->client, set, w->has_since ? &w->since : NULL);
	gw_patterns_unref(set);
}

static void refuse_limit(struct gw_call *call)
{
	struct sl_http_problem problem = {
	    .status = 429,
	    .name = "connection-limit",
	    .detail = "this user has as many connections as allowed",
	    .retry_after_s = 5,
	};

	call->gw->count.refused++;
	sl_http_problem_send(call->request, &problem);
}

static void refuse_address(struct gw_call *call)
{
	struct sl_http_problem problem = {
	    .status = 429,
	    .name = "too-many-requests",
	    .detail = "too many connections from this address in a second",
	    .retry_after_s = 1,
	};

	call->gw->count.refused++;
	gw_call_refused(call, problem.name);
	sl_http_problem_send(call->request, &problem);
}

void gw_stream_open(struct gw_call *call)
{
	static struct wish wish;
	struct gateway *gw = call->gw;

	wish = (struct wish){0};
	if (gw_gateway_full(gw) || !gw->streaming) {
		gw_call_problem(call, 503, "unavailable",
		    "no stream is to be had here at the moment");
	} else if (!gw_call_connects(call)) {
		refuse_address(call);
	} else if (!gw_admit_same_user(call)) {
		gw_call_problem(
		    call, 403, "forbidden", "userId is not the token's subject");
	} else if (read_wish(call, &wish)) {
		if (call->request->method == SL_HTTP_HEAD) {
			sl_http_response_send(
			    call->request, 200, "text/event-stream", NULL, 0);
		} else if (!gw_admit_user(gw, call->who)) {
			refuse_limit(call);
		} else {
			start(call, &wish);
		}
	}
	clear_wish(&wish);
}
