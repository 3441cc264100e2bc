/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the state table: for table.c and table_open.c only. */
#ifndef AGG_TABLE_STATE_H
#define AGG_TABLE_STATE_H

#include "aggregator/table.h"
#include "aggregator/table_file.h"
#include "aggregator/table_index.h"

struct agg_table {
	struct agg_table_file file;
	struct agg_table_index index; /* of the series */
	uint32_t *free_slots;         /* of series, below series_used; room for all */
	uint32_t free_count;
};

/* agg_table_key_checksum returns what a key's crc must be. */
uint32_t agg_table_key_checksum(const char *text, size_t len);

/* agg_table_series_check tests a value: 0, SL_ENOTFOUND (none) or SL_ECORRUPT. */
int agg_table_series_check(const struct agg_table *table, uint32_t slot);

#endif
