/* SPDX-License-Identifier: Apache-2.0 */
#include "pgconn.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Design notes.  One event watches the socket, for what libpq wants next; it
 * is armed anew after each turn, as libpq may change its socket while it
 * connects.  Whatever goes wrong becomes a pending failure that a zero timer
 * delivers: user->lost is never called from within a function of the user's.
 *
 * CopyData is taken out of libpq's buffer to the last message before more is
 * read, so that buffer holds one read and one message at most.
 */

#define REASON_MAX 512
#define FIXED      4    /* settings that every connection has */
#define TURN_MAX   4096 /* messages per turn, so that timers and signals are heard */

struct col_pgconn_result {
	const PGresult *pg;
	char reason[REASON_MAX];
};

struct col_pgconn {
	PGconn *pg;
	struct event_base *loop;
	struct event *event; /* the socket */
	struct event *later; /* a failure to be told, a resumption */
	struct col_pgconn_user user;
	bool connected, querying, copying, paused;
	bool failed;
	int depth; /* of calls into the user; closing waits for its end */
	bool closed;
	char sqlstate[COL_PGCONN_SQLSTATE];
	char reason[REASON_MAX];
	char *held; /* CopyData that the user has not taken yet */
	int held_bytes;
};

/* ---- connection strings ------------------------------------------------------------ */

/* libpq's messages have several lines. */
static void one_line(const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (; *text != '\0' && len + 1 < size; text++)
		if (*text != '\n')
			out[len++] = *text == '"' ? '\'' : *text;
		else if (text[1] != '\0')
			out[len++] = ' ';
	out[len] = '\0';
}

bool col_pgconn_check(const char *conninfo, char *reason, size_t size)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &message);
	bool right = options != NULL;

	if (!right)
		one_line(message != NULL ? message : "out of memory", reason, size);
	PQfreemem(message);
	for (PQconninfoOption *o = options; right && o != NULL && o->keyword; o++)
		if (o->val != NULL && strstr(o->keyword, "password") != NULL &&
		    o->val[0] != '\0') {
			snprintf(reason, size,
			    "%s does not belong here: name a passfile instead",
			    o->keyword);
			right = false;
		}
	PQconninfoFree(options);
	return right;
}

void col_pgconn_visit_files(
    const char *conninfo, void (*fn)(void *arg, const char *path), void *arg)
{
	static const char *const names[COL_PGCONN_FILES] = {
	    "passfile", "sslrootcert", "sslcert", "sslkey", "sslcrl"};
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

	for (PQconninfoOption *o = options; o != NULL && o->keyword; o++)
		for (size_t i = 0; i < COL_PGCONN_FILES; i++)
			if (strcmp(o->keyword, names[i]) == 0 && o->val != NULL)
				fn(arg, o->val);
	PQconninfoFree(options);
}

/* ---- failures ---------------------------------------------------------------------- */

static void run_later(struct col_pgconn *conn)
{
	struct timeval now = {0};

	event_add(conn->later, &now);
}

static void fail(struct col_pgconn *conn, const char *sqlstate, const char *reason)
{
	if (conn->failed)
		return;
	conn->failed = true;
	snprintf(conn->sqlstate, sizeof(conn->sqlstate), "%s",
	    sqlstate != NULL ? sqlstate : "");
	one_line(reason, conn->reason, sizeof(conn->reason));
	run_later(conn);
}

static void fail_pg(struct col_pgconn *conn)
{
	fail(conn, NULL, PQerrorMessage(conn->pg));
}

static void destroy(struct col_pgconn *conn)
{
	if (conn->event != NULL)
		event_free(conn->event);
	if (conn->later != NULL)
		event_free(conn->later);
	PQfreemem(conn->held);
	PQfinish(conn->pg);
	free(conn);
}

static void enter(struct col_pgconn *conn)
{
	conn->depth++;
}

