/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  One request at a time per connection: bytes that arrive behind
 * it are given back to the connection, which is paused until the answer is
 * out, so order holds and a client that pipelines cannot make memory grow.
 * The same pause holds while an answer waits for a slow reader.
 *
 * A handler may free the request and even the connection's HTTP state before
 * it returns (answer, upgrade): nothing here touches either after calling it.
 */
#include "http.h"

#include <stdlib.h>

#include "clock.h"
#include "conn_io.h"
#include "error.h"
#include "http_parse.h"
#include "http_problem.h"
#include "http_state.h"
#include "tls.h"

static void set_deadline(struct sl_http_conn *hc, int64_t after_ns)
{
	sl_deadline_set(
	    hc->server->deadlines, &hc->deadline, sl_clock_mono_ns() + after_ns);
}

/* ---- end of a connection ---------------------------------------------------- */

void sl_http_state_done(struct sl_http_conn *hc, int status, size_t bytes, bool upgraded)
{
	const struct sl_http_server *server = hc->server;
	struct sl_http_outcome outcome = {
	    .status = status,
	    .upgraded = upgraded,
	    .bytes = bytes,
	    .took_ns = sl_clock_mono_ns() - hc->begun_ns,
	};

	if (server->options.done)
		server->options.done(
		    server->arg, sl_http_parse_request(hc->parse), &outcome);
}

/* Tells whoever still owes an answer, once. */
static void abort_request(struct sl_http_conn *hc)
{
	if (!hc->answering)
		return;
	if (hc->on_abort)
		hc->on_abort(hc->abort_arg, sl_http_parse_request(hc->parse));
	sl_http_state_done(hc, 499, 0, false);
}

static void hc_free(struct sl_http_conn *hc)
{
	LIST_REMOVE(hc, link);
	hc->server->stats.connections--;
	sl_deadline_clear(hc->server->deadlines, &hc->deadline);
	sl_http_parse_free(hc->parse);
	free(hc);
}

struct sl_conn *sl_http_state_release(struct sl_http_conn *hc)
{
	struct sl_conn *conn = hc->conn;

	hc_free(hc);
	return conn;
}

static void finish(struct sl_http_conn *hc, enum sl_conn_reason reason)
{
	struct sl_conn *conn = sl_http_state_release(hc);

	sl_conn_set_handler(conn, NULL, NULL);
	sl_conn_finish(conn, reason);
}

/* Answers a request that no handler will see, and closes. */
static void refuse(struct sl_http_conn *hc, const struct sl_http_problem *problem)
{
	struct sl_http_request *request = sl_http_parse_request(hc->parse);

	hc->server->stats.refused++;
	hc->last = true;
	hc->answering = true;
	hc->begun_ns = sl_clock_mono_ns();
	hc->on_abort = NULL;
	request->conn = hc;
	request->peer = hc->peer;
	request->tls = hc->tls;
	sl_http_problem_send(request, problem);
}

static void on_deadline(void *arg, struct sl_deadline *deadline)
{
	struct sl_http_conn *hc =
	    (struct sl_http_conn *)(void *)((char *)deadline -
					    offsetof(struct sl_http_conn, deadline));
	struct sl_http_problem late = {
	    .status = 408,
	    .name = "request-timeout",
	    .detail = "the request was not complete in time",
	};

	(void)arg;
	if (hc->parse && !sl_http_parse_idle(hc->parse))
		refuse(hc, &late);
	else
		finish(hc, SL_CONN_IDLE);
}

/* ---- reading ---------------------------------------------------------------- */

static void dispatch(struct sl_http_conn *hc)
{
	struct sl_http_server *server = hc->server;
	struct sl_http_request *request = sl_http_parse_request(hc->parse);

	sl_deadline_clear(server->deadlines, &hc->deadline);
	sl_conn_hold(hc->conn, true);
	server->stats.requests++;
	hc->answering = true;
	hc->begun_ns = sl_clock_mono_ns();
	hc->last = server->draining || !request->keep_alive;
	request->conn = hc;
	request->peer = hc->peer;
	request->tls = hc->tls;
	server->fn(server->arg, request);
}

static void refuse_malformed(struct sl_http_conn *hc)
{
	const struct sl_http_parse_error *error = sl_http_parse_error(hc->parse);
	struct sl_http_problem problem = {
	    .status = error->status,
	    .name = error->name,
	    .detail = error->detail,
	    .allow =
		error->status == 405 ? "GET, HEAD, POST, PUT, DELETE, OPTIONS" : NULL,
	};

	refuse(hc, &problem);
}

static void await_body(struct sl_http_conn *hc)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!hc->body_started) {
		hc->body_started = true;
		set_deadline(hc, hc->server->options.body_timeout_ns);
	}
	if (sl_http_parse_wants_continue(hc->parse))
		sl_conn_send(hc->conn, go_on, sizeof go_on - 1);
}

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	struct sl_http_conn *hc = owner;
	size_t used;

	if (hc->answering || sl_conn_pending_bytes(conn) > 0) {
		sl_conn_unread(conn, data, len);
		sl_conn_pause(conn);
		return;
	}
	if (!hc->parse) {
		hc->parse = sl_http_parse_new(&hc->server->options.limits);
		hc->body_started = false;
		set_deadline(hc, hc->server->options.head_timeout_ns);
	}
	switch (sl_http_parse_feed(hc->parse, data, len, &used)) {
	case SL_HTTP_PARSE_HEAD:
		return;
	case SL_HTTP_PARSE_BODY:
		await_body(hc);
		return;
	case SL_HTTP_PARSE_FAILED:
		refuse_malformed(hc);
		return;
	case SL_HTTP_PARSE_DONE:
		if (used < len) {
			sl_conn_unread(conn, data + used, len - used);
			sl_conn_pause(conn);
		}
		dispatch(hc);
		return;
	}
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	struct sl_http_conn *hc = owner;

	if (!hc->answering)
		sl_conn_resume(conn);
}

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct sl_http_conn *hc = owner;

	(void)conn;
	(void)reason;
	abort_request(hc);
	hc_free(hc);
}

