/* SPDX-License-Identifier: Apache-2.0 */
#include "config_check.h"

#include <math.h>
#include <string.h>

#include "addr.h"
#include "buf.h"
#include "conf.h"
#include "error.h"
#include "threshold.h"

static int fail(const struct sl_conf_entry *where, struct sl_buf *error, const char *kind,
    const char *title, const char *what)
{
	sl_buf_addf(error, "%s:%d: %s%s%s%s: %s", where->file, where->line, kind,
	    *title ? " \"" : "", title, *title ? "\"" : "", what);
	return SL_EINVAL;
}

static const struct sl_conf_entry *find(
    const struct sl_conf_entry *in, const char *name, const char *title)
{
	for (size_t i = 0; i < in->child_count; i++)
		if (strcmp(in->child[i].name, name) == 0 &&
		    strcmp(in->child[i].title, title) == 0)
			return &in->child[i];
	return in;
}

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 128 &&
	       strspn(text,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		   len;
}

/* Whether a collector of this type has an option, or a section, of this name. */
static bool has_option(const char *type, const char *name)
{
	for (int section = 0; section < SL_SECTION_COUNT; section++)
		if (strcmp(sl_section_name(section), name) == 0 &&
		    sl_section_of_type(section, type))
			return true;
	for (size_t i = 0; sl_option_at(i); i++)
		if (strcmp(sl_section_name(sl_option_at(i)->section), "collector") == 0 &&
		    sl_section_of_type(sl_option_at(i)->section, type) &&
		    strcmp(sl_option_at(i)->name, name) == 0)
			return true;
	return false;
}

/* Each option in the file must be one of this type of collector. */
static int check_type(const struct sl_config_collector *collector,
    const struct sl_conf_entry *entry, struct sl_buf *error)
{
	for (size_t i = 0; i < entry->child_count; i++) {
		const struct sl_conf_entry *child = &entry->child[i];

		if (!has_option(collector->type, child->name)) {
			sl_buf_addf(error,
			    "%s:%d: collector \"%s\" of type %s has no option \"%s\"",
			    child->file, child->line, collector->title, collector->type,
			    child->name);
			return SL_EINVAL;
		}
	}
	return 0;
}

static int check_postgres(const struct sl_config_collector *collector,
    const struct sl_conf_entry *entry, struct sl_buf *error)
{
	for (size_t i = 0; i < collector->table_count; i++) {
		const struct sl_config_table *table = &collector->table[i];
		const struct sl_conf_entry *where = find(entry, "table", table->title);

		if (!strchr(table->title, '.'))
			return fail(where, error, "table", table->title,
			    "its name must be schema.table");
		if (!*table->watch != !*table->watch_event)
			return fail(where, error, "table", table->title,
			    "watch and watch_event need each other");
	}
	for (size_t i = 0; i < collector->query_count; i++) {
		const struct sl_config_query *query = &collector->query[i];
		const struct sl_conf_entry *where = find(entry, "query", query->title);

		if (!*query->sql)
			return fail(where, error, "query", query->title, "needs sql");
		if (query->ceiling_ms < query->floor_ms)
			return fail(where, error, "query", query->title,
			    "ceiling must not be shorter than floor");
	}
	return 0;
}

/* The first text of a list that is not KEY, separator, something; NULL if all are. */
static const char *misshapen(const struct sl_names *names, char separator)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *at = strchr(names->name[i], separator);

		if (!at || at == names->name[i])
			return names->name[i];
	}
	return NULL;
}

static int check_map(const struct sl_config_map *map, const struct sl_conf_entry *where,
    struct sl_buf *error)
{
	const struct {
		const struct sl_names *names;
		const char *option, *form;
		char separator;
	} lists[] = {
	    {&map->where, "where", "key=pattern or key!=pattern", '='},
	    {&map->labels, "labels", "key=value", '='},
	    {&map->rename, "rename", "old:new", ':'},
	};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const char *wrong = misshapen(lists[i].names, lists[i].separator);

