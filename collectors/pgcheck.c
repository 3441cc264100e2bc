/* SPDX-License-Identifier: Apache-2.0 */
#include "pgcheck.h"

#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "pgconn.h"
#include "pgtable.h"

static bool is_identifier(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static int wrong(const struct sl_process *process,
    const struct sl_config_collector *section, const char *what, const char *value,
    const char *why)
{
	sl_log_error("config", "collector \"%s\" in file=%s: %s \"%s\": %s",
	    section->title, process->paths.config, what, value, why);
	return EX_CONFIG;
}

/* An event that the catalog does not declare would be refused one by one. */
static int check_types(const struct sl_process *process,
    const struct sl_config_collector *section, const struct sl_config_table *table)
{
	const char *types[] = {table->insert, table->update, table->delete,
	    table->truncate, table->watch_event};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i][0] != '\0' && sl_catalog_event(process->catalog, types[i],
					       strlen(types[i])) == NULL)
			return wrong(process, section, table->title, types[i],
			    "the catalog does not declare this type of event");
	return EX_OK;
}

int col_pgcheck_section(
    const struct sl_process *process, const struct sl_config_collector *section)
{
	const struct sl_config_postgres *postgres = &section->postgres;
	char reason[256];

	if (!col_pgconn_check(postgres->conninfo, reason, sizeof(reason)))
		return wrong(process, section, "conninfo", "…", reason);
	if (!is_identifier(postgres->slot))
		return wrong(process, section, "slot", postgres->slot,
		    "must be of a-z, 0-9 and _");
	if (!is_identifier(postgres->publication))
		return wrong(process, section, "publication", postgres->publication,
		    "must be of a-z, 0-9 and _");
	if (section->query_count > COL_PGTABLE_QUERIES)
		return wrong(process, section, "query",
		    section->query[COL_PGTABLE_QUERIES].title,
		    "a source can have 64 queries");
	for (size_t i = 0; i < section->table_count; i++)
		if (check_types(process, section, &section->table[i]) != EX_OK)
			return EX_CONFIG;
	return EX_OK;
}
