/* SPDX-License-Identifier: Apache-2.0 */
#include "subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hub.h"
#include "topic.h"

/* ---- names --------------------------------------------------------------------- */

void gw_names_init(
    struct gw_names *names, const struct sl_catalog *catalog, uint64_t modules)
{
	names->catalog = catalog;
	names->modules = modules;
	names->count = 0;
	names->asked_count = 0;
	names->error[0] = '\0';
}

static int refuse(struct gw_names *names, int error, const char *name, size_t len)
{
	const char *why = error == SL_EDENIED     ? "is outside of your role"
			  : error == SL_ENOTFOUND ? "is not known"
			  : error == SL_EFULL     ? "is one name too many"
						  : "is not a name";

	/* Cut to what is shown; what is no name at all is not repeated. */
	if (error == SL_EMALFORMED)
		snprintf(names->error, sizeof names->error,
		    "a name of %zu bytes %s: letters, digits, \"_\", \"-\", \".\", "
		    "\"*\" and \">\"",
		    len, why);
	else
		snprintf(names->error, sizeof names->error, "\"%.*s\" %s",
		    (int)(len < 128 ? len : 128), name, why);
	return error;
}

int gw_names_add(struct gw_names *names, const char *name, size_t len)
{
	struct sl_catalog_target target[SL_CATALOG_TARGETS_MAX];
	int count = sl_catalog_resolve(names->catalog, name, len, target);
	uint64_t reach = 0;

	if (count < 0)
		return refuse(names, count, name, len);
	for (int i = 0; i < count; i++)
		reach |= sl_catalog_reach(names->catalog, &target[i]);
	if (names->asked_count == GW_PATTERN_MAX)
		return refuse(names, SL_EFULL, name, len);
	if ((reach & names->modules) == 0)
		return refuse(names, SL_EDENIED, name, len);
	for (int i = 0; i < count; i++) {
		if (names->count == GW_PATTERN_MAX)
			return refuse(names, SL_EFULL, name, len);
		names->target[names->count++] = target[i];
	}
	names->asked[names->asked_count++] = (struct sl_slice){name, len};
	return SL_OK;
}

int gw_names_split(struct gw_names *names, const char *list, size_t len)
{
	const char *end = list + len;

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *stop = comma ? comma : end;
		int error = stop > list ? gw_names_add(names, list, (size_t)(stop - list))
					: SL_OK;
		if (error)
			return error;
		list = stop + 1;
	}
	return SL_OK;
}

/* The narrower of two targets that overlap; false if they do not. */
static bool narrower(const struct sl_catalog_target *a, const struct sl_catalog_target *b,
    struct sl_catalog_target *out)
{
	if (a->module && b->module && a->module != b->module)
		return false;
	if (!sl_pattern_overlap(a->pattern, a->len, b->pattern, b->len))
		return false;
	*out = sl_topic_valid(a->pattern, a->len) ||
		       (!sl_topic_valid(b->pattern, b->len) && a->len >= b->len)
		   ? *a
		   : *b;
	if (!out->module)
		out->module = a->module ? a->module : b->module;
	return true;
}

void gw_names_within(struct gw_names *names, const struct gw_names *other)
{
	struct sl_catalog_target kept[GW_PATTERN_MAX];
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		for (size_t j = 0; j < other->count && count < GW_PATTERN_MAX; j++) {
			if (narrower(&names->target[i], &other->target[j], &kept[count]))
				count++;
		}
	}
	memcpy(names->target, kept, count * sizeof *kept);
	names->count = count;
}

const char *gw_names_problem(int error)
{
	switch (error) {
	case SL_EDENIED:
		return "forbidden";
	case SL_ENOTFOUND:
		return "unknown-topic";
	case SL_EFULL:
		return "too-many-topics";
	default:
		return "invalid-topic";
	}
}

/* ---- subscriptions --------------------------------------------------------------- */

uint32_t gw_sub_add(struct gw_client *client, struct gw_patterns *patterns)
{
	struct gw_sub **end = &client->subs;
	int count = 0;

	while (*end) {
		end = &(*end)->next;
		if (++count == GW_SUB_MAX)
			return 0;
	}
	struct gw_sub *sub = calloc(1, sizeof *sub);
	if (!sub)
		abort();
	sub->id = ++client->last_sub;
	sub->patterns = gw_patterns_ref(patterns);
	*end = sub;
	return sub->id;
}

static void drop(struct gw_sub **at)
{
	struct gw_sub *sub = *at;

	*at = sub->next;
	gw_patterns_unref(sub->patterns);
	free(sub);
}

bool gw_sub_remove(struct gw_client *client, uint32_t id)
{
	for (struct gw_sub **at = &client->subs; *at; at = &(*at)->next) {
		if ((*at)->id == id) {
			drop(at);
			return true;
		}
	}
	return false;
}

void gw_sub_remove_patterns(struct gw_client *client, const struct gw_patterns *patterns)
{
	struct gw_sub **at = &client->subs;

	while (*at) {
		struct gw_patterns *rest =
		    gw_patterns_minus(&client->hub->patterns, (*at)->patterns, patterns);
		gw_patterns_unref((*at)->patterns);
		(*at)->patterns = rest;
		if (rest->count == 0)
			drop(at);
		else
			at = &(*at)->next;
	}
}

struct gw_patterns *gw_sub_all(const struct gw_client *client)
{
	struct gw_table *home = &client->hub->patterns;
	struct gw_patterns *all = gw_patterns_make(home, NULL, 0);

	for (const struct gw_sub *sub = client->subs; sub && all; sub = sub->next) {
		struct gw_patterns *more = gw_patterns_union(home, all, sub->patterns);
		gw_patterns_unref(all);
		all = more;
	}
	return all;
}

void gw_sub_clear(struct gw_client *client)
{
	while (client->subs)
		drop(&client->subs);
}
