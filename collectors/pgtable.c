/* SPDX-License-Identifier: Apache-2.0 */
#include "pgtable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static bool equals(struct sl_slice slice, const char *text, size_t len)
{
	return slice.len == len && memcmp(slice.data, text, len) == 0;
}

static bool has_name(const struct sl_names *names, struct sl_slice name)
{
	for (size_t i = 0; i < names->count; i++)
		if (equals(name, names->name[i], strlen(names->name[i])))
			return true;
	return false;
}

/* The field that a column has in events; NULL: none. */
static char *make_field(const struct sl_names *fields, struct sl_slice column)
{
	char *field = NULL;

	for (size_t i = 0; i < fields->count && field == NULL; i++) {
		const char *colon = strchr(fields->name[i], ':');
		size_t len = colon != NULL ? (size_t)(colon - fields->name[i])
					   : strlen(fields->name[i]);
		if (equals(column, fields->name[i], len))
			field = colon != NULL ? strdup(colon + 1)
					      : strndup(column.data, column.len);
	}
	return fields->count == 0 ? strndup(column.data, column.len) : field;
}

/* Columns that the configuration names and the table has not: said, not fatal. */
static void warn_missing(const struct col_pgtable *table, const char *option,
    const char *name, struct col_pgoutput_relation relation)
{
	size_t len = strcspn(name, ":");

	for (uint16_t i = 0; i < table->columns; i++)
		if (equals(col_pgoutput_column(&relation).name, name, len))
			return;
	sl_log_warn("table", "has no such column table=%s option=%s column=%.*s",
	    table->name, option, (int)len, name);
}

static void check_columns(
    const struct col_pgtable *table, const struct col_pgoutput_relation *relation)
{
	const struct sl_config_table *config = table->config;

	for (size_t i = 0; i < config->fields.count; i++)
		warn_missing(table, "fields", config->fields.name[i], *relation);
	for (size_t i = 0; i < config->mask.count; i++)
		warn_missing(table, "mask", config->mask.name[i], *relation);
	if (config->watch[0] != '\0')
		warn_missing(table, "watch", config->watch, *relation);
	if (config->watch[0] != '\0' && !table->full)
		sl_log_warn("table",
		    "its updates do not say what changed: ALTER TABLE %s REPLICA "
		    "IDENTITY FULL watch=%s",
		    table->name, config->watch);
}

static void clear_columns(struct col_pgtable *table)
{
	for (uint16_t i = 0; i < table->columns; i++)
		free(table->column[i].field);
	free(table->column);
	table->column = NULL;
	table->columns = 0;
}

static void learn_columns(
    struct col_pgtable *table, const struct col_pgoutput_relation *relation)
{
	struct col_pgoutput_relation rest = *relation;

	clear_columns(table);
	table->full = relation->identity == 'f';
	if (table->config == NULL)
		return;
	table->column = calloc(relation->columns + 1u, sizeof(*table->column));
	if (table->column == NULL)
		abort();
	table->columns = relation->columns;
	for (uint16_t i = 0; i < table->columns; i++) {
		struct col_pgoutput_column column = col_pgoutput_column(&rest);
		table->column[i] = (struct col_pgtable_column){
		    .field = make_field(&table->config->fields, column.name),
		    .type = column.type,
		    .key = column.key,
		    .masked = has_name(&table->config->mask, column.name),
		    .watched = equals(
			column.name, table->config->watch, strlen(table->config->watch)),
		};
	}
	check_columns(table, relation);
}

static uint64_t queries_of(const struct sl_config_collector *section, const char *name)
{
	uint64_t mask = col_pgtable_any(section);

	for (size_t i = 0; i < section->query_count; i++) {
		const struct sl_config_query *query = &section->query[i];
		if (has_name(&query->tables, sl_slice_text(name)))
			mask |= UINT64_C(1) << i;
	}
	return mask;
}

uint64_t col_pgtable_any(const struct sl_config_collector *section)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < section->query_count; i++)
		if (section->query[i].tables.count == 0)
			mask |= UINT64_C(1) << i;
	return mask;
}

static const struct sl_config_table *find_config(
    const struct sl_config_collector *section, const char *name)
{
	for (size_t i = 0; i < section->table_count; i++)
		if (strcmp(section->table[i].title, name) == 0)
			return &section->table[i];
	return NULL;
}

void col_pgtable_learn(
    struct col_pgtables *tables, const struct col_pgoutput_relation *relation)
{
	char name[160]; /* two names of at most 63 bytes */
	struct sl_slice schema =
	    relation->schema.len > 0 ? relation->schema : sl_slice_text("pg_catalog");
	struct col_pgtable *table = NULL;

	snprintf(name, sizeof(name), "%.*s.%.*s", (int)schema.len, schema.data,
	    (int)relation->name.len, relation->name.data);
	const struct sl_config_table *config = find_config(tables->section, name);
	uint64_t queries = queries_of(tables->section, name);
	if (config == NULL && queries == col_pgtable_any(tables->section))
		return;
	/* By name, so that a table that was made anew takes the place of the old one. */
	for (size_t i = 0; i < tables->count && table == NULL; i++)
		if (strcmp(tables->table[i].name, name) == 0)
			table = &tables->table[i];
	if (table == NULL) {
		tables->table = reallocarray(
		    tables->table, tables->count + 1, sizeof(*tables->table));
		if (tables->table == NULL)
			abort();
		table = &tables->table[tables->count++];
		*table = (struct col_pgtable){.name = strdup(name)};
	}
	table->id = relation->id;
	table->config = config;
	table->queries = queries;
	learn_columns(table, relation);
}

const struct col_pgtable *col_pgtable_find(const struct col_pgtables *tables, uint32_t id)
{
	for (size_t i = 0; i < tables->count; i++)
		if (tables->table[i].id == id)
			return &tables->table[i];
	return NULL;
}

void col_pgtable_clear(struct col_pgtables *tables)
{
	for (size_t i = 0; i < tables->count; i++) {
		clear_columns(&tables->table[i]);
		free(tables->table[i].name);
	}
	free(tables->table);
	tables->table = NULL;
	tables->count = 0;
}
