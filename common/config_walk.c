/* SPDX-License-Identifier: Apache-2.0 */
#include "config_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static int visit(int (*fn)(void *, const struct sl_config_place *), void *arg,
    enum sl_section section, const char *title, void *base)
{
	const struct sl_config_place place = {
	    section, sl_section_name(section), title, "", "", base};

	return fn(arg, &place);
}

static int walk_collector(struct sl_config_collector *collector,
    int (*fn)(void *arg, const struct sl_config_place *place), void *arg)
{
	int rc = visit(fn, arg, SL_SECTION_COLLECTOR, collector->title, collector);

	if (rc == 0)
		rc = visit(
		    fn, arg, SL_SECTION_SYSTEM, collector->title, &collector->system);
	if (rc == 0)
		rc = visit(fn, arg, SL_SECTION_SYNTHETIC, collector->title,
		    &collector->synthetic);
	if (rc == 0)
		rc = visit(
		    fn, arg, SL_SECTION_POSTGRES, collector->title, &collector->postgres);
	if (rc == 0)
		rc = visit(
		    fn, arg, SL_SECTION_WEBHOOK, collector->title, &collector->webhook);
	for (size_t i = 0; rc == 0 && i < collector->probe_count; i++) {
		const struct sl_config_place place = {SL_SECTION_PROBE, "collector",
		    collector->title, "probe", collector->probe[i].title,
		    &collector->probe[i]};
		rc = fn(arg, &place);
	}
	for (size_t i = 0; rc == 0 && i < collector->service_count; i++) {
		const struct sl_config_place place = {SL_SECTION_SERVICE, "collector",
		    collector->title, "service", collector->service[i].title,
		    &collector->service[i]};
		rc = fn(arg, &place);
	}
	for (size_t i = 0; rc == 0 && i < collector->table_count; i++) {
		const struct sl_config_place place = {SL_SECTION_TABLE, "collector",
		    collector->title, "table", collector->table[i].title,
		    &collector->table[i]};
		rc = fn(arg, &place);
	}
	for (size_t i = 0; rc == 0 && i < collector->query_count; i++) {
		const struct sl_config_place place = {SL_SECTION_QUERY, "collector",
		    collector->title, "query", collector->query[i].title,
		    &collector->query[i]};
		rc = fn(arg, &place);
	}
	for (size_t i = 0; rc == 0 && i < collector->target_count; i++) {
		const struct sl_config_place place = {SL_SECTION_TARGET, "collector",
		    collector->title, "target", collector->target[i].title,
		    &collector->target[i]};
		rc = fn(arg, &place);
	}
	for (size_t i = 0; rc == 0 && i < collector->map_count; i++) {
		const struct sl_config_place place = {SL_SECTION_MAP, "collector",
		    collector->title, "map", collector->map[i].title, &collector->map[i]};
		rc = fn(arg, &place);
	}
	if (rc == 0)
		rc = visit(fn, arg, SL_SECTION_LOGS, collector->title, &collector->logs);
	for (size_t i = 0; rc == 0 && i < collector->log_file_count; i++) {
		const struct sl_config_place place = {SL_SECTION_LOG_FILE, "collector",
		    collector->title, "file", collector->log_file[i].title,
		    &collector->log_file[i]};
		rc = fn(arg, &place);
	}
	for (size_t i = 0; rc == 0 && i < collector->log_pattern_count; i++) {
		const struct sl_config_place place = {SL_SECTION_LOG_PATTERN, "collector",
		    collector->title, "pattern", collector->log_pattern[i].title,
		    &collector->log_pattern[i]};
		rc = fn(arg, &place);
	}
	return rc;
}

int sl_config_walk(struct sl_config *config,
    int (*fn)(void *arg, const struct sl_config_place *place), void *arg)
{
	int rc = visit(fn, arg, SL_SECTION_LOG, "", &config->log);

	if (rc == 0)
		rc = visit(fn, arg, SL_SECTION_AUTH, "", &config->auth);
	for (size_t i = 0; rc == 0 && i < config->auth.key_count; i++) {
		const struct sl_config_place place = {SL_SECTION_KEY, "auth", "", "key",
		    config->auth.key[i].title, &config->auth.key[i]};
		rc = fn(arg, &place);
	}
	if (rc == 0)
		rc = visit(fn, arg, SL_SECTION_AGGREGATOR, "", &config->aggregator);
	for (size_t i = 0; rc == 0 && i < config->aggregator.threshold_count; i++) {
		const struct sl_config_place place = {SL_SECTION_THRESHOLD, "aggregator",
		    "", "alertThresholds", config->aggregator.threshold[i].title,
		    &config->aggregator.threshold[i]};
		rc = fn(arg, &place);
	}
	if (rc == 0)
		rc = visit(fn, arg, SL_SECTION_GATEWAY, "", &config->gateway);
	for (size_t i = 0; rc == 0 && i < config->collector_count; i++)
		rc = walk_collector(&config->collector[i], fn, arg);
	return rc;
}

