/* SPDX-License-Identifier: Apache-2.0 */
#include "subscription.h"

#include <stdlib.h>

#include "hub.h"

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

void gw_sub_preset(struct gw_client *client)
{
	for (struct gw_sub *sub = client->subs; sub; sub = sub->next)
		sub->preset = true;
}

void gw_sub_asked(struct gw_client *client)
{
	struct gw_sub **at = &client->subs;

	while (*at) {
		if ((*at)->preset)
			drop(at);
		else
			at = &(*at)->next;
	}
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
	struct gw_patterns *all = gw_patterns_make(home, NULL, 0, NULL);

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
