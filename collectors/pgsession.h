/* SPDX-License-Identifier: Apache-2.0 */
/* A database session for queries, one at a time, that reconnects by itself. */
#ifndef COL_PGSESSION_H
#define COL_PGSESSION_H

#include "pgconn.h"

struct col_pgsession;

/*
 * col_pgsession_open begins to connect.  timeout_ms bounds each statement.
 * idle is called from the loop whenever a query could be sent: after
 * connecting and after each query.  Aborts without memory.
 */
struct col_pgsession *col_pgsession_open(struct event_base *loop, const char *conninfo,
    int64_t timeout_ms, void (*idle)(void *arg), void *arg);

/* col_pgsession_close ends it; NULL is allowed. */
void col_pgsession_close(struct col_pgsession *session);

/* col_pgsession_idle says whether col_pgsession_run may be called. */
bool col_pgsession_idle(const struct col_pgsession *session);

/*
 * col_pgsession_run sends statements.  fn is called for each result, and once
 * more with NULL: failed then says that a statement or the connection failed,
 * which has been logged under what.
 */
void col_pgsession_run(struct col_pgsession *session, const char *what, const char *sql,
    void (*fn)(void *arg, const struct col_pgconn_result *result, bool failed),
    void *arg);

#endif
