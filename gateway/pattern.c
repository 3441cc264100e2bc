/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

#include "topic.h"

/* By what they match, on whatever terms. */
static int compare_matches(const void *left, const void *right)
{
	const struct gw_pattern *a = left;
	const struct gw_pattern *b = right;
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	if (order != 0)
		return order;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return (a->modules > b->modules) - (a->modules < b->modules);
}

static int compare(const void *left, const void *right)
{
	const struct gw_pattern *a = left;
	const struct gw_pattern *b = right;
	int order = compare_matches(a, b);

	if (order != 0)
		return order;
	if (a->terms.interval_ms != b->terms.interval_ms)
		return a->terms.interval_ms < b->terms.interval_ms ? -1 : 1;
	/* Filters are interned: any order of the objects will do. */
	uintptr_t f = (uintptr_t)a->terms.filter;
	uintptr_t g = (uintptr_t)b->terms.filter;
	return (f > g) - (f < g);
}

static uint64_t hash_items(const struct gw_pattern *item, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++) {
		const void *terms[] = {
		    item[i].terms.filter, (void *)(uintptr_t)item[i].terms.interval_ms};
		hash = gw_table_hash(hash ^ item[i].modules, item[i].text, item[i].len);
		hash = gw_table_hash(hash, terms, sizeof terms);
	}
	return hash;
}

static struct gw_patterns *find(
    struct gw_table *home, uint64_t hash, const struct gw_pattern *item, size_t count)
{
	for (struct gw_table_node *node = gw_table_first(home, hash); node;
	     node = gw_table_next(node)) {
		struct gw_patterns *set = GW_TABLE_OBJECT(node, struct gw_patterns, node);
		size_t i = 0;
		if (set->count != count)
			continue;
		while (i < count && compare(&set->item[i], &item[i]) == 0)
			i++;
		if (i == count)
			return gw_patterns_ref(set);
	}
	return NULL;
}

/* Whether the filters of all items, each counted once, are within their bounds. */
static bool filters_fit(const struct gw_pattern *item, size_t count)
{
	const struct gw_filter *seen[GW_PATTERN_FILTERS_MAX];
	size_t filters = 0;
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		const struct gw_filter *filter = item[i].terms.filter;
		size_t at = 0;
		while (at < filters && seen[at] != filter)
			at++;
		if (!filter || at < filters)
			continue;
		bytes += gw_filter_text(filter).len;
		if (filters == GW_PATTERN_FILTERS_MAX || bytes > GW_PATTERN_FILTERS_TEXT)
			return false;
		seen[filters++] = filter;
	}
	return true;
}

/* Sorts the items, drops duplicates and returns their set; copies the texts. */
static struct gw_patterns *intern(
    struct gw_table *home, struct gw_pattern *item, size_t count)
{
	size_t unique = 0;
	size_t bytes = 0;

	if (count > 1)
		qsort(item, count, sizeof *item, compare);
	for (size_t i = 0; i < count; i++) {
		if (unique > 0 && compare(&item[unique - 1], &item[i]) == 0)
			continue;
		item[unique++] = item[i];
		bytes += item[i].len;
	}
	if (unique > GW_PATTERN_MAX || !filters_fit(item, unique))
		return NULL;
	uint64_t hash = hash_items(item, unique);
	struct gw_patterns *set = find(home, hash, item, unique);
	if (set)
		return set;
	set = malloc(sizeof *set + unique * sizeof *item + bytes);
	if (!set)
		abort();
	set->home = home;
	set->refs = 1;
	set->count = (uint32_t)unique;
	char *text = (char *)&set->item[unique];
	for (size_t i = 0; i < unique; i++) {
		set->item[i] = item[i];
		set->item[i].text = text;
		gw_filter_ref(item[i].terms.filter);
		memcpy(text, item[i].text, item[i].len);
		text += item[i].len;
	}
	gw_table_add(home, &set->node, hash);
	return set;
}

/* What of the terms concerns anything that the pattern matches. */
static struct gw_terms terms_of(
    const struct sl_catalog_target *target, const struct gw_terms *terms)
{
	struct gw_terms own = {0};

	if (sl_pattern_overlap(target->pattern, target->len, "events.>", 8))
		own.filter = terms->filter;
	if (sl_pattern_overlap(target->pattern, target->len, "metrics.>", 9))
		own.interval_ms = terms->interval_ms;
	return own;
}

