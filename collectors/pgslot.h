/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the replication slot and at what keeps it from filling the disk. */
#ifndef COL_PGSLOT_H
#define COL_PGSLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "pgconn.h"

struct col_pgslot {
	bool exists;
	bool lost;         /* the server has removed log that it needs */
	bool foreign;      /* it is of another database or plugin */
	bool capped;       /* max_slot_wal_keep_size limits what it holds back */
	bool publication;  /* the publication exists */
	uint64_t now_lsn;  /* where the server writes its log */
	double lag_bytes;  /* that are not confirmed; NaN unknown */
	double safe_bytes; /* until it is lost; NaN without a limit */
};

/* col_pgslot_query returns the query for col_pgslot_read; valid until the next call. */
const char *col_pgslot_query(const struct sl_config_collector *section);

/* col_pgslot_read reads its answer. */
void col_pgslot_read(struct col_pgslot *slot, const struct col_pgconn_result *result);

/*
 * col_pgslot_fault returns why the slot must not be used, in words for the
 * operator; NULL if nothing speaks against it.
 */
const char *col_pgslot_fault(const struct col_pgslot *slot, bool require_cap);

#endif
