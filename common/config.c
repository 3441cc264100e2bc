/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "conf.h"
#include "config_check.h"
#include "config_env.h"
#include "config_value.h"
#include "config_walk.h"
#include "error.h"
#include "log.h"
#include "paths.h"

struct sl_config_item {
	const struct sl_option *option;
	char *path;
	char *text;
	char *origin;
};

/* ---- what a file may contain ------------------------------------------------ */

#define KIND_BOOL     SL_CONF_VALUE
#define KIND_INT      SL_CONF_VALUE
#define KIND_NUMBER   SL_CONF_VALUE
#define KIND_SIZE     SL_CONF_VALUE
#define KIND_DURATION SL_CONF_VALUE
#define KIND_STRING   SL_CONF_VALUE
#define KIND_CHOICE   SL_CONF_VALUE
#define KIND_LIST     SL_CONF_LIST

#define RULE(type, name, unit, def, min, max, reload, prose) {#name, KIND_##type, NULL},
#define END                                                                              \
	{                                                                                \
		NULL, SL_CONF_VALUE, NULL                                                \
	}

static const struct sl_conf_rule key_rules[] = {SL_OPTIONS_KEY(RULE) END};
static const struct sl_conf_rule threshold_rules[] = {SL_OPTIONS_THRESHOLD(RULE) END};
static const struct sl_conf_rule probe_rules[] = {SL_OPTIONS_PROBE(RULE) END};
static const struct sl_conf_rule service_rules[] = {SL_OPTIONS_SERVICE(RULE) END};
static const struct sl_conf_rule table_rules[] = {SL_OPTIONS_TABLE(RULE) END};
static const struct sl_conf_rule query_rules[] = {SL_OPTIONS_QUERY(RULE) END};
static const struct sl_conf_rule target_rules[] = {SL_OPTIONS_TARGET(RULE) END};
static const struct sl_conf_rule map_rules[] = {SL_OPTIONS_MAP(RULE) END};
static const struct sl_conf_rule log_file_rules[] = {SL_OPTIONS_LOG_FILE(RULE) END};
static const struct sl_conf_rule log_journal_rules[] = {SL_OPTIONS_LOG_JOURNAL(RULE) END};
static const struct sl_conf_rule log_pattern_rules[] = {SL_OPTIONS_LOG_PATTERN(RULE) END};
static const struct sl_conf_rule script_rules[] = {SL_OPTIONS_SCRIPT(RULE) END};
static const struct sl_conf_rule log_rules[] = {SL_OPTIONS_LOG(RULE) END};
static const struct sl_conf_rule gateway_rules[] = {SL_OPTIONS_GATEWAY(RULE) END};
static const struct sl_conf_rule auth_rules[] = {
    SL_OPTIONS_AUTH(RULE){"key", SL_CONF_UNIQUE, key_rules}, END};
static const struct sl_conf_rule aggregator_rules[] = {
    SL_OPTIONS_AGGREGATOR(RULE)
#define ALIAS_AGGREGATOR(alias)         {alias, SL_CONF_VALUE, NULL},
#define X(section, alias, option, bare) ALIAS_##section(alias)
	SL_OPTION_ALIAS_TABLE(X)
#undef X
	    {"alertThresholds", SL_CONF_UNIQUE, threshold_rules},
    END};
static const struct sl_conf_rule collector_rules[] = {SL_OPTIONS_COLLECTOR(RULE)
#define X(id, member) SL_OPTIONS_##id(RULE)
	SL_COLLECTOR_OPTIONS_TABLE(X)
#undef X
#define X(id, member, name) {name, SL_CONF_UNIQUE, member##_rules},
	    SL_COLLECTOR_SECTION_TABLE(X)
#undef X
		END};
static const struct sl_conf_rule root_rules[] = {
    {"log", SL_CONF_SECTION, log_rules},
    {"auth", SL_CONF_SECTION, auth_rules},
    {"aggregator", SL_CONF_SECTION, aggregator_rules},
    {"gateway", SL_CONF_SECTION, gateway_rules},
    {"collector", SL_CONF_UNIQUE, collector_rules},
    END,
};

static const struct {
	enum sl_section section;
	const char *alias, *option, *bare;
} aliases[] = {
#define X(section, alias, option, bare) {SL_SECTION_##section, alias, option, bare},
    SL_OPTION_ALIAS_TABLE(X)
#undef X
};

/* ---- loading ----------------------------------------------------------------- */

struct loader {
	const struct sl_conf_entry *root;
	const struct sl_config_override *override;
	size_t override_count;
	const struct sl_config *running; /* what a reload must not change; or NULL */
	struct sl_config *config;
	struct sl_buf *error;
};

