/* SPDX-License-Identifier: Apache-2.0 */
/* What a catalog is inside.  Only the catalog_*.c include this. */
#ifndef SL_CATALOG_DATA_H
#define SL_CATALOG_DATA_H

#include <stdatomic.h>

#include "catalog.h"
#include "conf.h"
#include "name_index.h"

/* One metric with the topic that its values have. */
struct sl_catalog_metric_row {
	struct sl_catalog_metric metric;
	struct sl_catalog_tally tally;
	char *topic; /* "metrics.system_health.cpu_usage" */
};

struct sl_catalog_event_row {
	struct sl_catalog_event event;
	struct sl_catalog_field *field;
};

struct sl_catalog_alias {
	const char *name;
	const char **topic; /* of the conf tree */
	size_t topic_count;
	const char *file;
	int line;
};

/*
 * Strings belong to the conf trees or to the pool.  Arrays of pointers, so
 * that items stay where they are while others are added.
 */
struct sl_catalog {
	_Atomic unsigned refs;
	struct sl_catalog_module **module;
	size_t module_count;
	struct sl_catalog_metric_row **metric;
	size_t metric_count;
	struct sl_catalog_event_row **event;
	size_t event_count;
	struct sl_catalog_alias **alias;
	size_t alias_count;
	struct sl_catalog_role **role;
	size_t role_count;

	struct sl_name_index modules;  /* "system_health" */
	struct sl_name_index metrics;  /* "system_health.cpu_usage" */
	struct sl_name_index by_name;  /* "cpu_usage": the preferred one */
	struct sl_name_index events;   /* "content.updated", "bench.>" */
	struct sl_name_index families; /* "content": number of its module */
	struct sl_name_index aliases;
	struct sl_name_index roles; /* names and their aliases */

	struct sl_conf **conf;
	size_t conf_count;
	char **pool;
	size_t pool_count;
};

/* Before the topic's "module.name". */
#define SL_CATALOG_METRICS_PREFIX "metrics."
#define SL_CATALOG_EVENTS_PREFIX  "events."

/* sl_catalog_pool returns formatted text that lives as long as the catalog. */
char *sl_catalog_pool(struct sl_catalog *catalog, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * sl_catalog_build makes the items from catalog->conf; returns 0 or SL_EINVAL
 * with one line in error.  Over all trees in this order: modules, families,
 * metrics, events, roles, aliases, as later kinds name earlier ones.
 */
int sl_catalog_build(struct sl_catalog *catalog, struct sl_buf *error);

/* The grammar of a catalog file. */
extern const struct sl_conf_rule sl_catalog_rules[];

/* sl_catalog_fail writes "FILE:LINE: kind "title": …" and returns SL_EINVAL. */
int sl_catalog_fail(const struct sl_conf_entry *entry, struct sl_buf *error,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Add or replace one entry; each kind in its own file. */
int sl_catalog_add_metric(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error);
int sl_catalog_add_event(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error);
int sl_catalog_add_role(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error);

/*
 * sl_catalog_read_tally reads how a metric is counted from events into the row
 * whose metric is filled; sl_catalog_check_tallies, once all is read, whether the
 * types that they name are there.  Both return 0 or SL_EINVAL.
 */
int sl_catalog_read_tally(const struct sl_conf_entry *entry,
    struct sl_catalog_metric_row *row, struct sl_buf *error);
int sl_catalog_check_tallies(const struct sl_catalog *catalog, struct sl_buf *error);

/* sl_catalog_is_name tells whether text is [a-z_][a-z0-9_]* of at most 128 bytes. */
bool sl_catalog_is_name(const char *text);

/*
 * sl_catalog_add grows an array of pointers by one zeroed item of size bytes
 * and returns that.
 */
void *sl_catalog_add(void *array, size_t *count, size_t size);

#endif
