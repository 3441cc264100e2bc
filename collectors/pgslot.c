/* SPDX-License-Identifier: Apache-2.0 */
#include "pgslot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgplace.h"

/* The names are checked at the start: nothing in them needs quotes. */
#define QUERY                                                                            \
	"SELECT s.slot_name IS NOT NULL, s.wal_status = 'lost', "                        \
	"s.plugin <> 'pgoutput' OR s.database <> current_database(), "                   \
	"current_setting('max_slot_wal_keep_size') <> '-1', "                            \
	"EXISTS (SELECT 1 FROM pg_publication WHERE pubname = '%s'), "                   \
	"pg_current_wal_lsn(), pg_current_wal_lsn() - s.confirmed_flush_lsn, "           \
	"s.safe_wal_size FROM (SELECT 1) one "                                           \
	"LEFT JOIN pg_replication_slots s ON s.slot_name = '%s'"

const char *col_pgslot_query(const struct sl_config_collector *section)
{
	static char sql[1024];

	snprintf(sql, sizeof(sql), QUERY, section->postgres.publication,
	    section->postgres.slot);
	return sql;
}

static bool is_true(const struct col_pgconn_result *result, int column)
{
	const char *text = col_pgconn_value(result, 0, column);

	return text != NULL && text[0] == 't';
}

static double number(const struct col_pgconn_result *result, int column)
{
	const char *text = col_pgconn_value(result, 0, column);

	return text != NULL ? strtod(text, NULL) : NAN;
}

void col_pgslot_read(struct col_pgslot *slot, const struct col_pgconn_result *result)
{
	const char *now = col_pgconn_value(result, 0, 5);

	memset(slot, 0, sizeof(*slot));
	slot->exists = is_true(result, 0);
	slot->lost = is_true(result, 1);
	slot->foreign = is_true(result, 2);
	slot->capped = is_true(result, 3);
	slot->publication = is_true(result, 4);
	if (now == NULL || col_pgplace_parse_lsn(now, &slot->now_lsn) != 0)
		slot->now_lsn = 0;
	slot->lag_bytes = number(result, 6);
	slot->safe_bytes = number(result, 7);
}

const char *col_pgslot_fault(const struct col_pgslot *slot, bool require_cap)
{
	if (slot->foreign)
		return "the slot belongs to another database or plugin";
	if (!slot->publication)
		return "the publication does not exist";
	if (require_cap && !slot->capped)
		return "max_slot_wal_keep_size is unlimited: set it, so that the slot "
		       "cannot fill the server's disk (or require_wal_cap = false)";
	return NULL;
}
