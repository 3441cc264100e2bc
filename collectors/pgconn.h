/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to PostgreSQL on the event loop: the home of libpq. */
#ifndef COL_PGCONN_H
#define COL_PGCONN_H

#include <stdbool.h>
#include <stddef.h>

#include "entry.h"
#include "loop.h"

struct col_pgconn;
struct col_pgconn_result;

#define COL_PGCONN_SQLSTATE 6
#define COL_PGCONN_SETTINGS 8
#define COL_PGCONN_FILES    5

/* One more setting of the connection string: {"replication", "database"}. */
struct col_pgconn_setting {
	const char *key;
	const char *value;
};

/*
 * What the user is told, always from the loop.  Inside of a callback the
 * connection may be closed with col_pgconn_close.
 */
struct col_pgconn_user {
	/* Connected and idle. */
	void (*ready)(void *arg);
	/*
	 * One result of the query under way; NULL once all have come and the
	 * connection is idle again.  The result lives until the call returns.
	 */
	void (*result)(void *arg, const struct col_pgconn_result *result);
	/*
	 * One CopyData.  False: call again with the same bytes after
	 * col_pgconn_resume; nothing is read meanwhile.
	 */
	bool (*data)(void *arg, struct sl_slice bytes);
	/* The connection is of no more use; reason is one line. */
	void (*lost)(void *arg, const char *sqlstate, const char *reason);
	void *arg;
};

/*
 * col_pgconn_check reads a connection string.  Returns true, or false with one
 * line in reason: it is malformed, or has a password in it, which would be
 * shown wherever the configuration is.
 */
bool col_pgconn_check(const char *conninfo, char *reason, size_t size);

/*
 * col_pgconn_visit_files calls fn for each file that the connection string
 * names; the string lives until fn returns.
 */
void col_pgconn_visit_files(
    const char *conninfo, void (*fn)(void *arg, const char *path), void *arg);

/*
 * col_pgconn_open begins to connect.  Settings beat the connection string and
 * end with a NULL key.  A host name is looked up by libc within the call,
 * which then blocks; addresses and socket directories don't.  A connection
 * that cannot be made is told by user->lost.
 */
struct col_pgconn *col_pgconn_open(struct event_base *loop, const char *conninfo,
    const struct col_pgconn_setting *setting, const struct col_pgconn_user *user);

/* col_pgconn_close ends it without waiting; NULL is allowed. */
void col_pgconn_close(struct col_pgconn *conn);

/* col_pgconn_idle says whether a query can be sent. */
bool col_pgconn_idle(const struct col_pgconn *conn);

/*
 * col_pgconn_query sends one or more statements; only when idle.  Never
 * blocks.  Failure is told by user->lost, from the loop.
 */
void col_pgconn_query(struct col_pgconn *conn, const char *sql);

/* col_pgconn_resume goes on where data returned false. */
void col_pgconn_resume(struct col_pgconn *conn);

/* col_pgconn_send puts one CopyData on its way without blocking. */
void col_pgconn_send(struct col_pgconn *conn, const void *bytes, size_t len);

/* ---- results --------------------------------------------------------------------- */

/* col_pgconn_error returns one line that says what failed; NULL if nothing did. */
const char *col_pgconn_error(const struct col_pgconn_result *result);

/* col_pgconn_sqlstate returns the five characters of a failure, or "". */
const char *col_pgconn_sqlstate(const struct col_pgconn_result *result);

/* col_pgconn_copying says whether this is the start of a replication stream. */
bool col_pgconn_copying(const struct col_pgconn_result *result);

/* Rows and columns; 0 where the result is none of rows. */
int col_pgconn_rows(const struct col_pgconn_result *result);
int col_pgconn_columns(const struct col_pgconn_result *result);

/* col_pgconn_value returns a value as text; NULL for SQL's NULL or outside. */
const char *col_pgconn_value(const struct col_pgconn_result *result, int row, int column);

#endif