static const struct sl_conn_handler handler = {on_read, on_drain, on_close};

void sl_http_state_answered(struct sl_http_conn *hc)
{
	struct sl_conn *conn = hc->conn;

	if (hc->last || hc->server->draining) {
		finish(hc, SL_CONN_DONE);
		return;
	}
	hc->answering = false;
	hc->on_abort = NULL;
	sl_http_parse_free(hc->parse);
	hc->parse = NULL;
	set_deadline(hc, hc->server->options.idle_timeout_ns);
	if (sl_conn_pending_bytes(conn) == 0)
		sl_conn_resume(conn);
	sl_conn_hold(conn, false);
}

/* ---- server ----------------------------------------------------------------- */

static int64_t or_seconds(int64_t value_ns, int64_t seconds)
{
	return value_ns ? value_ns : seconds * SL_NS_PER_S;
}

struct sl_http_server *sl_http_server_new(struct sl_conn_set *set,
    const struct sl_http_options *options, sl_http_handler_fn *fn, void *arg)
{
	struct sl_http_server *server = calloc(1, sizeof *server);

	if (!server)
		abort();
	if (options)
		server->options = *options;
	server->options.head_timeout_ns = or_seconds(server->options.head_timeout_ns, 10);
	server->options.body_timeout_ns = or_seconds(server->options.body_timeout_ns, 30);
	server->options.idle_timeout_ns = or_seconds(server->options.idle_timeout_ns, 75);
	server->set = set;
	server->fn = fn;
	server->arg = arg;
	server->date_s = -1;
	server->deadlines =
	    sl_deadline_wheel_new(sl_conn_set_base(set), on_deadline, server);
	LIST_INIT(&server->conns);
	return server;
}

void sl_http_server_limit(struct sl_http_server *server,
    const struct sl_http_limits *limits, int64_t head_timeout_ns)
{
	server->options.limits = *limits;
	server->options.head_timeout_ns = or_seconds(head_timeout_ns, 10);
}

void sl_http_server_free(struct sl_http_server *server)
{
	struct sl_http_conn *hc;

	if (!server)
		return;
	while ((hc = LIST_FIRST(&server->conns))) {
		abort_request(hc);
		struct sl_conn *conn = sl_http_state_release(hc);
		sl_conn_set_handler(conn, NULL, NULL);
		sl_conn_close(conn, SL_CONN_SHUTDOWN);
	}
	sl_deadline_wheel_free(server->deadlines);
	sl_buf_clear(&server->out);
	free(server);
}

static void take_over(struct sl_http_server *server, int fd, const struct sl_addr *peer,
    struct sl_conn_io *io, bool tls)
{
	struct sl_http_conn *hc = calloc(1, sizeof *hc);

	if (!hc)
		abort();
	hc->server = server;
	if (peer)
		hc->peer = *peer;
	hc->tls = tls;
	hc->conn = sl_conn_open_io(server->set, fd, io, &handler, hc);
	if (!hc->conn) {
		free(hc);
		return;
	}
	LIST_INSERT_HEAD(&server->conns, hc, link);
	server->stats.connections++;
	set_deadline(hc, server->options.head_timeout_ns);
}

void sl_http_server_accept(
    struct sl_http_server *server, int fd, const struct sl_addr *peer)
{
	take_over(server, fd, peer, sl_conn_io_plain(), false);
}

void sl_http_server_accept_tls(
    struct sl_http_server *server, int fd, const struct sl_addr *peer, struct sl_tls *tls)
{
	take_over(server, fd, peer, sl_tls_accept(tls), true);
}

const char *sl_http_clear_answer(void)
{
#define BODY                                                                             \
	"{\"type\":\"/problems/tls-required\",\"title\":\"Bad Request\",\"status\":400," \
	"\"detail\":\"this port speaks TLS: use https:// or wss://\"}"
#define LEN(text) (sizeof(text) - 1)
	_Static_assert(LEN(BODY) == 124, "Content-Length below");
	return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
	       "Cache-Control: no-store\r\nContent-Type: application/problem+json\r\n"
	       "Content-Length: 124\r\n\r\n" BODY;
}

void sl_http_server_drain(struct sl_http_server *server)
{
	struct sl_http_conn *hc, *next;

	server->draining = true;
	for (hc = LIST_FIRST(&server->conns); hc; hc = next) {
		next = LIST_NEXT(hc, link);
		if (!hc->answering && !hc->parse)
			finish(hc, SL_CONN_SHUTDOWN);
	}
}

const struct sl_http_stats *sl_http_server_stats(const struct sl_http_server *server)
{
	return &server->stats;
}

void sl_http_on_abort(struct sl_http_request *request, sl_http_abort_fn *fn, void *arg)
{
	request->conn->on_abort = fn;
	request->conn->abort_arg = arg;
}

void sl_http_on_end(struct sl_http_request *request, sl_http_abort_fn *fn, void *arg)
{
	sl_http_on_abort(request, fn, arg);
	sl_conn_hold(request->conn->conn, false);
}
