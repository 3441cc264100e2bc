/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <stdlib.h>

#include "access.h"
#include "admit.h"
#include "crypto.h"
#include "packing.h"
#include "pump.h"
#include "reconnect.h"
#include "route.h"
#include "subscribe.h"
#include "subscription.h"
#include "trail.h"
#include "wish.h"

#define GW_STREAM_TOKEN_HEADER_MAX 1024

struct gw_stream {
	struct gw_client client;
	struct gateway *gw;
	struct gw_trail *trail; /* on document 004's routes */
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
	gw_access_stream(gw, &stream->client, reason);
	gw_trail_end(stream->trail);
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

/* ---- opening
 * ------------------------------------------------------------------------------- */

/* Where the client stands before it gets anything. */
static void find_start(
    const struct gw_client *client, const struct gw_wish *w, struct sl_cursor *at)
{
	gw_client_position(client, at);
	if (w->has_since)
		*at = w->since;
}

/* The first bytes of a stream: when to come back, who it is, what it gets. */
static void greet(struct gw_stream *stream, const struct gw_wish *w,
    uint32_t subscription, const struct sl_buf *token)
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
	gw_admit_welcome(stream->gw, client, (struct sl_slice){0},
	    (struct sl_slice){token->data, token->len}, &out);
	gw_subscribe_told(
	    client, (struct sl_slice){0}, subscription, &w->names, &stamp, &out);
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
}

static void send_head(struct sl_http_request *request, bool gzip, struct sl_buf *token)
{
	sl_http_response_begin(request, 200);
	sl_http_response_header(request, "Content-Type", "text/event-stream");
	sl_http_response_header(request, "Cache-Control", "no-cache, no-transform");
	sl_http_response_header(request, "X-Accel-Buffering", "no");
	sl_http_response_header(request, "Vary", "Accept-Encoding");
	if (gzip)
		sl_http_response_header(request, "Content-Encoding", "gzip");
	/* A long one would be too much for some proxies; the first message has it. */
	if (token->len > 0 && token->len <= GW_STREAM_TOKEN_HEADER_MAX)
		sl_http_response_header(request, "X-Reconnect-Token", sl_buf_text(token));
}

static struct gw_stream *new_stream(struct gw_call *call, const struct gw_wish *w)
{
	struct gateway *gw = call->gw;
	unsigned flags = call->route->flags;
	struct gw_stream *stream = calloc(1, sizeof *stream);

	if (!stream)
		abort();
	stream->gw = gw;
	gw->count.sse++;
	gw->count.sse_opened++;
	gw_client_init(&stream->client, &gw->hub, NULL,
	    w->named ? GW_FORM_SSE_NAMED : GW_FORM_SSE, call->who);
	stream->client.route = gw_route_number(call->route);
	stream->client.heartbeats = w->heartbeats || (flags & GW_ROUTE_BEATS);
	stream->client.points = w->points;
	stream->client.updates = flags & GW_ROUTE_UPDATES;
	stream->client.whole = flags & GW_ROUTE_ALL;
	gw_admit_take(call, &stream->client);
	return stream;
}

static void start(struct gw_call *call, const struct gw_wish *w)
{
	struct gateway *gw = call->gw;
	bool gzip = gw->config->deflate && sl_http_request_accepts(call->request, "gzip");
	struct gw_patterns *set = gw_names_patterns(&w->names, &gw->hub.patterns);
	struct gw_stream *stream = new_stream(call, w);
	struct gw_client *client = &stream->client;
	struct sl_buf token = {0};
	struct sl_cursor at;

	if (!set)
		abort();
	find_start(client, w, &at);
	if (call->route->flags & GW_ROUTE_UPDATES)
		stream->trail = gw_trail_begin(gw->trails, client, &at);
	gw_reconnect_token(gw, client, call->request->query, &at, &token);
	send_head(call->request, gzip, &token);
	client->conn = sl_http_response_upgrade(call->request, &handler, stream);
	if (gzip)
		client->packing = gw_packing_gzip();
	gw_pulse_start(gw->pulse, client);
	uint32_t id = gw_sub_add(client, set);
	if (w->preset)
		gw_sub_preset(client);
	greet(stream, w, id, &token);
	gw_client_follow(client, set, w->has_since ? &w->since : NULL);
	gw_patterns_unref(set);
	sl_buf_clear(&token);
}

void gw_stream_open(struct gw_call *call)
{
	static struct gw_wish wish;

	if (gw_admit_request(call, "text/event-stream", &wish))
		start(call, &wish);
	gw_wish_clear(&wish);
}
