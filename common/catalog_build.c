/* SPDX-License-Identifier: Apache-2.0 */
/* From conf trees to a catalog: modules, families, aliases, and the order of all. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog_data.h"
#include "conf.h"
#include "error.h"
#include "topic.h"

#define END                                                                              \
	{                                                                                \
		NULL, SL_CONF_VALUE, NULL                                                \
	}

static const struct sl_conf_rule module_rules[] = {{"title", SL_CONF_VALUE, NULL},
    {"key", SL_CONF_VALUE, NULL}, {"notice", SL_CONF_VALUE, NULL}, END};
static const struct sl_conf_rule family_rules[] = {{"module", SL_CONF_VALUE, NULL}, END};
static const struct sl_conf_rule metric_rules[] = {
    {"module", SL_CONF_VALUE, NULL},
    {"title", SL_CONF_VALUE, NULL},
    {"unit", SL_CONF_VALUE, NULL},
    {"kind", SL_CONF_VALUE, NULL},
    {"aggregate", SL_CONF_VALUE, NULL},
    {"warning", SL_CONF_VALUE, NULL},
    {"critical", SL_CONF_VALUE, NULL},
    {"clear_warning", SL_CONF_VALUE, NULL},
    {"clear_critical", SL_CONF_VALUE, NULL},
    {"for", SL_CONF_VALUE, NULL},
    {"stale_after", SL_CONF_VALUE, NULL},
    {"field", SL_CONF_VALUE, NULL},
    {"snapshot", SL_CONF_VALUE, NULL},
    {"expr", SL_CONF_VALUE, NULL},
    {"events", SL_CONF_LIST, NULL},
    {"minus", SL_CONF_LIST, NULL},
    {"of", SL_CONF_LIST, NULL},
    {"value", SL_CONF_VALUE, NULL},
    {"derive", SL_CONF_VALUE, NULL},
    {"over", SL_CONF_VALUE, NULL},
    END,
};
static const struct sl_conf_rule event_rules[] = {
    {"module", SL_CONF_VALUE, NULL},
    {"title", SL_CONF_VALUE, NULL},
    {"priority", SL_CONF_VALUE, NULL},
    {"rate_limit", SL_CONF_VALUE, NULL},
    {"fields", SL_CONF_LIST, NULL},
    END,
};
static const struct sl_conf_rule alias_rules[] = {{"topics", SL_CONF_LIST, NULL}, END};
static const struct sl_conf_rule role_rules[] = {
    {"modules", SL_CONF_LIST, NULL},
    {"may", SL_CONF_LIST, NULL},
    {"aliases", SL_CONF_LIST, NULL},
    END,
};

const struct sl_conf_rule sl_catalog_rules[] = {
    {"module", SL_CONF_TITLED, module_rules},
    {"family", SL_CONF_TITLED, family_rules},
    {"metric", SL_CONF_TITLED, metric_rules},
    {"event", SL_CONF_TITLED, event_rules},
    {"alias", SL_CONF_TITLED, alias_rules},
    {"role", SL_CONF_TITLED, role_rules},
    END,
};

int sl_catalog_fail(
    const struct sl_conf_entry *entry, struct sl_buf *error, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	sl_buf_addf(error, "%s:%d: %s \"%s\": %s", entry->file, entry->line, entry->name,
	    entry->title, text);
	return SL_EINVAL;
}

bool sl_catalog_is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 128 && !(*text >= '0' && *text <= '9') &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

void *sl_catalog_add(void *array, size_t *count, size_t size)
{
	void **slot = reallocarray(*(void **)array, *count + 1, sizeof *slot);
	void *item = calloc(1, size);

	if (!slot || !item)
		abort();
	slot[(*count)++] = item;
	memcpy(array, &slot, sizeof slot);
	return item;
}

/* "system_health" -> "systemHealth" */
static const char *camel(struct sl_catalog *catalog, const char *name)
{
	char *out = sl_catalog_pool(catalog, "%s", name);
	char *to = out;

	for (const char *from = name; *from; from++) {
		if (*from == '_' && to > out && from[1] >= 'a' && from[1] <= 'z')
			*to++ = (char)(*++from - 'a' + 'A');
		else
			*to++ = *from;
	}
	*to = '\0';
	return out;
}

static int add_module(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error)
{
	int64_t at =
	    sl_name_index_get(&catalog->modules, entry->title, strlen(entry->title));

	if (!sl_catalog_is_name(entry->title))
		return sl_catalog_fail(entry, error,
		    "a module's name is lower-case letters, digits and \"_\"");
	if (at < 0 && catalog->module_count == SL_CATALOG_MODULES_MAX)
		return sl_catalog_fail(
		    entry, error, "more than %d modules", SL_CATALOG_MODULES_MAX);
	struct sl_catalog_module *module =
	    at >= 0 ? catalog->module[at]
		    : sl_catalog_add(
			  &catalog->module, &catalog->module_count, sizeof *module);
	if (at < 0)
		at = (int64_t)catalog->module_count - 1;
	module->name = entry->title;
	module->title = sl_conf_text(entry, "title", entry->title);
	module->key = sl_conf_text(entry, "key", NULL);
	if (!module->key)
		module->key = camel(catalog, entry->title);
	module->notice = sl_conf_text(entry, "notice", NULL);
	module->index = (unsigned)at;
	module->bit = UINT64_C(1) << at;
	sl_name_index_put(
	    &catalog->modules, module->name, strlen(module->name), (uint32_t)at);
	return 0;
}