		if (!wrong)
			continue;
		sl_buf_addf(error, "%s:%d: map \"%s\": %s: \"%s\" is not %s", where->file,
		    where->line, map->title, lists[i].option, wrong, lists[i].form);
		return SL_EINVAL;
	}
	return 0;
}

static int check_target(const struct sl_config_collector *collector,
    const struct sl_config_target *target, const struct sl_conf_entry *where,
    struct sl_buf *error)
{
	const char *wrong = misshapen(&target->labels, '=');

	if (wrong) {
		sl_buf_addf(error,
		    "%s:%d: target \"%s\": labels: \"%s\" is not key=value", where->file,
		    where->line, target->title, wrong);
		return SL_EINVAL;
	}
	if (target->urls.count == 0)
		return fail(where, error, "target", target->title, "needs urls");
	/* Else values would be stale between two scrapes. */
	if (target->interval_ms > collector->stale_after_ms / 2)
		return fail(where, error, "target", target->title,
		    "interval must be at most half of the collector's stale_after");
	if (*target->bearer_file && *target->basic_file)
		return fail(where, error, "target", target->title,
		    "needs one of bearer_file and basic_file");
	if (!*target->tls_certificate != !*target->tls_key)
		return fail(where, error, "target", target->title,
		    "tls_certificate and tls_key need each other");
	return 0;
}

static int check_statsd(const struct sl_config_collector *collector,
    const struct sl_conf_entry *entry, struct sl_buf *error)
{
	if (strcmp(collector->type, "statsd") == 0 &&
	    collector->statsd.flush_interval_ms > collector->stale_after_ms / 2)
		return fail(entry, error, "collector", collector->title,
		    "flush_interval must be at most half of stale_after");
	return 0;
}

static int check_log(const struct sl_config_collector *collector,
    const struct sl_conf_entry *entry, struct sl_buf *error)
{
	for (size_t i = 0; i < collector->log_file_count; i++) {
		const struct sl_config_log_file *file = &collector->log_file[i];
		const struct sl_conf_entry *where = find(entry, "file", file->title);

		if (file->paths.count == 0)
			return fail(where, error, "file", file->title, "needs paths");
		if (file->patterns.count == 0)
			return fail(where, error, "file", file->title, "needs patterns");
		for (size_t p = 0; p < file->paths.count; p++)
			if (file->paths.name[p][0] != '/')
				return fail(where, error, "file", file->title,
				    "its paths must begin with \"/\"");
	}
	for (size_t i = 0; i < collector->log_journal_count; i++)
		if (collector->log_journal[i].patterns.count == 0)
			return fail(
			    find(entry, "journal", collector->log_journal[i].title),
			    error, "journal", collector->log_journal[i].title,
			    "needs patterns");
	for (size_t i = 0; i < collector->log_pattern_count; i++)
		if (!*collector->log_pattern[i].expression)
			return fail(
			    find(entry, "pattern", collector->log_pattern[i].title),
			    error, "pattern", collector->log_pattern[i].title,
			    "needs an expression");
	return 0;
}

static const char *script_fault(const struct sl_config_script *script)
{
	if (script->command.count == 0 || *script->command.name[0] != '/')
		return "needs command, which begins with a full path";
	if (*script->directory != '/')
		return "directory must be a full path";
	if (strcmp(script->mode, "daemon") != 0 && strcmp(script->signal, "none") != 0)
		return "only a daemon is sent a signal";
	if (script->restart_delay_max_ms < script->restart_delay_ms)
		return "restart_delay_max must not be shorter than restart_delay";
	for (size_t i = 0; i < script->environment.count; i++)
		if (strcspn(script->environment.name[i], "=") == 0 ||
		    !strchr(script->environment.name[i], '='))
			return "environment must be of the form NAME=value";
	return NULL;
}

static int check_exec(const struct sl_config_collector *collector,
    const struct sl_conf_entry *entry, struct sl_buf *error)
{
	for (size_t i = 0; i < collector->script_count; i++) {
		const struct sl_config_script *script = &collector->script[i];
		const struct sl_conf_entry *where = find(entry, "script", script->title);

		if (!is_name(script->title))
			return fail(where, error, "script", script->title,
			    "its name must be 1 to 128 letters, digits, \"_\" and \"-\"");
		const char *fault = script_fault(script);
		if (fault)
			return fail(where, error, "script", script->title, fault);
	}
	return 0;
}

