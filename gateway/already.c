/* SPDX-License-Identifier: Apache-2.0 */
#include "already.h"

#include <stdlib.h>
#include <string.h>

static bool is_of(const struct gw_already *a, const struct gw_sight *sight,
    const uint64_t from[SL_STREAM_COUNT])
{
	return a->sight.role == sight->role && a->sight.modules == sight->modules &&
	       a->sight.patterns == sight->patterns &&
	       memcmp(a->from, from, sizeof a->from) == 0;
}

static void drop(struct gw_already **at)
{
	struct gw_already *a = *at;

	*at = a->next;
	gw_patterns_unref(a->sight.patterns);
	free(a);
}

void gw_already_add(struct gw_already **list, const struct gw_sight *sight,
    const uint64_t from[SL_STREAM_COUNT], const uint64_t until[SL_STREAM_COUNT])
{
	struct gw_already *a = *list;

	while (a && !is_of(a, sight, from))
		a = a->next;
	if (!a) {
		a = calloc(1, sizeof *a);
		if (!a)
			abort();
		a->sight = *sight;
		gw_patterns_ref(a->sight.patterns);
		memcpy(a->from, from, sizeof a->from);
		a->next = *list;
		*list = a;
	}
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		if (until[s] > a->until[s])
			a->until[s] = until[s];
	}
	if (gw_already_count(*list) > GW_ALREADY_MAX) {
		struct gw_already **last = list;
		while ((*last)->next)
			last = &(*last)->next;
		drop(last);
	}
}

bool gw_already_has(const struct gw_already *list, const struct sl_catalog *catalog,
    const struct gw_entry *entry)
{
	const struct sl_entry *e = &entry->e;

	for (const struct gw_already *a = list; a; a = a->next) {
		if (e->seq >= a->from[e->stream] && e->seq < a->until[e->stream] &&
		    gw_sight_entry(&a->sight, catalog, e, entry->module) != GW_HIDDEN)
			return true;
	}
	return false;
}

uint32_t gw_already_count(const struct gw_already *list)
{
	uint32_t count = 0;

	for (; list; list = list->next)
		count++;
	return count;
}

void gw_already_clear(struct gw_already **list)
{
	while (*list)
		drop(list);
}
