/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: modules, metrics, event types, aliases and roles. */
#ifndef SL_CATALOG_H
#define SL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "topic.h"

struct sl_buf;
struct sl_config;
struct sl_paths;

/*
 * A catalog is immutable and counted: whoever keeps a pointer into it over a
 * reload holds a reference.  All strings live as long as the catalog.  Indices
 * are dense, from 0, in the order of the files, and hold for one catalog.
 */
struct sl_catalog;

/* Modules are bits of a mask. */
#define SL_CATALOG_MODULES_MAX 64
#define SL_CATALOG_METRICS_MAX 65536
#define SL_CATALOG_EVENTS_MAX  4096

struct sl_catalog_module {
	const char *name;   /* "system_health" */
	const char *title;  /* "System health" */
	const char *key;    /* "systemHealth": its section of the snapshot */
	const char *notice; /* what its section says of itself; NULL: nothing */
	unsigned index;
	uint64_t bit; /* 1 << index */
};

enum sl_metric_kind {
	SL_METRIC_GAUGE,
	SL_METRIC_COUNTER,
	SL_METRIC_TIMER,
	SL_METRIC_STATUS
};

/* How the series of a metric make its scalar. */
enum sl_aggregate {
	SL_AGGREGATE_LAST,
	SL_AGGREGATE_SUM,
	SL_AGGREGATE_AVG,
	SL_AGGREGATE_MIN,
	SL_AGGREGATE_MAX,
	SL_AGGREGATE_COUNT,
};

/* How a metric is counted from events. */
enum sl_tally_kind {
	SL_TALLY_COUNT,  /* of events, less minus */
	SL_TALLY_SUM,    /* of value, less minus */
	SL_TALLY_AVG,    /* of value */
	SL_TALLY_SHARE,  /* events as percent of "of" */
	SL_TALLY_GROWTH, /* of count or sum against the period before, in percent */
};

/* Types of events and patterns over them. */
struct sl_catalog_types {
	const char **name;
	size_t count;
};

/* Metrics of a catalog that count events. */
#define SL_CATALOG_TALLIES_MAX 256

/* Instead of a duration. */
#define SL_TALLY_TODAY  0    /* the local day so far */
#define SL_TALLY_ALWAYS (-1) /* all that ever came */

struct sl_catalog_tally {
	enum sl_tally_kind kind;
	struct sl_catalog_types events, minus, of;
	const char *value; /* field of the payload; NULL: each event is one */
	int64_t over_ms;   /* length of the window, or one of the above */
};

struct sl_catalog_metric {
	const char *name;
	const struct sl_catalog_module *module;
	const char *title;
	const char *unit; /* "percent", "ms", "bytes", "" … */
	enum sl_metric_kind kind;
	enum sl_aggregate aggregate;
	const char *field; /* key in its section of the snapshot */
	bool snapshot;     /* false: left out of the snapshot */
	bool has_warning;
	bool has_critical;
	bool lower_is_worse; /* critical < warning */
	double warning;
	double critical;
	double clear_warning; /* where the alert ends; NaN: at its limit */
	double clear_critical;
	int64_t for_ms; /* how long it has to hold before it fires */
	int64_t
	    stale_after_ms; /* silence after which the value is stale; 0: its source's */
	const char *expr;   /* derived: its expression; NULL: fed by sources */
	const struct sl_catalog_tally *tally; /* counted from events; NULL: not */
	const char *origin; /* "FILE:LINE", for error lines about expr */
	unsigned index;
};

enum sl_field_type {
	SL_FIELD_ANY,
	SL_FIELD_STRING,
	SL_FIELD_NUMBER,
	SL_FIELD_INTEGER,
	SL_FIELD_BOOLEAN,
	SL_FIELD_TIME, /* RFC 3339 text */
	SL_FIELD_OBJECT,
	SL_FIELD_ARRAY,
};

struct sl_catalog_field {
	const char *name;
	enum sl_field_type type;
	bool optional;
};

struct sl_catalog_event {
	const char *name; /* "content.updated", or a pattern: "bench.>" */
	bool wildcard;
	const struct sl_catalog_module *module;
	enum sl_stream priority; /* SL_STREAM_CRITICAL … SL_STREAM_LOW */
	const char *title;
	const struct sl_catalog_field *field; /* of the payload; others may follow */
	size_t field_count;
	int64_t rate_limit; /* events per second and source, the rest is shed; 0: none */
	unsigned index;
};

/* X(bit, name): what a role may do, beside reading its modules. */
#define SL_RIGHT_TABLE(X)                                                                \
	X(ACKNOWLEDGE, 0, "acknowledge")                                                 \
	X(SILENCE, 1, "silence")                                                         \
	X(RULES, 2, "rules")                                                             \
	X(LAYOUTS, 3, "layouts")                                                         \
	X(EXPORT, 4, "export")                                                           \
	X(AUDIT, 5, "audit")                                                             \
	X(FORCE_AGGREGATION, 6, "force-aggregation")                                     \
	X(STATUS, 7, "status")                                                           \
	X(CONNECTIONS, 8, "connections")                                                 \
	X(CONTROL, 9, "control") /* start and stop the aggregator */

