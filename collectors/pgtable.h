/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that are followed: what the stream and the configuration say of each. */
#ifndef COL_PGTABLE_H
#define COL_PGTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "pgoutput.h"

/* One column as an event shows it. */
struct col_pgtable_column {
	char *field; /* its name in events; NULL: left out */
	uint32_t type;
	bool key;
	bool masked;
	bool watched;
};

struct col_pgtable {
	uint32_t id;
	char *name;                           /* schema.table */
	const struct sl_config_table *config; /* NULL: it makes no events */
	uint64_t queries;                     /* bits of those that depend on it */
	bool full;                            /* replica identity full */
	struct col_pgtable_column *column;
	uint16_t columns;
};

/* All zeroes but section is empty.  Bounded by the configuration. */
struct col_pgtables {
	const struct sl_config_collector *section;
	struct col_pgtable *table;
	size_t count;
};

#define COL_PGTABLE_QUERIES 64

/*
 * col_pgtable_learn takes in what the stream says of a table, which is said
 * anew after each change of it.  A table that the configuration does not
 * name is not kept.
 */
void col_pgtable_learn(
    struct col_pgtables *tables, const struct col_pgoutput_relation *relation);

/* col_pgtable_find returns a table by its id; NULL if it is not kept. */
const struct col_pgtable *col_pgtable_find(
    const struct col_pgtables *tables, uint32_t id);

/* col_pgtable_any is the mask of the queries that depend on all tables. */
uint64_t col_pgtable_any(const struct sl_config_collector *section);

/* col_pgtable_clear frees everything. */
void col_pgtable_clear(struct col_pgtables *tables);

#endif
