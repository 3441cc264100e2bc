/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "fanout.h"
#include "rate.h"

static uint64_t hash_sight(const struct gw_sight *s)
{
	const void *key[] = {s->tenant, s->role, s->patterns};

	return gw_table_hash(s->modules ^ s->points, key, sizeof key);
}

struct gw_view *gw_view_get(struct gw_hub *hub, const struct gw_sight *sight)
{
	uint64_t hash = hash_sight(sight);

	for (struct gw_table_node *node = gw_table_first(&hub->views, hash); node;
	     node = gw_table_next(node)) {
		struct gw_view *view = GW_TABLE_OBJECT(node, struct gw_view, node);
		const struct gw_sight *s = &view->sight;
		if (s->tenant == sight->tenant && s->role == sight->role &&
		    s->modules == sight->modules && s->patterns == sight->patterns &&
		    s->points == sight->points)
			return view;
	}
	struct gw_view *view = calloc(1, sizeof *view);
	if (!view)
		abort();
	view->hub = hub;
	view->sight = *sight;
	gw_patterns_ref(view->sight.patterns);
	view->wants_alerts = gw_patterns_overlap(sight->patterns, "alerts");
	view->wants_events = gw_patterns_overlap(sight->patterns, "events.>");
	view->wants_metrics = gw_patterns_overlap(sight->patterns, "metrics.>");
	if (view->wants_metrics && gw_patterns_limited(sight->patterns))
		view->rate = gw_rate_new(sight->patterns);
	view->next = hub->view_first;
	if (view->next)
		view->next->prev = view;
	hub->view_first = view;
	gw_table_add(&hub->views, &view->node, hash);
	return view;
}

static void free_view(struct gw_view *view)
{
	struct gw_hub *hub = view->hub;

	gw_table_remove(&hub->views, &view->node);
	if (view->prev)
		view->prev->next = view->next;
	else
		hub->view_first = view->next;
	if (view->next)
		view->next->prev = view->prev;
	gw_patterns_unref(view->sight.patterns);
	gw_rate_free(view->rate);
	free(view->member);
	free(view);
}

bool gw_view_overlay(struct gw_view *view, struct sl_buf *out)
{
	if (view->rate)
		return gw_rate_overlay(view, out);
	return gw_sight_overlay(&view->sight, view->hub->mirror, out);
}

void gw_view_add(struct gw_view *view, struct gw_client *client)
{
	if (view->count == view->cap) {
		view->cap = view->cap ? view->cap * 2 : 1;
		view->member = realloc(view->member, view->cap * sizeof(*view->member));
		if (!view->member)
			abort();
	}
	client->view = view;
	client->place = view->count;
	view->member[view->count++] = client;
}

void gw_view_remove(struct gw_view *view, struct gw_client *client)
{
	struct gw_client *last = view->member[--view->count];

	view->member[client->place] = last;
	last->place = client->place;
	client->view = NULL;
	gw_fanout_removed(view, client->place);
	if (view->count == 0)
		free_view(view);
}

/* FNV-1a: it has to be the same in every process, so the tables' hash won't do. */
static uint32_t sign(uint32_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

uint32_t gw_view_sign(const struct gw_view *view)
{
	const struct gw_patterns *set = view->sight.patterns;
	uint32_t hash = 2166136261u;

	hash = sign(hash, view->sight.role->name, strlen(view->sight.role->name) + 1);
	hash = sign(hash, &view->sight.modules, sizeof view->sight.modules);
	hash = sign(hash, &view->sight.points, sizeof view->sight.points);
	for (uint32_t i = 0; i < set->count; i++) {
		hash = sign(hash, set->item[i].text, set->item[i].len);
		hash = sign(hash, &set->item[i].modules, sizeof set->item[i].modules);
	}
	return hash;
}
