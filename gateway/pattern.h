/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of topic patterns: what a subscription, or all of a client's, ask for. */
#ifndef GW_PATTERN_H
#define GW_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "entry.h"
#include "filter.h"
#include "table.h"

/* Bounds of one set: a client past them is refused. */
#define GW_PATTERN_MAX          256
#define GW_PATTERN_FILTERS_MAX  32
#define GW_PATTERN_FILTERS_TEXT 16384 /* bytes of all filters */

/* On which terms a subscription gets what its patterns match. */
struct gw_terms {
	struct gw_filter *filter; /* which events; NULL: all */
	uint32_t interval_ms;     /* between metrics_update; 0: as they come */
};

struct gw_pattern {
	const char *text;
	uint16_t len;
	bool exact;       /* a topic without wildcards */
	uint64_t modules; /* of what matches, only what belongs to these: all or one */
	struct gw_terms terms; /* with a reference to the filter */
};

/*
 * A set is immutable, counted and interned: two sets of the same patterns, in
 * whatever order they were asked for, are one object.
 */
struct gw_patterns {
	struct gw_table_node node;
	struct gw_table *home;
	uint32_t refs;
	uint32_t count;
	struct gw_pattern item[];
};

/*
 * gw_patterns_make returns the set of these targets (duplicates count once)
 * with a reference for the caller.  home is the table that keeps the sets; it
 * outlives them.  terms apply to all targets (a reference to the filter is
 * taken); of the terms, a pattern keeps what concerns anything that it matches.
 * NULL past a bound.
 */
struct gw_patterns *gw_patterns_make(struct gw_table *home,
    const struct sl_catalog_target *target, size_t count, const struct gw_terms *terms);

/*
 * gw_patterns_union and gw_patterns_minus return the set of all patterns of
 * both, and of those of a that are not in b on whatever terms, with a reference;
 * NULL past a bound.  a may be NULL: the empty set.
 */
struct gw_patterns *gw_patterns_union(
    struct gw_table *home, const struct gw_patterns *a, const struct gw_patterns *b);
struct gw_patterns *gw_patterns_minus(
    struct gw_table *home, const struct gw_patterns *a, const struct gw_patterns *b);

/* gw_patterns_ref adds a reference, _unref gives one back; both accept NULL. */
struct gw_patterns *gw_patterns_ref(struct gw_patterns *set);
void gw_patterns_unref(struct gw_patterns *set);

/* gw_patterns_match says whether a topic of a module (its bit) is in the set. */
bool gw_patterns_match(
    const struct gw_patterns *set, const char *topic, size_t len, uint64_t module);

/*
 * gw_patterns_match_entry says whether an entry is in the set: an event has to
 * pass the filter of a pattern that matches it.
 */
bool gw_patterns_match_entry(
    const struct gw_patterns *set, const struct sl_entry *entry, uint64_t module);

/*
 * gw_patterns_interval returns the shortest interval of the patterns that match
 * a metric's topic, in ms; UINT32_MAX if none does.
 */
uint32_t gw_patterns_interval(
    const struct gw_patterns *set, const char *topic, size_t len, uint64_t module);

/* gw_patterns_limited says whether the set holds back any metrics. */
bool gw_patterns_limited(const struct gw_patterns *set);

/* gw_patterns_exact says whether the set names this very topic. */
bool gw_patterns_exact(const struct gw_patterns *set, const char *topic, size_t len);

/*
 * gw_patterns_overlap says whether anything that the pattern matches ("alerts",
 * "metrics.>", "events.>") can be in the set.
 */
bool gw_patterns_overlap(const struct gw_patterns *set, const char *pattern);

#endif
