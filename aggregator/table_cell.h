/* SPDX-License-Identifier: Apache-2.0 */
/* A cell of the state table: bytes that are replaced whole or not at all. */
#ifndef AGG_TABLE_CELL_H
#define AGG_TABLE_CELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/entry.h"

/*
 * Layout: the head, then two copies of {len, crc, data[capacity]}.  The copy
 * that counts is the one of the generation's parity; 0 means unused.  The
 * checksum covers generation, length and data.
 */
struct agg_table_cell {
	_Atomic uint64_t generation;
};

/* agg_table_cell_size tells what a cell of such a capacity (a multiple of 8) takes. */
uint32_t agg_table_cell_size(uint32_t capacity);

/* agg_table_cell_set replaces the content; len is at most capacity. */
void agg_table_cell_set(
    struct agg_table_cell *cell, uint32_t capacity, const void *data, uint32_t len);

/*
 * agg_table_cell_get gives the content, valid until the cell is set: 0,
 * SL_ENOTFOUND (unused) or SL_ECORRUPT.
 */
int agg_table_cell_get(
    const struct agg_table_cell *cell, uint32_t capacity, struct sl_slice *content);

static inline bool agg_table_cell_unused(const struct agg_table_cell *cell)
{
	return atomic_load_explicit(&cell->generation, memory_order_relaxed) == 0;
}

/* agg_table_cell_drop makes the cell unused. */
void agg_table_cell_drop(struct agg_table_cell *cell);

#endif
