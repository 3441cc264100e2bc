/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: sightline.conf, environment and command line, typed. */
#ifndef SL_CONFIG_H
#define SL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "option_table.h"

struct sl_buf;
struct sl_paths;

/* A list of names; owned by the configuration. */
struct sl_names {
	char **name;
	size_t count;
};

enum sl_option_type {
	SL_OPTION_BOOL,
	SL_OPTION_INT,
	SL_OPTION_NUMBER,
	SL_OPTION_SIZE,
	SL_OPTION_DURATION,
	SL_OPTION_STRING,
	SL_OPTION_CHOICE,
	SL_OPTION_LIST,
};

enum sl_section {
#define X(id, member, name, rows) SL_SECTION_##id,
	SL_SECTION_TABLE(X)
#undef X
	    SL_SECTION_COUNT,
};

/* How an option of each type stands in its struct. */
#define SL_MEMBER_BOOL(name)     bool name;
#define SL_MEMBER_INT(name)      int64_t name;
#define SL_MEMBER_NUMBER(name)   double name;
#define SL_MEMBER_SIZE(name)     int64_t name;
#define SL_MEMBER_DURATION(name) int64_t name##_ms;
#define SL_MEMBER_STRING(name)   char *name;
#define SL_MEMBER_CHOICE(name)   char *name;
#define SL_MEMBER_LIST(name)     struct sl_names name;

#define SL_MEMBER(type, name, unit, def, min, max, reload, prose) SL_MEMBER_##type(name)

/* One struct for each section with the options of its rows. */
struct sl_config_log {
	SL_OPTIONS_LOG(SL_MEMBER)
};
struct sl_config_key {
	char *title;
	SL_OPTIONS_KEY(SL_MEMBER)
};
struct sl_config_auth {
	SL_OPTIONS_AUTH(SL_MEMBER)
	struct sl_config_key *key; /* at least one */
	size_t key_count;
};
struct sl_config_threshold {
	char *title; /* the metric */
	SL_OPTIONS_THRESHOLD(SL_MEMBER)
};
struct sl_config_aggregator {
	SL_OPTIONS_AGGREGATOR(SL_MEMBER)
	struct sl_config_threshold *threshold;
	size_t threshold_count;
};
struct sl_config_gateway {
	SL_OPTIONS_GATEWAY(SL_MEMBER)
};
struct sl_config_system {
	SL_OPTIONS_SYSTEM(SL_MEMBER)
};
struct sl_config_synthetic {
	SL_OPTIONS_SYNTHETIC(SL_MEMBER)
};
struct sl_config_probe {
	char *title;
	SL_OPTIONS_PROBE(SL_MEMBER)
};
struct sl_config_service {
	char *title;
	SL_OPTIONS_SERVICE(SL_MEMBER)
};
struct sl_config_postgres {
	SL_OPTIONS_POSTGRES(SL_MEMBER)
};
struct sl_config_table {
	char *title; /* schema.table */
	SL_OPTIONS_TABLE(SL_MEMBER)
};
struct sl_config_query {
	char *title; /* the metric */
	SL_OPTIONS_QUERY(SL_MEMBER)
};
struct sl_config_webhook {
	SL_OPTIONS_WEBHOOK(SL_MEMBER)
};
struct sl_config_statsd {
	SL_OPTIONS_STATSD(SL_MEMBER)
};
struct sl_config_target {
	char *title;
	SL_OPTIONS_TARGET(SL_MEMBER)
};
struct sl_config_map {
	char *title;
	SL_OPTIONS_MAP(SL_MEMBER)
};
struct sl_config_logs {
	SL_OPTIONS_LOGS(SL_MEMBER)
};
struct sl_config_log_file {
	char *title;
	SL_OPTIONS_LOG_FILE(SL_MEMBER)
};
struct sl_config_log_journal {
	char *title;
	SL_OPTIONS_LOG_JOURNAL(SL_MEMBER)
};
struct sl_config_log_pattern {
	char *title;
	SL_OPTIONS_LOG_PATTERN(SL_MEMBER)
};
struct sl_config_exec {
	SL_OPTIONS_EXEC(SL_MEMBER)
};
struct sl_config_script {
	char *title;
	SL_OPTIONS_SCRIPT(SL_MEMBER)
};
struct sl_config_collector {
	char *title; /* the name of the source */
	SL_OPTIONS_COLLECTOR(SL_MEMBER)
	/* The options of its type; those of others have no meaning. */
#define X(id, member) struct sl_config_##member member;
	SL_COLLECTOR_OPTIONS_TABLE(X)
#undef X
	/* Its titled sections, such as probe and probe_count. */
#define X(id, member, name)                                                              \
	struct sl_config_##member *member;                                               \
	size_t member##_count;
	SL_COLLECTOR_SECTION_TABLE(X)
#undef X
};

