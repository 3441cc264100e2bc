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

typedef int visitor(void *arg, const struct sl_config_place *place);

static int walk_sections(enum sl_section section, const char *outer_title, void *array,
    size_t size, size_t count, visitor *fn, void *arg)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		char *element = (char *)array + i * size;
		char *title; /* every such struct begins with it */

		memcpy(&title, element, sizeof title);
		rc = fn(arg, &(struct sl_config_place){section, "collector", outer_title,
				 sl_section_name(section), title, element});
	}
	return rc;
}

static int walk_collector(struct sl_config_collector *collector, visitor *fn, void *arg)
{
	const char *title = collector->title;
	int rc = visit(fn, arg, SL_SECTION_COLLECTOR, title, collector);

#define X(id, member)                                                                    \
	if (rc == 0)                                                                     \
		rc = visit(fn, arg, SL_SECTION_##id, title, &collector->member);
	SL_COLLECTOR_OPTIONS_TABLE(X)
#undef X
#define X(id, member, name)                                                              \
	if (rc == 0)                                                                     \
		rc = walk_sections(SL_SECTION_##id, title, collector->member,            \
		    sizeof *collector->member, collector->member##_count, fn, arg);
	SL_COLLECTOR_SECTION_TABLE(X)
#undef X
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

#define X(id, member, name)                                                              \
	collector->member = make_titled(                                                 \
	    entry, name, sizeof *collector->member, &collector->member##_count);
		SL_COLLECTOR_SECTION_TABLE(X)
#undef X
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

#define X(id, member, name)                                                              \
	free_titled(                                                                     \
	    collector->member, sizeof *collector->member, collector->member##_count);
		SL_COLLECTOR_SECTION_TABLE(X)
#undef X
	}
	free_titled(
	    config->collector, sizeof *config->collector, config->collector_count);
	free_titled(config->aggregator.threshold, sizeof *config->aggregator.threshold,
	    config->aggregator.threshold_count);
	free_titled(config->auth.key, sizeof *config->auth.key, config->auth.key_count);
}
