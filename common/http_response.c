/* SPDX-License-Identifier: Apache-2.0 */
#include "http_response.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "clock.h"
#include "conn.h"
#include "frame.h"
#include "http_state.h"

#define STATUS_TABLE(X)                                                                  \
	X(101, "Switching Protocols")                                                    \
	X(200, "OK")                                                                     \
	X(201, "Created")                                                                \
	X(202, "Accepted")                                                               \
	X(204, "No Content")                                                             \
	X(206, "Partial Content")                                                        \
	X(301, "Moved Permanently")                                                      \
	X(302, "Found")                                                                  \
	X(303, "See Other")                                                              \
	X(304, "Not Modified")                                                           \
	X(307, "Temporary Redirect")                                                     \
	X(308, "Permanent Redirect")                                                     \
	X(400, "Bad Request")                                                            \
	X(401, "Unauthorized")                                                           \
	X(403, "Forbidden")                                                              \
	X(404, "Not Found")                                                              \
	X(405, "Method Not Allowed")                                                     \
	X(406, "Not Acceptable")                                                         \
	X(408, "Request Timeout")                                                        \
	X(409, "Conflict")                                                               \
	X(410, "Gone")                                                                   \
	X(411, "Length Required")                                                        \
	X(412, "Precondition Failed")                                                    \
	X(413, "Content Too Large")                                                      \
	X(414, "URI Too Long")                                                           \
	X(415, "Unsupported Media Type")                                                 \
	X(416, "Range Not Satisfiable")                                                  \
	X(417, "Expectation Failed")                                                     \
	X(422, "Unprocessable Content")                                                  \
	X(426, "Upgrade Required")                                                       \
	X(428, "Precondition Required")                                                  \
	X(429, "Too Many Requests")                                                      \
	X(431, "Request Header Fields Too Large")                                        \
	X(500, "Internal Server Error")                                                  \
	X(501, "Not Implemented")                                                        \
	X(502, "Bad Gateway")                                                            \
	X(503, "Service Unavailable")                                                    \
	X(504, "Gateway Timeout")                                                        \
	X(505, "HTTP Version Not Supported")                                             \
	X(507, "Insufficient Storage")

const char *sl_http_response_reason(int status)
{
	switch (status) {
#define X(code, text)                                                                    \
	case code:                                                                       \
		return text;
		STATUS_TABLE(X)
#undef X
	}
	return "";
}

/* ---- building ---------------------------------------------------------------- */

/* The Date field's value, made once per second; by hand, as locales may not matter. */
static const char *date_text(struct sl_http_server *server)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t now_s = sl_clock_wall_ns() / SL_NS_PER_S;
	struct tm tm;

	if (now_s == server->date_s)
		return server->date;
	time_t t = (time_t)now_s;
	gmtime_r(&t, &tm);
	snprintf(server->date, sizeof server->date,
	    "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * tm.tm_wday,
	    (unsigned)tm.tm_mday % 100u, months + 3 * tm.tm_mon,
	    (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)tm.tm_hour % 100u,
	    (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
	server->date_s = now_s;
	return server->date;
}

static void add_number(struct sl_buf *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	sl_buf_add(out, digits + at, sizeof digits - at);
}

static void add_value(struct sl_buf *out, const char *value)
{
	size_t from = out->len;

	sl_buf_adds(out, value);
	for (size_t i = from; i < out->len; i++)
		if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f)
			out->data[i] = ' ';
}

static void add_rate(struct sl_buf *out, const struct sl_http_rate *rate)
{
	if (rate->quota > 0)
		sl_buf_addf(out,
		    "RateLimit-Policy: \"%s\";q=%u;w=%u\r\nRateLimit: "
		    "\"%s\";r=%u;t=%u\r\n",
		    rate->policy, rate->quota, rate->window_s, rate->policy,
		    rate->remaining, rate->reset_s);
}

void sl_http_response_begin(struct sl_http_request *request, int status)
{
	struct sl_http_server *server = request->conn->server;
	struct sl_buf *out = &server->out;

	server->status = status;
	sl_buf_reset(out);
	sl_buf_adds(out, "HTTP/1.1 ");
	add_number(out, (uint64_t)status);
	sl_buf_addc(out, ' ');
	sl_buf_adds(out, sl_http_response_reason(status));
	sl_buf_adds(out, "\r\nDate: ");
	sl_buf_adds(out, date_text(server));
	sl_buf_adds(out, "\r\nX-Request-Id: ");
	sl_buf_adds(out, request->id);
	sl_buf_adds(out, "\r\n");
	if (request->extra.len > 0)
		sl_buf_add(out, request->extra.data, request->extra.len);
	if (status == 101)
		return;
	if (server->options.header_fields)
		sl_buf_adds(out, server->options.header_fields);
	if (request->tls && server->options.tls_header_fields)
		sl_buf_adds(out, server->options.tls_header_fields);
	add_rate(out, &request->rate);
}

