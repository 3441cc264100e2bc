/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include <inttypes.h>
#include <string.h>

#include "census_row.h"
#include "clock.h"
#include "log.h"
#include "proxy.h"
#include "route.h"
#include "tally.h"
#include "uuid.h"

/* Longer ones are cut: a line of the log has 2 KiB. */
#define TEXT_MAX 256u

void gw_access_quote(struct sl_buf *out, const char *data, size_t len)
{
	size_t shown = len < TEXT_MAX ? len : TEXT_MAX;

	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)data[i];
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			sl_buf_addf(out, "\\x%02x", c);
		else
			sl_buf_addc(out, (char)c);
	}
	if (shown < len)
		sl_buf_adds(out, "...");
}

/* A JSON Web Token begins with {" in base64url and has two dots. */
static bool is_token(const char *data, size_t len)
{
	const char *dot =
	    len > 3 && memcmp(data, "eyJ", 3) == 0 ? memchr(data, '.', len) : NULL;

	return dot && memchr(dot + 1, '.', len - (size_t)(dot + 1 - data));
}

void gw_access_path(struct sl_buf *out, const char *data, size_t len)
{
	for (size_t at = 0; at < len && at < TEXT_MAX;) {
		const char *slash = memchr(data + at, '/', len - at);
		size_t part = slash ? (size_t)(slash - data) - at : len - at;
		if (is_token(data + at, part))
			sl_buf_adds(out, "(token)");
		else
			gw_access_quote(out, data + at, part);
		at += part;
		if (slash) {
			sl_buf_addc(out, '/');
			at++;
		}
	}
}

/* Whether a line may be written now; says what has been held back before. */
static bool may_write(struct gateway *gw)
{
	struct gw_access *access = &gw->access;
	int64_t second = sl_clock_mono_ns() / SL_NS_PER_S;

	if (!gw->config->access_log)
		return false;
	if (access->second != second) {
		access->second = second;
		access->lines = 0;
		if (access->suppressed > 0)
			sl_log_info("access", "suppressed=%" PRIu32, access->suppressed);
		access->suppressed = 0;
	}
	if (access->lines >= gw->config->access_log_per_second) {
		access->suppressed++;
		return false;
	}
	access->lines++;
	return true;
}

static void add_time(struct sl_buf *line)
{
	char text[SL_CLOCK_TEXT];

	sl_clock_format(sl_clock_wall_ns(), text);
	sl_buf_addf(line, "time=%s", text);
}

static void add_who(struct sl_buf *line, const struct gw_identity *who)
{
	if (!who) {
		sl_buf_adds(line, " tenant=\"\" user=\"\" role=-");
		return;
	}
	sl_buf_adds(line, " tenant=\"");
	gw_access_quote(line, who->tenant->name, strlen(who->tenant->name));
	sl_buf_adds(line, "\" user=\"");
	gw_access_quote(line, gw_user_sub(who->user), who->user->sub_len);
	sl_buf_addf(line, "\" role=%s", who->role->name);
}

static const char *transport_of(const struct sl_http_outcome *outcome)
{
	if (!outcome->upgraded)
		return "http";
	return outcome->status == 101 ? "websocket" : "sse";
}

void gw_access_sign(struct sl_http_request *request, struct gw_identity *who)
{
	gw_identity_unref(request->user);
	request->user = who ? gw_identity_ref(who) : NULL;
}

static bool is_sampled(struct gateway *gw, int status)
{
	if (status >= 400)
		return true;
	return gw->access.succeeded++ % (uint64_t)gw->config->access_log_sample == 0;
}

static void write_request(struct gateway *gw, const struct sl_http_request *request,
    const struct sl_http_outcome *outcome)
{
	static struct sl_buf line;
	struct gw_proxy_origin origin;
	char client[SL_ADDR_TEXT];

	gw_proxy_read(request, &gw->config->trusted_proxies, &origin);
	sl_buf_reset(&line);
	add_time(&line);
	sl_buf_addf(&line, " request_id=%s client=%s method=%s path=\"",
	    request->id[0] ? request->id : "-", sl_addr_format_ip(&origin.client, client),
	    sl_http_method_name(request->method));
	gw_access_path(&line, request->path.data, request->path.len);
	sl_buf_addf(&line, "\" status=%d bytes=%zu ms=%.3f", outcome->status,
	    outcome->bytes, (double)outcome->took_ns / (double)SL_NS_PER_MS);
	add_who(&line, request->user);
	sl_buf_addf(&line, " transport=%s", transport_of(outcome));
	sl_log_info("access", "%s", sl_buf_text(&line));
}

void gw_access_request(void *arg, const struct sl_http_request *request,
    const struct sl_http_outcome *outcome)
{
	struct gateway *gw = arg;

	if (is_sampled(gw, outcome->status) && may_write(gw))
		write_request(gw, request, outcome);
	gw_identity_unref(request->user);
}

/* The close code that goes with a reason; 0: none was sent by us. */
static int code_of(enum sl_conn_reason reason)
{
	static const struct {
		enum sl_conn_reason reason;
		int code;
	} codes[] = {
#define X(id, code, why, reconnect, text) {why, code},
	    GW_BYE_TABLE(X)
#undef X
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (codes[i].reason == reason)
			return codes[i].code;
	}
	return 0;
}

void gw_access_stream(
    struct gateway *gw, const struct gw_client *client, enum sl_conn_reason reason)
{
	static struct sl_buf line;
	const struct gw_route *route =
	    client->route ? gw_route_at(client->route - 1u) : NULL;
	char id[SL_UUID_TEXT];

	if (!may_write(gw))
		return;
	sl_uuid_format(client->id, id);
	sl_buf_reset(&line);
	add_time(&line);
	sl_buf_addf(&line,
	    " connection=%s path=\"%s\" transport=%s status=closed bytes=%" PRIu64
	    " messages=%" PRIu32 " ms=%" PRId64,
	    id, route ? gw_route_path(route, gw->config->websocket_path) : "",
	    gw_census_transport(client),
	    client->conn ? sl_conn_sent_bytes(client->conn) : 0, client->messages,
	    gw_tally_age_ms(client, sl_clock_wall_ns()));
	add_who(&line, client->who);
	sl_buf_addf(
	    &line, " code=%d reason=%s", code_of(reason), sl_conn_reason_name(reason));
	sl_log_info("access", "%s", sl_buf_text(&line));
}