/*
 * A whole configuration, e.g. config->gateway.port,
 * config->aggregator.update_interval_ms.  Immutable once loaded.
 */
struct sl_config {
	struct sl_config_log log;
	struct sl_config_auth auth;
	struct sl_config_aggregator aggregator;
	struct sl_config_gateway gateway;
	struct sl_config_collector *collector;
	size_t collector_count;
	struct sl_config_item *item; /* where each value came from; config.c's own */
	size_t item_count;
};

/* One row of the option table. */
struct sl_option {
	enum sl_section section;
	enum sl_option_type type;
	const char *name;
	const char *unit;
	const char *text; /* the default */
	double min, max;
	bool reload;
	const char *prose;
	size_t offset; /* of its member in its section's struct */
};

/* sl_option_at returns row i of the table; NULL past its end. */
const struct sl_option *sl_option_at(size_t i);

/*
 * sl_section_of_type says whether a collector of this type has the options of a
 * section: those of its own type, and those that every collector has.
 */
bool sl_section_of_type(enum sl_section section, const char *type);

/* sl_section_name returns "gateway", …, as it stands in the file. */
const char *sl_section_name(enum sl_section section);

/* A value from the command line: "gateway.port" = "9000". */
struct sl_config_override {
	const char *option;
	const char *flag; /* as the user wrote it, for error lines: "--port" */
	const char *value;
};

/*
 * sl_config_load reads paths->config, the environment and the overrides, in
 * this order of growing weight, and gives the caller a configuration to free
 * with sl_config_free.  A file that does not exist is an error.  On failure
 * (SL_EINVAL, SL_ESYS) *out is untouched and error gets one line that names
 * file and line (or variable, or flag), the value and what is allowed.
 * May block on the file; not thread-safe (libconfuse has no user pointer).
 */
int sl_config_load(const struct sl_paths *paths,
    const struct sl_config_override *override, size_t override_count,
    struct sl_config **out, struct sl_buf *error);

/*
 * sl_config_reload is sl_config_load for a process that runs with a
 * configuration: options whose row says RESTART keep their running value, and
 * a log line names each that the file would change.
 */
int sl_config_reload(const struct sl_paths *paths,
    const struct sl_config_override *override, size_t override_count,
    const struct sl_config *running, struct sl_config **out, struct sl_buf *error);

/* sl_config_free frees a configuration; NULL is ignored. */
void sl_config_free(struct sl_config *config);

/* sl_config_collector_find returns the section of a source; NULL without one. */
const struct sl_config_collector *sl_config_collector_find(
    const struct sl_config *config, const char *name);

/* One effective value; all strings live as long as the configuration. */
struct sl_config_value {
	const struct sl_option *option;
	const char *path; /* "gateway.port", "collector.system.stale_after" */
	const char *text; /* as it would stand in the file */
	const char
	    *origin; /* "default", "FILE:LINE", "environment NAME", "command line" */
};

/* sl_config_visit calls fn for every option of every section, in table order. */
void sl_config_visit(const struct sl_config *config,
    void (*fn)(void *arg, const struct sl_config_value *value), void *arg);

/*
 * sl_config_changes calls fn for every option that differs between two
 * configurations; before or after is NULL where a whole section came or went.
 * The option's row says whether a running process can follow it.  Returns
 * the number of differences.
 */
size_t sl_config_changes(const struct sl_config *old, const struct sl_config *new,
    void (*fn)(void *arg, const struct sl_config_value *before,
	const struct sl_config_value *after),
    void *arg);

/*
 * The readers of single values.  bare is what a number without a unit counts
 * ("ms", "s"; "" demands a unit, except for 0).  Whole text, no surrounding
 * space.  Return 0, SL_EINVAL, or SL_ETOOBIG where it does not fit.
 */
int sl_config_parse_duration(const char *text, const char *bare, int64_t *ms);
int sl_config_parse_size(const char *text, int64_t *bytes);
int sl_config_parse_bool(const char *text, bool *value);

#endif