enum sl_right {
#define X(id, bit, name) SL_RIGHT_##id = 1 << (bit),
	SL_RIGHT_TABLE(X)
#undef X
};

struct sl_catalog_role {
	const char *name;
	uint64_t modules; /* mask of module bits */
	uint32_t may;     /* mask of enum sl_right */
	bool all_modules; /* "modules = {all}": whatever the catalog has */
	unsigned index;
};

/*
 * sl_catalog_load reads paths->catalog and then the *.conf of
 * paths->catalog_dir in the order of their names; a later entry of one name
 * wins.  Gives one reference.  On failure (SL_EINVAL, SL_ESYS) *out is
 * untouched and error gets one line with file and line.  May block on files;
 * not thread-safe.
 */
int sl_catalog_load(
    const struct sl_paths *paths, struct sl_catalog **out, struct sl_buf *error);

/* sl_catalog_parse makes a catalog of one text; name stands for the file in errors. */
int sl_catalog_parse(
    const char *name, const char *text, struct sl_catalog **out, struct sl_buf *error);

/*
 * sl_catalog_check tells whether the modules and metrics that a configuration
 * names are there: 0, or SL_EINVAL with one line in error.
 */
int sl_catalog_check(const struct sl_catalog *catalog, const struct sl_config *config,
    struct sl_buf *error);

/* sl_catalog_ref and _unref take and give back a reference; thread-safe. */
struct sl_catalog *sl_catalog_ref(const struct sl_catalog *catalog);
void sl_catalog_unref(const struct sl_catalog *catalog);

/* Counts, and items by index (NULL past the end). */
size_t sl_catalog_module_count(const struct sl_catalog *catalog);
size_t sl_catalog_metric_count(const struct sl_catalog *catalog);
size_t sl_catalog_event_count(const struct sl_catalog *catalog);
size_t sl_catalog_role_count(const struct sl_catalog *catalog);
const struct sl_catalog_module *sl_catalog_module_at(
    const struct sl_catalog *catalog, size_t i);
const struct sl_catalog_metric *sl_catalog_metric_at(
    const struct sl_catalog *catalog, size_t i);
const struct sl_catalog_event *sl_catalog_event_at(
    const struct sl_catalog *catalog, size_t i);
const struct sl_catalog_role *sl_catalog_role_at(
    const struct sl_catalog *catalog, size_t i);

/*
 * Lookups by name, O(1) for exact names; NULL if unknown.  Names come from
 * outside and need no NUL.
 *
 * A metric's name is unique in its module.  With module NULL it is looked for
 * in all: a source names only the metric, so sl_catalog_metric prefers one
 * that sources feed to a derived one, then the first declared.
 */
const struct sl_catalog_module *sl_catalog_module(
    const struct sl_catalog *catalog, const char *name, size_t len);
const struct sl_catalog_metric *sl_catalog_metric(const struct sl_catalog *catalog,
    const struct sl_catalog_module *module, const char *name, size_t len);

/* The type of an event: an exact name wins over wildcards, these by order. */
const struct sl_catalog_event *sl_catalog_event(
    const struct sl_catalog *catalog, const char *name, size_t len);

/* sl_catalog_types_have tells whether a type of the catalog is among them. */
bool sl_catalog_types_have(
    const struct sl_catalog_types *types, const struct sl_catalog_event *event);

/* A role by its name or one of its aliases. */
const struct sl_catalog_role *sl_catalog_role(
    const struct sl_catalog *catalog, const char *name, size_t len);

/* sl_catalog_all_modules is the mask of all modules that there are. */
uint64_t sl_catalog_all_modules(const struct sl_catalog *catalog);

/*
 * What a name stands for: topics that match pattern, and of these only what
 * belongs to module where that is not NULL (the alerts and events of a
 * module; it lives as long as the catalog).
 */
struct sl_catalog_target {
	char pattern[SL_TOPIC_MAX + 1];
	size_t len;
	const struct sl_catalog_module *module;
};

/* Most targets of one name: what an alias can list. */
#define SL_CATALOG_TARGETS_MAX 32

/*
 * sl_catalog_resolve looks a client's name up, in this order: topic or
 * pattern, alias, event type, module, metric.  Writes the targets and returns
 * their number; SL_EMALFORMED for something that cannot be a name,
 * SL_ENOTFOUND for a name that stands for nothing that the catalog declares.
 * "activity" is "events.>"; a metric that several modules have stands for all of
 * them.
 */
int sl_catalog_resolve(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target out[SL_CATALOG_TARGETS_MAX]);

/*
 * sl_catalog_reach returns the modules whose data a target can bring: a name
 * none of whose targets reaches a module of the caller's role is forbidden.
 */
uint64_t sl_catalog_reach(
    const struct sl_catalog *catalog, const struct sl_catalog_target *target);

/* The words of the tables, for output: "gauge", "avg", "string". */
const char *sl_metric_kind_name(enum sl_metric_kind kind);
const char *sl_aggregate_name(enum sl_aggregate aggregate);
const char *sl_field_type_name(enum sl_field_type type);

#endif
