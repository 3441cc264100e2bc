/* SPDX-License-Identifier: Apache-2.0 */
/* What the replication stream says, written into the ring in its order. */
#ifndef COL_PGCHANGE_H
#define COL_PGCHANGE_H

#include "buf.h"
#include "core.h"
#include "pgplace.h"
#include "pgquery.h"
#include "pgtable.h"

/*
 * The caller sets the first group and clears with col_pgchange_clear; the rest
 * begins as zeroes.
 */
struct col_pgchange {
	struct col_core *core;
	struct col_pgqueries *queries;
	struct col_pgtables tables;
	size_t value_max;

	struct col_pgplace last; /* newest event that is in the ring or journaled */
	struct col_pgplace_pending pending;

	/* the transaction that is being read */
	bool in_transaction;
	uint64_t commit_lsn;
	uint64_t index; /* changes of it that are done with */
	int64_t time_ns;
	uint32_t xid;
	uint64_t queries_hit;

	struct sl_buf payload;
	uint64_t changes;  /* rows that were read */
	uint64_t events;   /* written */
	uint64_t repeated; /* read again after a reconnect, and left out */
	uint64_t refused;  /* no event could be made of them */
	bool refused_logged;
};

/* col_pgchange_begin tells that the stream starts anew, outside of a transaction. */
void col_pgchange_begin(struct col_pgchange *change);

/*
 * col_pgchange_take processes one message of pgoutput.  Never blocks.  Returns
 * 0; SL_EAGAIN if the ring is full: call again with the same message;
 * SL_EMALFORMED.
 */
int col_pgchange_take(struct col_pgchange *change, struct sl_slice bytes);

/*
 * col_pgchange_gap writes system.source_gap at the place lsn: what happened
 * between change->last and now is lost.  Returns 0 or SL_EAGAIN.
 */
int col_pgchange_gap(
    struct col_pgchange *change, const char *source, const char *reason, uint64_t lsn);

/* col_pgchange_confirmed returns up to where the server may forget its log. */
uint64_t col_pgchange_confirmed(struct col_pgchange *change);

void col_pgchange_clear(struct col_pgchange *change);

#endif
