/* SPDX-License-Identifier: Apache-2.0 */
#include "pgsession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 10000

struct col_pgsession {
	struct event_base *loop;
	const char *conninfo;
	char options[64]; /* for libpq */
	struct col_pgconn *conn;
	struct event *retry;
	int64_t retry_ms;
	void (*idle)(void *arg);
	void *idle_arg;

	/* the query under way; fn is NULL between two */
	const char *what;
	void (*fn)(void *arg, const struct col_pgconn_result *result, bool failed);
	void *arg;
	bool failed;
	bool mending; /* a failed transaction is being rolled back */
};

static void finish(struct col_pgsession *session)
{
	void (*fn)(void *, const struct col_pgconn_result *, bool) = session->fn;

	session->fn = NULL;
	if (fn != NULL)
		fn(session->arg, NULL, session->failed);
}

static void on_ready(void *arg)
{
	struct col_pgsession *session = arg;

	session->retry_ms = RETRY_MIN_MS;
	session->idle(session->idle_arg);
}

static void on_result(void *arg, const struct col_pgconn_result *result)
{
	struct col_pgsession *session = arg;

	if (result == NULL && session->failed && !session->mending) {
		session->mending = true;
		col_pgconn_query(session->conn, "ROLLBACK");
		return;
	}
	if (session->mending && result != NULL)
		return;
	if (result == NULL) {
		session->mending = false;
		finish(session);
		session->idle(session->idle_arg);
		return;
	}
	const char *error = col_pgconn_error(result);
	if (error != NULL) {
		sl_log_warn("query", "failed what=%s sqlstate=%s error=\"%s\"",
		    session->what, col_pgconn_sqlstate(result), error);
		session->failed = true;
		return;
	}
	session->fn(session->arg, result, false);
}

static void on_lost(void *arg, const char *sqlstate, const char *reason)
{
	struct col_pgsession *session = arg;
	struct timeval after = sl_loop_ms(session->retry_ms);

	(void)sqlstate;
	sl_log_warn("session", "no connection, trying again ms=%lld error=\"%s\"",
	    (long long)session->retry_ms, reason);
	col_pgconn_close(session->conn);
	session->conn = NULL;
	session->failed = true;
	session->mending = false;
	session->retry_ms =
	    session->retry_ms * 2 < RETRY_MAX_MS ? session->retry_ms * 2 : RETRY_MAX_MS;
	event_add(session->retry, &after);
	finish(session);
}

static void connect_now(struct col_pgsession *session)
{
	const struct col_pgconn_setting settings[] = {{"options", session->options},
	    {"fallback_application_name", "sightline"}, {NULL, NULL}};
	const struct col_pgconn_user user = {
	    .ready = on_ready, .result = on_result, .lost = on_lost, .arg = session};

	session->conn =
	    col_pgconn_open(session->loop, session->conninfo, settings, &user);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connect_now(arg);
}

struct col_pgsession *col_pgsession_open(struct event_base *loop, const char *conninfo,
    int64_t timeout_ms, void (*idle)(void *arg), void *arg)
{
	struct col_pgsession *session = calloc(1, sizeof(*session));

	if (session == NULL)
		abort();
	session->loop = loop;
	session->conninfo = conninfo;
	session->idle = idle;
	session->idle_arg = arg;
	session->retry_ms = RETRY_MIN_MS;
	snprintf(session->options, sizeof(session->options), "-c statement_timeout=%lld",
	    (long long)timeout_ms);
	session->retry = evtimer_new(loop, on_retry, session);
	if (session->retry == NULL)
		abort();
	connect_now(session);
	return session;
}

void col_pgsession_close(struct col_pgsession *session)
{
	if (session == NULL)
		return;
	col_pgconn_close(session->conn);
	event_free(session->retry);
	free(session);
}

bool col_pgsession_idle(const struct col_pgsession *session)
{
	return session->fn == NULL && col_pgconn_idle(session->conn);
}

void col_pgsession_run(struct col_pgsession *session, const char *what, const char *sql,
    void (*fn)(void *arg, const struct col_pgconn_result *result, bool failed), void *arg)
{
	session->what = what;
	session->fn = fn;
	session->arg = arg;
	session->failed = false;
	col_pgconn_query(session->conn, sql);
}
