/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a subscription is made of, and its terms. */
#ifndef GW_NAMES_H
#define GW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "json_in.h"
#include "pattern.h"

/* Bounds of max_hz. */
#define GW_NAMES_HZ_MIN 0.001
#define GW_NAMES_HZ_MAX 1000

/* What a list of names stands for, in the making. */
struct gw_names {
	const struct sl_catalog *catalog;
	uint64_t modules; /* of the asking role */
	size_t count;
	struct sl_catalog_target target[GW_PATTERN_MAX];
	size_t asked_count;
	struct sl_slice asked[GW_PATTERN_MAX]; /* the names themselves */
	double max_hz;                         /* as asked; 0: none */
	struct gw_terms terms;
	const char *problem; /* of problem.h, when something was refused */
	char error[192];     /* for the client, then */
};

/*
 * gw_names_init begins a list, gw_names_clear gives back what it holds.
 * gw_names_add resolves one name into it (the name must live as long as the
 * list).  Returns 0, SL_ENOTFOUND, SL_EMALFORMED, SL_EDENIED (wholly outside the
 * role) or SL_EFULL, with problem and a line in error.
 */
void gw_names_init(
    struct gw_names *names, const struct sl_catalog *catalog, uint64_t modules);
void gw_names_clear(struct gw_names *names);
int gw_names_add(struct gw_names *names, const char *name, size_t len);

/* gw_names_split adds each of a comma-separated list; empty ones are skipped. */
int gw_names_split(struct gw_names *names, const char *list, size_t len);

/*
 * gw_names_within keeps of names only what lies within other, too; refused, as
 * above, if that is nothing.
 */
int gw_names_within(struct gw_names *names, const struct gw_names *other);

/*
 * gw_names_filter takes a filter for the events that the names bring, of which
 * there must be some; home keeps filters.  gw_names_rate takes max_hz for their
 * metrics.  Refused as above.
 */
int gw_names_filter(struct gw_names *names, struct gw_table *home, const json_t *filter);
int gw_names_rate(struct gw_names *names, double max_hz);

/* gw_names_patterns returns the set on these terms, as gw_patterns_make does. */
struct gw_patterns *gw_names_patterns(
    const struct gw_names *names, struct gw_table *home);

#endif
