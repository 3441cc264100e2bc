/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics that are the answers of SQL queries, asked again when tables change. */
#ifndef COL_PGQUERY_H
#define COL_PGQUERY_H

#include <stdint.h>

#include "core.h"
#include "pgsession.h"

struct col_pgqueries;

/*
 * col_pgquery_new makes the queries of a source's section, all due at once.
 * They live as long as core and session.
 */
struct col_pgqueries *col_pgquery_new(
    struct col_core *core, struct col_pgsession *session);
void col_pgquery_free(struct col_pgqueries *queries);

/*
 * col_pgquery_changed tells that a transaction has changed what the queries in
 * the mask depend on.
 */
void col_pgquery_changed(
    struct col_pgqueries *queries, uint64_t mask, uint32_t xid, int64_t now_ns);

/*
 * col_pgquery_run starts the next query that is due, if the session is idle.
 * Returns when it wants to be called again (monotonic, INT64_MAX: when the
 * session is idle again).
 */
int64_t col_pgquery_run(struct col_pgqueries *queries, int64_t now_ns);

/*
 * col_pgquery_snapshot asks every query once in an exported snapshot and then
 * calls done, also if some of them failed.
 */
void col_pgquery_snapshot(struct col_pgqueries *queries, const char *snapshot,
    void (*done)(void *arg), void *arg);

/* col_pgquery_failures counts the runs that gave no number. */
uint64_t col_pgquery_failures(const struct col_pgqueries *queries);

#endif