static void add_field(struct sl_buf *out, const char *name, const char *value)
{
	sl_buf_adds(out, name);
	sl_buf_adds(out, ": ");
	add_value(out, value);
	sl_buf_adds(out, "\r\n");
}

void sl_http_response_header(
    struct sl_http_request *request, const char *name, const char *value)
{
	add_field(&request->conn->server->out, name, value);
}

void sl_http_response_extra(
    struct sl_http_request *request, const char *name, const char *value)
{
	add_field(&request->extra, name, value);
}

void sl_http_response_headerf(
    struct sl_http_request *request, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	sl_http_response_header(request, name, value);
}

/* ---- sending ----------------------------------------------------------------- */

static bool has_body(int status)
{
	return status != 204 && status != 304;
}

static void end_head(struct sl_http_request *request, const char *type, size_t len)
{
	struct sl_http_conn *hc = request->conn;
	struct sl_buf *out = &hc->server->out;

	if (hc->server->draining)
		hc->last = true;
	if (type)
		sl_http_response_header(request, "Content-Type", type);
	if (has_body(hc->server->status)) {
		sl_buf_adds(out, "Content-Length: ");
		add_number(out, len);
		sl_buf_adds(out, "\r\n");
	}
	if (hc->last)
		sl_buf_adds(out, "Connection: close\r\n");
	else if (request->version_minor == 0)
		sl_buf_adds(out, "Connection: keep-alive\r\n");
	sl_buf_adds(out, "\r\n");
	hc->server->stats.responses[hc->server->status / 100 % 6]++;
}

static bool sends_body(const struct sl_http_request *request)
{
	return request->method != SL_HTTP_HEAD && has_body(request->conn->server->status);
}

void sl_http_response_end(
    struct sl_http_request *request, const char *type, const void *body, size_t len)
{
	struct sl_http_conn *hc = request->conn;
	struct sl_buf *out = &hc->server->out;

	end_head(request, type, len);
	struct iovec pieces[2] = {
	    {.iov_base = out->data, .iov_len = out->len},
	    {.iov_base = (void *)body, .iov_len = len},
	};
	size_t sent = sends_body(request) ? len : 0;
	sl_conn_sendv(hc->conn, pieces, sent > 0 ? 2 : 1);
	sl_http_state_done(hc, hc->server->status, out->len + sent, false);
	sl_http_state_answered(hc);
}

void sl_http_response_end_frame(
    struct sl_http_request *request, const char *type, struct sl_frame *body)
{
	struct sl_http_conn *hc = request->conn;

	end_head(request, type, body->len);
	struct sl_frame *head = sl_frame_new(hc->server->out.data, hc->server->out.len);
	struct sl_frame *const frames[2] = {head, body};
	sl_conn_send_frames(hc->conn, frames, sends_body(request) ? 2 : 1);
	sl_http_state_done(hc, hc->server->status,
	    head->len + (sends_body(request) ? body->len : 0), false);
	sl_frame_unref(head);
	sl_http_state_answered(hc);
}

void sl_http_response_send(struct sl_http_request *request, int status, const char *type,
    const void *body, size_t len)
{
	sl_http_response_begin(request, status);
	sl_http_response_end(request, type, body, len);
}

struct sl_conn *sl_http_response_upgrade(
    struct sl_http_request *request, const struct sl_conn_handler *handler, void *owner)
{
	struct sl_http_conn *hc = request->conn;
	struct sl_http_server *server = hc->server;
	struct sl_buf *out = &server->out;

	sl_buf_adds(out, server->status == 101 ? "\r\n" : "Connection: close\r\n\r\n");
	server->stats.responses[server->status / 100 % 6]++;
	server->stats.upgraded++;
	sl_http_state_done(hc, server->status, out->len, true);
	struct sl_conn *conn = sl_http_state_release(hc);
	sl_conn_set_handler(conn, handler, owner);
	sl_conn_hold(conn, false);
	sl_conn_resume(conn);
	sl_conn_send(conn, out->data, out->len);
	return conn;
}
