/* SPDX-License-Identifier: Apache-2.0 */
/* How far a replication stream has come: positions, and what may be confirmed. */
#ifndef COL_PGPLACE_H
#define COL_PGPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The position of an event is where its transaction committed and its number
 * in it, from 1.  Transactions come in the order of their commits, so it
 * grows.
 */
struct col_pgplace {
	uint64_t lsn;
	uint64_t index;
};

/* As 16 big-endian bytes, and back. */
void col_pgplace_pack(struct col_pgplace place, unsigned char out[16]);
struct col_pgplace col_pgplace_unpack(const unsigned char position[16]);

/* col_pgplace_after says whether a lies behind b. */
bool col_pgplace_after(struct col_pgplace a, struct col_pgplace b);

/* col_pgplace_parse_lsn reads "16/B374D848".  Returns 0 or SL_EMALFORMED. */
int col_pgplace_parse_lsn(const char *text, uint64_t *lsn);

/*
 * col_pgplace_line names the line of positions: one cluster, its history since
 * the last restore from a backup (its timeline), and one slot.
 */
uint64_t col_pgplace_line(const char *system, const char *timeline, const char *slot);

/*
 * Transactions that are in the ring and not yet durable: the last event of
 * each and what the server may forget once that is durable.  Bounded: when
 * full, the two newest become one, so that less is confirmed, later.
 */
#define COL_PGPLACE_PENDING 1024

struct col_pgplace_pending {
	struct {
		struct col_pgplace last;
		uint64_t end_lsn;
	} entry[COL_PGPLACE_PENDING];
	size_t first;
	size_t count;
	uint64_t confirmed_lsn;
};

/* col_pgplace_add notes a transaction, newer than all before. */
void col_pgplace_add(
    struct col_pgplace_pending *pending, struct col_pgplace last, uint64_t end_lsn);

/* col_pgplace_durable takes a durable position into account. */
void col_pgplace_durable(struct col_pgplace_pending *pending, struct col_pgplace durable);

/*
 * col_pgplace_idle notes that everything up to an LSN has been looked at
 * outside of a transaction; it counts only if nothing is pending.
 */
void col_pgplace_idle(struct col_pgplace_pending *pending, uint64_t lsn);

#endif
