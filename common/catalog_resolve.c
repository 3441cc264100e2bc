/* SPDX-License-Identifier: Apache-2.0 */
/* What a client's name stands for, and which modules that reaches. */
#include <stdio.h>
#include <string.h>

#include "catalog_data.h"
#include "error.h"
#include "topic.h"

#define METRICS SL_CATALOG_METRICS_PREFIX
#define EVENTS  SL_CATALOG_EVENTS_PREFIX

static void set(struct sl_catalog_target *target, const char *prefix, const char *text,
    size_t len, const struct sl_catalog_module *module)
{
	target->len = (size_t)snprintf(
	    target->pattern, sizeof target->pattern, "%s%.*s", prefix, (int)len, text);
	target->module = module;
}

static bool starts(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len > n && memcmp(text, prefix, n) == 0;
}

static bool is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* Topics and patterns; "metrics" and "events" alone are left to the aliases. */
static int resolve_topic(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target *out)
{
	if (is(name, len, "activity")) {
		set(out, "", "events.>", 8, NULL);
		return 1;
	}
	if (!is(name, len, "alerts") && !is(name, len, "*") && !is(name, len, ">") &&
	    !starts(name, len, METRICS) && !starts(name, len, EVENTS) &&
	    !starts(name, len, "*."))
		return 0;
	set(out, "", name, len, NULL);
	return sl_catalog_reach(catalog, out) != 0;
}

static int resolve_alias(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target *out)
{
	int64_t at = sl_name_index_get(&catalog->aliases, name, len);

	if (at < 0)
		return 0;
	const struct sl_catalog_alias *alias = catalog->alias[at];
	for (size_t i = 0; i < alias->topic_count; i++)
		if (resolve_topic(
			catalog, alias->topic[i], strlen(alias->topic[i]), &out[i]) != 1)
			return 0;
	return (int)alias->topic_count;
}

static int resolve_event(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target *out)
{
	if (len + strlen(EVENTS) > SL_TOPIC_MAX)
		return 0;
	/* A module's or metric's name is one word, and so never a type with dots. */
	if (!memchr(name, '.', len) && sl_name_index_get(&catalog->events, name, len) < 0)
		return 0;
	set(out, EVENTS, name, len, NULL);
	return sl_catalog_reach(catalog, out) != 0;
}

static int resolve_module(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target *out)
{
	const struct sl_catalog_module *module = sl_catalog_module(catalog, name, len);

	if (!module)
		return 0;
	set(&out[0], METRICS, name, len, NULL);
	out[0].len += (size_t)snprintf(
	    out[0].pattern + out[0].len, sizeof out[0].pattern - out[0].len, ".>");
	set(&out[1], "", "alerts", 6, module);
	set(&out[2], "", "events.>", 8, module);
	return 3;
}

/* A name that several modules have stands for all of them. */
static int resolve_metric(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target *out)
{
	int n = 0;

	if (!sl_catalog_metric(catalog, NULL, name, len))
		return 0;
	for (size_t i = 0; i < catalog->module_count && n < SL_CATALOG_TARGETS_MAX; i++) {
		const struct sl_catalog_metric *metric =
		    sl_catalog_metric(catalog, catalog->module[i], name, len);
		if (metric) {
			const char *topic = catalog->metric[metric->index]->topic;
			set(&out[n++], "", topic, strlen(topic), NULL);
		}
	}
	if (n == 0) { /* "module.name" */
		set(out, METRICS, name, len, NULL);
		n = 1;
	}
	return n;
}

int sl_catalog_resolve(const struct sl_catalog *catalog, const char *name, size_t len,
    struct sl_catalog_target out[SL_CATALOG_TARGETS_MAX])
{
	static int (*const step[])(const struct sl_catalog *, const char *, size_t,
	    struct sl_catalog_target *) = {
	    resolve_topic, resolve_alias, resolve_event, resolve_module, resolve_metric};

	if (!sl_pattern_valid(name, len))
		return SL_EMALFORMED;
	for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
		int n = step[i](catalog, name, len, out);
		if (n > 0)
			return n;
	}
	return SL_ENOTFOUND;
}

uint64_t sl_catalog_reach(
    const struct sl_catalog *catalog, const struct sl_catalog_target *target)
{
	const char *pattern = target->pattern;
	size_t len = target->len;
	uint64_t limit =
	    target->module ? target->module->bit : sl_catalog_all_modules(catalog);
	uint64_t reached = 0;

	if (sl_pattern_match(pattern, len, "alerts", 6))
		reached = limit;
	for (size_t i = 0; i < catalog->metric_count && reached != limit; i++) {
		const struct sl_catalog_metric_row *row = catalog->metric[i];

		if (row->metric.module->bit & limit & ~reached &&
		    sl_pattern_match(pattern, len, row->topic, strlen(row->topic)))
			reached |= row->metric.module->bit;
	}
	for (size_t i = 0; i < catalog->event_count && reached != limit; i++) {
		const struct sl_catalog_event *event = &catalog->event[i]->event;
		struct sl_catalog_target topic;

		if (!(event->module->bit & limit & ~reached))
			continue;
		set(&topic, EVENTS, event->name, strlen(event->name), NULL);
		if (sl_pattern_overlap(pattern, len, topic.pattern, topic.len))
			reached |= event->module->bit;
	}
	return reached;
}