static int check_collector(const struct sl_config_collector *collector,
    const struct sl_conf_entry *root, struct sl_buf *error)
{
	const struct sl_conf_entry *entry = find(root, "collector", collector->title);

	if (!is_name(collector->title))
		return fail(entry, error, "collector", collector->title,
		    "its name must be 1 to 128 letters, digits, \"_\" and \"-\"");
	if (check_type(collector, entry, error))
		return SL_EINVAL;
	if (collector->ring_bytes & (collector->ring_bytes - 1))
		return fail(entry, error, "collector", collector->title,
		    "ring_bytes must be a power of two");
	for (size_t i = 0; i < collector->probe_count; i++) {
		const struct sl_config_probe *probe = &collector->probe[i];

		if (!*probe->url && !*probe->socket)
			return fail(find(entry, "probe", probe->title), error, "probe",
			    probe->title, "needs a url or a socket");
	}
	for (size_t i = 0; i < collector->service_count; i++) {
		const struct sl_config_service *service = &collector->service[i];

		if (!!*service->process + !!*service->unit + !!*service->pidfile != 1)
			return fail(find(entry, "service", service->title), error,
			    "service", service->title,
			    "needs one of process, unit and pidfile");
	}
	for (size_t i = 0; i < collector->target_count; i++)
		if (check_target(collector, &collector->target[i],
			find(entry, "target", collector->target[i].title), error))
			return SL_EINVAL;
	for (size_t i = 0; i < collector->map_count; i++)
		if (check_map(&collector->map[i],
			find(entry, "map", collector->map[i].title), error))
			return SL_EINVAL;
	if (check_statsd(collector, entry, error) || check_log(collector, entry, error) ||
	    check_exec(collector, entry, error))
		return SL_EINVAL;
	return check_postgres(collector, entry, error);
}

int sl_config_check(const struct sl_config *config, const struct sl_conf_entry *root,
    struct sl_buf *error)
{
	const struct sl_config_gateway *gateway = &config->gateway;
	const struct sl_config_aggregator *aggregator = &config->aggregator;
	const struct sl_conf_entry *entry = find(root, "aggregator", "");

	if (gateway->pong_timeout_ms <= gateway->ping_interval_ms)
		return fail(find(root, "gateway", ""), error, "gateway", "",
		    "pong_timeout must be longer than ping_interval");
	if (*gateway->websocket_path != '/')
		return fail(find(root, "gateway", ""), error, "gateway", "",
		    "websocket_path must begin with \"/\"");
	if (!*gateway->tls_certificate != !*gateway->tls_key)
		return fail(find(root, "gateway", ""), error, "gateway", "",
		    "tls_certificate and tls_key need each other");
	for (size_t i = 0; i < gateway->trusted_proxies.count; i++) {
		struct sl_addr base;
		int bits;
		if (sl_addr_parse_network(&base, &bits, gateway->trusted_proxies.name[i]))
			return fail(find(root, "gateway", ""), error, "trusted_proxies",
			    gateway->trusted_proxies.name[i],
			    "must be an address or a network such as 10.0.0.0/8");
	}
	for (size_t i = 0; i < aggregator->threshold_count; i++) {
		const struct sl_config_threshold *t = &aggregator->threshold[i];

		if (isnan(t->warning) && isnan(t->critical))
			return fail(find(entry, "alertThresholds", t->title), error,
			    "alertThresholds", t->title, "needs warning or critical");
		const char *fault = sl_threshold_fault(
		    t->warning, t->critical, t->clear_warning, t->clear_critical);
		if (fault)
			return fail(find(entry, "alertThresholds", t->title), error,
			    "alertThresholds", t->title, fault);
	}
	for (size_t i = 0; i < config->collector_count; i++)
		if (check_collector(&config->collector[i], root, error))
			return SL_EINVAL;
	return 0;
}