/* False: the user has closed the connection, and it is gone. */
static bool leave(struct col_pgconn *conn)
{
	if (--conn->depth > 0 || !conn->closed)
		return !conn->closed;
	destroy(conn);
	return false;
}

/* ---- the socket -------------------------------------------------------------------- */

static void on_socket(evutil_socket_t fd, short what, void *arg);

static void arm(struct col_pgconn *conn, short what)
{
	if (conn->event != NULL)
		event_free(conn->event);
	conn->event = event_new(conn->loop, PQsocket(conn->pg), what, on_socket, conn);
	if (conn->event == NULL || event_add(conn->event, NULL) != 0)
		fail(conn, NULL, "the socket cannot be watched");
}

static void arm_idle(struct col_pgconn *conn)
{
	int flushed = conn->failed ? 0 : PQflush(conn->pg);

	if (conn->failed)
		return;
	if (flushed < 0)
		fail_pg(conn);
	else if (flushed > 0 || !conn->paused)
		arm(conn,
		    (short)((flushed > 0 ? EV_WRITE : 0) | (conn->paused ? 0 : EV_READ)));
}

static void go_on_connecting(struct col_pgconn *conn)
{
	switch (PQconnectPoll(conn->pg)) {
	case PGRES_POLLING_READING:
		arm(conn, EV_READ);
		return;
	case PGRES_POLLING_WRITING:
		arm(conn, EV_WRITE);
		return;
	case PGRES_POLLING_OK:
		conn->connected = true;
		PQsetnonblocking(conn->pg, 1);
		conn->user.ready(conn->user.arg);
		return;
	default:
		fail_pg(conn);
	}
}

/* Hands out CopyData; false when the user wants no more, or the stream ended. */
static bool take_data(struct col_pgconn *conn, int *budget)
{
	while (!conn->closed && !conn->failed) {
		if (conn->held == NULL) {
			conn->held_bytes = PQgetCopyData(conn->pg, &conn->held, 1);
			if (conn->held_bytes == 0)
				return true;
			if (conn->held_bytes < 0) {
				conn->held = NULL;
				conn->copying = false;
				if (conn->held_bytes < -1)
					fail_pg(conn);
				return conn->held_bytes == -1;
			}
		}
		if (--*budget < 0) {
			conn->paused = true;
			run_later(conn);
			return false;
		}
		struct sl_slice bytes = {conn->held, (size_t)conn->held_bytes};
		if (!conn->user.data(conn->user.arg, bytes)) {
			conn->paused = true;
			return false;
		}
		PQfreemem(conn->held);
		conn->held = NULL;
	}
	return false;
}

/* Hands out results as far as they have come. */
static void take_results(struct col_pgconn *conn)
{
	while (conn->querying && !conn->copying && !conn->closed && !PQisBusy(conn->pg)) {
		PGresult *pg = PQgetResult(conn->pg);
		struct col_pgconn_result result = {.pg = pg};
		if (pg == NULL) {
			conn->querying = false;
			conn->user.result(conn->user.arg, NULL);
			return;
		}
		one_line(PQresultErrorMessage(pg), result.reason, sizeof(result.reason));
		conn->copying = PQresultStatus(pg) == PGRES_COPY_BOTH;
		conn->user.result(conn->user.arg, &result);
		PQclear(pg);
	}
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct col_pgconn *conn = arg;
	int budget = TURN_MAX;

	(void)fd;
	if (conn->failed)
		return;
	enter(conn);
	if (!conn->connected) {
		go_on_connecting(conn);
		if (leave(conn) && conn->connected)
			arm_idle(conn);
		return;
	}
	if (what & EV_READ && !PQconsumeInput(conn->pg))
		fail_pg(conn);
	if (!conn->failed && !conn->paused &&
	    (!conn->copying || take_data(conn, &budget)))
		take_results(conn);
	if (!conn->closed && conn->copying && !conn->paused && !conn->failed)
		take_data(conn, &budget);
	if (!conn->closed && PQstatus(conn->pg) == CONNECTION_BAD)
		fail_pg(conn);
	if (leave(conn))
		arm_idle(conn);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct col_pgconn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->failed) {
		enter(conn);
		conn->user.lost(conn->user.arg, conn->sqlstate, conn->reason);
		leave(conn);
		return;
	}
	conn->paused = false;
	on_socket(-1, 0, conn);
}