/* A value before it is read. */
struct given {
	struct sl_buf text;
	struct sl_buf origin;
	const char *bare;
};

static void from_entry(struct given *given, const struct sl_option *option,
    const struct sl_conf_entry *entry)
{
	for (size_t i = 0; i < entry->text_count; i++) {
		sl_buf_adds(&given->text, i ? "," : "");
		if (option->type == SL_OPTION_LIST)
			sl_config_value_name(&given->text, entry->text[i]);
		else
			sl_buf_adds(&given->text, entry->text[i]);
	}
	sl_buf_addf(&given->origin, "%s:%d", entry->file, entry->line);
}

static bool from_file(struct given *given, const struct sl_option *option,
    const struct sl_conf_entry *section)
{
	const struct sl_conf_entry *entry =
	    section ? sl_conf_get(section, option->name) : NULL;

	for (size_t i = 0; section && !entry && i < sizeof aliases / sizeof *aliases; i++)
		if (aliases[i].section == option->section &&
		    strcmp(aliases[i].option, option->name) == 0) {
			entry = sl_conf_get(section, aliases[i].alias);
			given->bare = aliases[i].bare;
		}
	if (entry)
		from_entry(given, option, entry);
	return entry != NULL;
}

/* Finds the value of the most weight: command line, environment, file, default. */
static void find_given(struct given *given, const struct loader *loader,
    const struct sl_option *option, const char *path, const struct sl_conf_entry *section)
{
	struct sl_config_env env;

	given->bare = "";
	for (size_t i = 0; i < loader->override_count; i++)
		if (strcmp(loader->override[i].option, path) == 0) {
			sl_buf_adds(&given->text, loader->override[i].value);
			sl_buf_addf(&given->origin, "command line --%s",
			    loader->override[i].flag);
			return;
		}
	if (sl_config_env_find(option, path, &env)) {
		sl_buf_adds(&given->text, env.text);
		sl_buf_addf(&given->origin, "environment %s", env.name);
		given->bare = env.bare;
		return;
	}
	if (from_file(given, option, section))
		return;
	sl_buf_adds(&given->text, option->text);
	sl_buf_adds(&given->origin, "default");
}

static char *must_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

static struct sl_config_item *find_item(const struct sl_config *config, const char *path)
{
	for (size_t i = 0; config && i < config->item_count; i++)
		if (strcmp(config->item[i].path, path) == 0)
			return &config->item[i];
	return NULL;
}

static void add_item(struct sl_config *config, const struct sl_option *option,
    const char *path, const char *text, const char *origin)
{
	config->item =
	    reallocarray(config->item, config->item_count + 1, sizeof *config->item);
	if (!config->item)
		abort();
	config->item[config->item_count++] = (struct sl_config_item){
	    option, must_copy(path), must_copy(text), must_copy(origin)};
}

/* What cannot change while the process runs stays as it is. */
static void keep_running(const struct loader *loader, const struct sl_option *option,
    const char *path, void *base, struct given *given)
{
	const struct sl_config_item *item = find_item(loader->running, path);
	struct sl_buf text = {0};

	if (!item || option->reload)
		return;
	sl_config_value_text(option, base, &text);
	if (strcmp(sl_buf_text(&text), item->text) != 0) {
		sl_log_warn("config",
		    "needs-restart option=%s running=\"%s\" configured=\"%s\"", path,
		    item->text, sl_buf_text(&text));
		sl_config_value_clear(option, base);
		sl_config_value_store(option, item->text, "", base);
		sl_buf_reset(&given->origin);
		sl_buf_adds(&given->origin, item->origin);
	}
	sl_buf_clear(&text);
}

static int load_option(struct loader *loader, const struct sl_config_place *place,
    const struct sl_option *option, const struct sl_conf_entry *section)
{
	struct given given = {0};
	char path[SL_CONFIG_PATH_MAX];
	struct sl_buf text = {0};
	int rc;

	sl_config_place_path(place, option->name, path);
	find_given(&given, loader, option, path, section);
	rc = sl_config_value_store(
	    option, sl_buf_text(&given.text), given.bare, place->base);
	if (rc) {
		sl_buf_addf(loader->error, "%s: %s = \"%s\": must be ",
		    sl_buf_text(&given.origin), path, sl_buf_text(&given.text));
		sl_config_value_allowed(option, loader->error);
	} else {
		keep_running(loader, option, path, place->base, &given);
		sl_config_value_text(option, place->base, &text);
		add_item(loader->config, option, path, sl_buf_text(&text),
		    sl_buf_text(&given.origin));
	}
	sl_buf_clear(&text);
	sl_buf_clear(&given.text);
	sl_buf_clear(&given.origin);
	return rc;
}

