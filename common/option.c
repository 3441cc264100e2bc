/* SPDX-License-Identifier: Apache-2.0 */
/* The option table as data. */
#include <stddef.h>
#include <string.h>

#include "config.h"

#define RELOAD  true
#define RESTART false

#define OFFSET_BOOL(owner, name)     offsetof(owner, name)
#define OFFSET_INT(owner, name)      offsetof(owner, name)
#define OFFSET_NUMBER(owner, name)   offsetof(owner, name)
#define OFFSET_SIZE(owner, name)     offsetof(owner, name)
#define OFFSET_DURATION(owner, name) offsetof(owner, name##_ms)
#define OFFSET_STRING(owner, name)   offsetof(owner, name)
#define OFFSET_CHOICE(owner, name)   offsetof(owner, name)
#define OFFSET_LIST(owner, name)     offsetof(owner, name)

#define ROW(id, owner, type, name, unit, def, min, max, reload, prose)                   \
	{SL_SECTION_##id, SL_OPTION_##type, #name, unit, def, min, max, reload, prose,   \
	    OFFSET_##type(struct owner, name)},

/* One expander for each section: the rows don't know which section they are in. */
#define LOG_ROW(...)         ROW(LOG, sl_config_log, __VA_ARGS__)
#define AUTH_ROW(...)        ROW(AUTH, sl_config_auth, __VA_ARGS__)
#define KEY_ROW(...)         ROW(KEY, sl_config_key, __VA_ARGS__)
#define AGGREGATOR_ROW(...)  ROW(AGGREGATOR, sl_config_aggregator, __VA_ARGS__)
#define THRESHOLD_ROW(...)   ROW(THRESHOLD, sl_config_threshold, __VA_ARGS__)
#define GATEWAY_ROW(...)     ROW(GATEWAY, sl_config_gateway, __VA_ARGS__)
#define COLLECTOR_ROW(...)   ROW(COLLECTOR, sl_config_collector, __VA_ARGS__)
#define SYSTEM_ROW(...)      ROW(SYSTEM, sl_config_system, __VA_ARGS__)
#define PROBE_ROW(...)       ROW(PROBE, sl_config_probe, __VA_ARGS__)
#define SERVICE_ROW(...)     ROW(SERVICE, sl_config_service, __VA_ARGS__)
#define SYNTHETIC_ROW(...)   ROW(SYNTHETIC, sl_config_synthetic, __VA_ARGS__)
#define POSTGRES_ROW(...)    ROW(POSTGRES, sl_config_postgres, __VA_ARGS__)
#define WEBHOOK_ROW(...)     ROW(WEBHOOK, sl_config_webhook, __VA_ARGS__)
#define TARGET_ROW(...)      ROW(TARGET, sl_config_target, __VA_ARGS__)
#define MAP_ROW(...)         ROW(MAP, sl_config_map, __VA_ARGS__)
#define TABLE_ROW(...)       ROW(TABLE, sl_config_table, __VA_ARGS__)
#define QUERY_ROW(...)       ROW(QUERY, sl_config_query, __VA_ARGS__)
#define STATSD_ROW(...)      ROW(STATSD, sl_config_statsd, __VA_ARGS__)
#define LOGS_ROW(...)        ROW(LOGS, sl_config_logs, __VA_ARGS__)
#define LOG_FILE_ROW(...)    ROW(LOG_FILE, sl_config_log_file, __VA_ARGS__)
#define LOG_JOURNAL_ROW(...) ROW(LOG_JOURNAL, sl_config_log_journal, __VA_ARGS__)
#define LOG_PATTERN_ROW(...) ROW(LOG_PATTERN, sl_config_log_pattern, __VA_ARGS__)
#define EXEC_ROW(...)        ROW(EXEC, sl_config_exec, __VA_ARGS__)
#define SCRIPT_ROW(...)      ROW(SCRIPT, sl_config_script, __VA_ARGS__)

static const struct sl_option options[] = {
#define X(id, member, name, rows) rows(id##_ROW)
    SL_SECTION_TABLE(X)
#undef X
};

static const char *const section_names[] = {
#define X(id, member, name, rows) [SL_SECTION_##id] = name,
    SL_SECTION_TABLE(X)
#undef X
};

const struct sl_option *sl_option_at(size_t i)
{
	return i < sizeof options / sizeof *options ? &options[i] : NULL;
}

bool sl_section_of_type(enum sl_section section, const char *type)
{
	static const struct {
		const char *type;
		enum sl_section section;
	} types[] = {
#define X(type, id) {type, SL_SECTION_##id},
	    SL_COLLECTOR_TYPE_TABLE(X)
#undef X
	};
	bool special = false;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (types[i].section == section && strcmp(types[i].type, type) == 0)
			return true;
		special |= types[i].section == section;
	}
	return !special;
}

const char *sl_section_name(enum sl_section section)
{
	return section_names[section];
}