/* ---- life cycle -------------------------------------------------------------------- */

struct col_pgconn *col_pgconn_open(struct event_base *loop, const char *conninfo,
    const struct col_pgconn_setting *setting, const struct col_pgconn_user *user)
{
	const char *key[COL_PGCONN_SETTINGS + FIXED + 1] = {
	    "gssencmode", "tcp_user_timeout", "client_encoding", "dbname"};
	const char *value[COL_PGCONN_SETTINGS + FIXED + 1] = {
	    "disable", "30000", "UTF8", conninfo};
	size_t count = FIXED;
	struct col_pgconn *conn = calloc(1, sizeof(*conn));

	for (; setting->key != NULL && count < COL_PGCONN_SETTINGS + FIXED; setting++) {
		key[count] = setting->key;
		value[count++] = setting->value;
	}
	if (conn == NULL)
		abort();
	conn->loop = loop;
	conn->user = *user;
	conn->later = evtimer_new(loop, on_later, conn);
	conn->pg = PQconnectStartParams(key, value, 1);
	if (conn->later == NULL || conn->pg == NULL)
		abort();
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		fail_pg(conn);
	else
		arm(conn, EV_WRITE);
	return conn;
}

void col_pgconn_close(struct col_pgconn *conn)
{
	if (conn == NULL)
		return;
	conn->closed = true;
	if (conn->depth == 0)
		destroy(conn);
}

bool col_pgconn_idle(const struct col_pgconn *conn)
{
	return conn != NULL && conn->connected && !conn->querying && !conn->failed;
}

void col_pgconn_query(struct col_pgconn *conn, const char *sql)
{
	conn->querying = true;
	if (!PQsendQuery(conn->pg, sql))
		fail_pg(conn);
	else if (conn->depth == 0)
		arm_idle(conn);
}

void col_pgconn_resume(struct col_pgconn *conn)
{
	if (conn->paused)
		run_later(conn);
}

void col_pgconn_send(struct col_pgconn *conn, const void *bytes, size_t len)
{
	if (conn->failed)
		return;
	/* 0: libpq's buffer is full and the server does not read: later is early
	 * enough, as what is sent here is repeated. */
	if (PQputCopyData(conn->pg, bytes, (int)len) < 0)
		fail_pg(conn);
	else if (conn->depth == 0)
		arm_idle(conn);
}

/* ---- results ----------------------------------------------------------------------- */

const char *col_pgconn_error(const struct col_pgconn_result *result)
{
	switch (PQresultStatus(result->pg)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_COPY_BOTH:
		return NULL;
	default:
		return result->reason;
	}
}

const char *col_pgconn_sqlstate(const struct col_pgconn_result *result)
{
	const char *state = PQresultErrorField(result->pg, PG_DIAG_SQLSTATE);

	return state != NULL ? state : "";
}

bool col_pgconn_copying(const struct col_pgconn_result *result)
{
	return PQresultStatus(result->pg) == PGRES_COPY_BOTH;
}

int col_pgconn_rows(const struct col_pgconn_result *result)
{
	return PQntuples(result->pg);
}

int col_pgconn_columns(const struct col_pgconn_result *result)
{
	return PQnfields(result->pg);
}

const char *col_pgconn_value(const struct col_pgconn_result *result, int row, int column)
{
	if (row >= PQntuples(result->pg) || column >= PQnfields(result->pg) ||
	    PQgetisnull(result->pg, row, column))
		return NULL;
	return PQgetvalue(result->pg, row, column);
}