/* Options of another type of collector have no value in this one. */
static bool is_effective(
    const struct sl_config *config, const struct sl_config_place *place)
{
	const struct sl_config_collector *collector =
	    sl_config_collector_find(config, place->outer_title);

	return strcmp(place->outer, "collector") != 0 ||
	       place->section == SL_SECTION_COLLECTOR ||
	       sl_section_of_type(place->section, collector->type);
}

static int load_section(void *arg, const struct sl_config_place *place)
{
	struct loader *loader = arg;
	const struct sl_conf_entry *section = sl_config_place_entry(place, loader->root);

	if (!is_effective(loader->config, place))
		return 0;
	for (size_t i = 0; sl_option_at(i); i++) {
		const struct sl_option *option = sl_option_at(i);

		if (option->section == place->section &&
		    load_option(loader, place, option, section))
			return SL_EINVAL;
	}
	return 0;
}

static int check_overrides(const struct loader *loader)
{
	for (size_t i = 0; i < loader->override_count; i++)
		if (!find_item(loader->config, loader->override[i].option)) {
			sl_buf_addf(loader->error,
			    "command line --%s: there is no option %s",
			    loader->override[i].flag, loader->override[i].option);
			return SL_EINVAL;
		}
	return 0;
}

int sl_config_reload(const struct sl_paths *paths,
    const struct sl_config_override *override, size_t override_count,
    const struct sl_config *running, struct sl_config **out, struct sl_buf *error)
{
	struct sl_conf *conf;
	int rc = sl_conf_read(paths->config, root_rules, &conf, error);

	if (rc)
		return rc;
	struct sl_config *config = calloc(1, sizeof *config);
	if (!config)
		abort();
	struct loader loader = {
	    &conf->root, override, override_count, running, config, error};
	sl_config_shape(config, &conf->root);
	rc = sl_config_walk(config, load_section, &loader);
	if (rc == 0)
		rc = check_overrides(&loader);
	if (rc == 0)
		rc = sl_config_check(config, &conf->root, error);
	if (rc == 0) {
		sl_config_env_warn(config);
		*out = config;
	} else {
		sl_config_free(config);
	}
	sl_conf_free(conf);
	return rc;
}

int sl_config_load(const struct sl_paths *paths,
    const struct sl_config_override *override, size_t override_count,
    struct sl_config **out, struct sl_buf *error)
{
	return sl_config_reload(paths, override, override_count, NULL, out, error);
}

static int clear_section(void *arg, const struct sl_config_place *place)
{
	(void)arg;
	for (size_t i = 0; sl_option_at(i); i++)
		if (sl_option_at(i)->section == place->section)
			sl_config_value_clear(sl_option_at(i), place->base);
	return 0;
}

void sl_config_free(struct sl_config *config)
{
	if (!config)
		return;
	sl_config_walk(config, clear_section, NULL);
	sl_config_unshape(config);
	for (size_t i = 0; i < config->item_count; i++) {
		free(config->item[i].path);
		free(config->item[i].text);
		free(config->item[i].origin);
	}
	free(config->item);
	free(config);
}

/* ---- looking at it ------------------------------------------------------------ */

const struct sl_config_collector *sl_config_collector_find(
    const struct sl_config *config, const char *name)
{
	for (size_t i = 0; i < config->collector_count; i++)
		if (strcmp(config->collector[i].title, name) == 0)
			return &config->collector[i];
	return NULL;
}

static struct sl_config_value as_value(const struct sl_config_item *item)
{
	return (struct sl_config_value){
	    item->option, item->path, item->text, item->origin};
}

void sl_config_visit(const struct sl_config *config,
    void (*fn)(void *arg, const struct sl_config_value *value), void *arg)
{
	for (size_t i = 0; i < config->item_count; i++) {
		const struct sl_config_value value = as_value(&config->item[i]);

		fn(arg, &value);
	}
}

size_t sl_config_changes(const struct sl_config *old, const struct sl_config *new,
    void (*fn)(void *arg, const struct sl_config_value *before,
	const struct sl_config_value *after),
    void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < new->item_count; i++) {
		const struct sl_config_item *before = find_item(old, new->item[i].path);
		const struct sl_config_value after = as_value(&new->item[i]);

		if (before && strcmp(before->text, new->item[i].text) == 0)
			continue;
		struct sl_config_value was = {0};
		if (before)
			was = as_value(before);
		fn(arg, before ? &was : NULL, &after);
		n++;
	}
	for (size_t i = 0; i < old->item_count; i++) {
		const struct sl_config_value was = as_value(&old->item[i]);

		if (find_item(new, old->item[i].path))
			continue;
		fn(arg, &was, NULL);
		n++;
	}
	return n;
}