static int add_family(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error)
{
	const char *name = sl_conf_text(entry, "module", "");
	const struct sl_catalog_module *module =
	    sl_catalog_module(catalog, name, strlen(name));

	if (!sl_topic_valid(entry->title, strlen(entry->title)) ||
	    strchr(entry->title, '.'))
		return sl_catalog_fail(entry, error,
		    "a family is the first word of an event type: letters, digits, "
		    "\"_\" and \"-\"");
	if (!module)
		return sl_catalog_fail(entry, error, "there is no module \"%s\"", name);
	sl_name_index_put(
	    &catalog->families, entry->title, strlen(entry->title), module->index);
	return 0;
}

static int add_alias(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error)
{
	const struct sl_conf_entry *topics = sl_conf_get(entry, "topics");
	int64_t at =
	    sl_name_index_get(&catalog->aliases, entry->title, strlen(entry->title));

	if (!sl_topic_valid(entry->title, strlen(entry->title)))
		return sl_catalog_fail(
		    entry, error, "an alias is letters, digits, \"_\", \"-\" and \".\"");
	if (!topics || topics->text_count == 0)
		return sl_catalog_fail(entry, error, "topics is missing");
	if (topics->text_count > SL_CATALOG_TARGETS_MAX)
		return sl_catalog_fail(
		    entry, error, "more than %d topics", SL_CATALOG_TARGETS_MAX);
	struct sl_catalog_alias *alias =
	    at >= 0
		? catalog->alias[at]
		: sl_catalog_add(&catalog->alias, &catalog->alias_count, sizeof *alias);
	if (at < 0)
		at = (int64_t)catalog->alias_count - 1;
	*alias = (struct sl_catalog_alias){
	    entry->title, topics->text, topics->text_count, entry->file, entry->line};
	sl_name_index_put(
	    &catalog->aliases, alias->name, strlen(alias->name), (uint32_t)at);
	for (size_t i = 0; i < topics->text_count; i++) {
		const char *topic = topics->text[i];
		struct sl_catalog_target target[SL_CATALOG_TARGETS_MAX];
		bool form = strncmp(topic, "metrics.", 8) == 0 ||
			    strncmp(topic, "events.", 7) == 0 ||
			    strcmp(topic, "alerts") == 0 ||
			    strcmp(topic, "activity") == 0;

		if (!form ||
		    sl_catalog_resolve(catalog, topic, strlen(topic), target) < 0)
			return sl_catalog_fail(entry, error,
			    "topic \"%s\" stands for nothing that is declared", topic);
	}
	return 0;
}

typedef int add_f(struct sl_catalog *, const struct sl_conf_entry *, struct sl_buf *);

static int add_all(
    struct sl_catalog *catalog, const char *kind, add_f *add, struct sl_buf *error)
{
	for (size_t i = 0; i < catalog->conf_count; i++) {
		const struct sl_conf_entry *root = &catalog->conf[i]->root;

		for (size_t k = 0; k < root->child_count; k++)
			if (strcmp(root->child[k].name, kind) == 0 &&
			    add(catalog, &root->child[k], error))
				return SL_EINVAL;
	}
	return 0;
}

/* A name alone means a metric that sources feed, then the first declared. */
static void index_names(struct sl_catalog *catalog)
{
	for (size_t i = catalog->metric_count; i-- > 0;) {
		const struct sl_catalog_metric *metric = &catalog->metric[i]->metric;
		const struct sl_catalog_metric *other =
		    sl_catalog_metric(catalog, NULL, metric->name, strlen(metric->name));

		if (!other || other->expr || !metric->expr)
			sl_name_index_put(&catalog->by_name, metric->name,
			    strlen(metric->name), (uint32_t)i);
	}
}

int sl_catalog_build(struct sl_catalog *catalog, struct sl_buf *error)
{
	if (add_all(catalog, "module", add_module, error) ||
	    add_all(catalog, "family", add_family, error) ||
	    add_all(catalog, "metric", sl_catalog_add_metric, error))
		return SL_EINVAL;
	index_names(catalog);
	if (add_all(catalog, "event", sl_catalog_add_event, error) ||
	    sl_catalog_check_tallies(catalog, error) ||
	    add_all(catalog, "role", sl_catalog_add_role, error) ||
	    add_all(catalog, "alias", add_alias, error))
		return SL_EINVAL;
	if (catalog->module_count == 0 || catalog->role_count == 0) {
		sl_buf_addf(error, "%s:1: a catalog needs a module and a role",
		    catalog->conf[0]->root.file);
		return SL_EINVAL;
	}
	return 0;
}
