/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a snapshot of the database contains what the stream has shown. */
#ifndef COL_PGVISIBLE_H
#define COL_PGVISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A commit is in the stream a moment before it becomes visible to others (the
 * log is written first), so a query that runs at once may not see what made
 * it run.  The newest transactions of the stream are therefore compared with
 * the query's own snapshot.
 */
#define COL_PGVISIBLE_MAX 256

struct col_pgvisible {
	uint32_t xid[COL_PGVISIBLE_MAX];
	size_t count; /* ever noted */
};

/* col_pgvisible_note remembers a transaction; the oldest of them is forgotten. */
void col_pgvisible_note(struct col_pgvisible *visible, uint32_t xid);

/*
 * col_pgvisible_check reads pg_current_snapshot() as text, "xmin:xmax:xip,…".
 * Returns 1 if it contains every transaction that is remembered, 0 if not,
 * SL_EMALFORMED.  Pure.
 */
int col_pgvisible_check(const struct col_pgvisible *visible, const char *snapshot);

#endif