void sl_config_place_path(
    const struct sl_config_place *place, const char *option, char out[SL_CONFIG_PATH_MAX])
{
	const char *part[] = {
	    place->outer, place->outer_title, place->inner, place->inner_title, option};
	size_t used = 0;

	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		if (*part[i] && used < SL_CONFIG_PATH_MAX)
			used += (size_t)snprintf(out + used, SL_CONFIG_PATH_MAX - used,
			    "%s%s", used ? "." : "", part[i]);
}

static const struct sl_conf_entry *find(
    const struct sl_conf_entry *in, const char *name, const char *title)
{
	for (size_t i = 0; i < in->child_count; i++)
		if (strcmp(in->child[i].name, name) == 0 &&
		    strcmp(in->child[i].title, title) == 0)
			return &in->child[i];
	return NULL;
}

const struct sl_conf_entry *sl_config_place_entry(
    const struct sl_config_place *place, const struct sl_conf_entry *root)
{
	const struct sl_conf_entry *outer = find(root, place->outer, place->outer_title);

	if (!outer || !*place->inner)
		return outer;
	return find(outer, place->inner, place->inner_title);
}

/*
 * Makes an array of elements of size bytes that begin with their title, one for
 * each section of a name.
 */
static void *make_titled(
    const struct sl_conf_entry *in, const char *name, size_t size, size_t *count)
{
	char *array = NULL;

	*count = 0;
	for (size_t i = 0; in && i < in->child_count; i++) {
		if (strcmp(in->child[i].name, name) != 0)
			continue;
		array = reallocarray(array, *count + 1, size);
		if (!array)
			abort();
		char *element = array + (*count)++ * size;
		memset(element, 0, size);
		char *title = strdup(in->child[i].title);
		if (!title)
			abort();
		memcpy(element, &title, sizeof title);
	}
	return array;
}

void sl_config_shape(struct sl_config *config, const struct sl_conf_entry *root)
{
	static const struct sl_conf_entry one_key = {.name = "key", .title = "default"};
	static const struct sl_conf_entry no_keys = {
	    .child = (struct sl_conf_entry *)(uintptr_t)&one_key, .child_count = 1};
	struct sl_config_auth *auth = &config->auth;
	struct sl_config_aggregator *aggregator = &config->aggregator;

	auth->key = make_titled(
	    sl_conf_get(root, "auth"), "key", sizeof *auth->key, &auth->key_count);
	if (auth->key_count == 0)
		auth->key =
		    make_titled(&no_keys, "key", sizeof *auth->key, &auth->key_count);
	aggregator->threshold =
	    make_titled(sl_conf_get(root, "aggregator"), "alertThresholds",
		sizeof *aggregator->threshold, &aggregator->threshold_count);
	config->collector = make_titled(
	    root, "collector", sizeof *config->collector, &config->collector_count);
	for (size_t i = 0; i < config->collector_count; i++) {
		struct sl_config_collector *collector = &config->collector[i];
		const struct sl_conf_entry *entry =
		    find(root, "collector", collector->title);

		collector->probe = make_titled(
		    entry, "probe", sizeof *collector->probe, &collector->probe_count);
		collector->service = make_titled(entry, "service",
		    sizeof *collector->service, &collector->service_count);
		collector->table = make_titled(
		    entry, "table", sizeof *collector->table, &collector->table_count);
		collector->log_file = make_titled(entry, "file",
		    sizeof *collector->log_file, &collector->log_file_count);
		collector->log_pattern = make_titled(entry, "pattern",
		    sizeof *collector->log_pattern, &collector->log_pattern_count);
		collector->query = make_titled(
		    entry, "query", sizeof *collector->query, &collector->query_count);
		collector->target = make_titled(
		    entry, "target", sizeof *collector->target, &collector->target_count);
		collector->map = make_titled(
		    entry, "map", sizeof *collector->map, &collector->map_count);
	}
}

static void free_titled(void *array, size_t size, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *title;

		memcpy(&title, (char *)array + i * size, sizeof title);
		free(title);
	}
	free(array);
}

void sl_config_unshape(struct sl_config *config)
{
	for (size_t i = 0; i < config->collector_count; i++) {
		struct sl_config_collector *collector = &config->collector[i];

		free_titled(
		    collector->probe, sizeof *collector->probe, collector->probe_count);
		free_titled(collector->service, sizeof *collector->service,
		    collector->service_count);
		free_titled(
		    collector->table, sizeof *collector->table, collector->table_count);
		free_titled(collector->log_file, sizeof *collector->log_file,
		    collector->log_file_count);
		free_titled(collector->log_pattern, sizeof *collector->log_pattern,
		    collector->log_pattern_count);
		free_titled(
		    collector->query, sizeof *collector->query, collector->query_count);
		free_titled(collector->target, sizeof *collector->target,
		    collector->target_count);
		free_titled(collector->map, sizeof *collector->map, collector->map_count);
	}
	free_titled(
	    config->collector, sizeof *config->collector, config->collector_count);
	free_titled(config->aggregator.threshold, sizeof *config->aggregator.threshold,
	    config->aggregator.threshold_count);
	free_titled(config->auth.key, sizeof *config->auth.key, config->auth.key_count);
}