struct gw_patterns *gw_patterns_make(struct gw_table *home,
    const struct sl_catalog_target *target, size_t count, const struct gw_terms *terms)
{
	struct gw_pattern item[GW_PATTERN_MAX];

	if (count > GW_PATTERN_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++)
		item[i] = (struct gw_pattern){
		    .text = target[i].pattern,
		    .len = (uint16_t)target[i].len,
		    .exact = sl_topic_valid(target[i].pattern, target[i].len),
		    .modules = target[i].module ? target[i].module->bit : UINT64_MAX,
		    .terms = terms_of(&target[i], terms),
		};
	return intern(home, item, count);
}

struct gw_patterns *gw_patterns_union(
    struct gw_table *home, const struct gw_patterns *a, const struct gw_patterns *b)
{
	struct gw_pattern item[2 * GW_PATTERN_MAX];
	size_t count = 0;

	for (size_t i = 0; a && i < a->count; i++)
		item[count++] = a->item[i];
	for (size_t i = 0; b && i < b->count; i++)
		item[count++] = b->item[i];
	return intern(home, item, count);
}

struct gw_patterns *gw_patterns_minus(
    struct gw_table *home, const struct gw_patterns *a, const struct gw_patterns *b)
{
	struct gw_pattern item[GW_PATTERN_MAX];
	size_t count = 0;

	for (size_t i = 0; a && i < a->count; i++) {
		if (!bsearch(
			&a->item[i], b->item, b->count, sizeof *b->item, compare_matches))
			item[count++] = a->item[i];
	}
	return intern(home, item, count);
}

struct gw_patterns *gw_patterns_ref(struct gw_patterns *set)
{
	if (set)
		set->refs++;
	return set;
}

void gw_patterns_unref(struct gw_patterns *set)
{
	if (!set || --set->refs > 0)
		return;
	gw_table_remove(set->home, &set->node);
	for (uint32_t i = 0; i < set->count; i++)
		gw_filter_unref(set->item[i].terms.filter);
	free(set);
}

static bool matches(
    const struct gw_pattern *p, const char *topic, size_t len, uint64_t module)
{
	return (p->modules == UINT64_MAX || (p->modules & module)) &&
	       sl_pattern_match(p->text, p->len, topic, len);
}

bool gw_patterns_match(
    const struct gw_patterns *set, const char *topic, size_t len, uint64_t module)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (matches(&set->item[i], topic, len, module))
			return true;
	}
	return false;
}

bool gw_patterns_match_entry(
    const struct gw_patterns *set, const struct sl_entry *entry, uint64_t module)
{
	const struct gw_filter *failed = NULL;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct gw_pattern *p = &set->item[i];
		const struct gw_filter *filter =
		    entry->kind == SL_ENTRY_EVENT ? p->terms.filter : NULL;
		if ((filter && filter == failed) ||
		    !matches(p, entry->topic.data, entry->topic.len, module))
			continue;
		if (!filter || gw_filter_match(filter, entry->body.data, entry->body.len))
			return true;
		failed = filter;
	}
	return false;
}

uint32_t gw_patterns_interval(
    const struct gw_patterns *set, const char *topic, size_t len, uint64_t module)
{
	uint32_t interval = UINT32_MAX;

	for (uint32_t i = 0; i < set->count && interval > 0; i++) {
		const struct gw_pattern *p = &set->item[i];
		if (p->terms.interval_ms < interval && matches(p, topic, len, module))
			interval = p->terms.interval_ms;
	}
	return interval;
}

bool gw_patterns_limited(const struct gw_patterns *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->item[i].terms.interval_ms > 0)
			return true;
	}
	return false;
}

bool gw_patterns_exact(const struct gw_patterns *set, const char *topic, size_t len)
{
	for (uint32_t i = 0; i < set->count; i++) {
		const struct gw_pattern *p = &set->item[i];
		if (p->exact && p->len == len && memcmp(p->text, topic, len) == 0)
			return true;
	}
	return false;
}

bool gw_patterns_overlap(const struct gw_patterns *set, const char *pattern)
{
	for (uint32_t i = 0; i < set->count; i++) {
		const struct gw_pattern *p = &set->item[i];
		if (sl_pattern_overlap(p->text, p->len, pattern, strlen(pattern)))
			return true;
	}
	return false;
}
