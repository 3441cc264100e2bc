/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on the fields of events: parsed, made canonical, matched. */
#ifndef GW_FILTER_H
#define GW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json_in.h"
#include "table.h"

/*
 * What clients write; sightline-subscriptions(5) has the meaning of every part.
 *
 *	filter  = { member, … }                   all of them
 *	member  = "and": [filter, …] | "or": [filter, …] | "not": filter
 *	        | path: value | [value, …] | { "gt","gte","lt","lte","ne": value, … }
 *
 * A path is dotted.  One that begins with a member of the event object (id,
 * type, time, priority, module, source, audience, payload) is looked up there,
 * any other in the payload.
 */

/* Bounds of one filter. */
#define GW_FILTER_TESTS_MAX    64   /* comparisons */
#define GW_FILTER_VALUES_MAX   256  /* in all comparisons */
#define GW_FILTER_DEPTH_MAX    12   /* of and, or, not, in the canonical form */
#define GW_FILTER_SEGMENTS_MAX 16   /* of a path */
#define GW_FILTER_TEXT_MAX     8192 /* of the canonical form */

#define GW_FILTER_ERROR 160

/* Immutable, counted and interned: equal filters are one object. */
struct gw_filter;

/*
 * gw_filter_make gives the filter of a JSON value, with a reference; NULL in
 * *out for {}, which lets everything through.  home is the table that keeps
 * filters; it outlives them.  Filters that differ only in the order of their
 * parts, in repetition, or in ways to write a number or a path are one object.
 * Returns 0, or SL_EMALFORMED or SL_ETOOBIG with a line for the client in error.
 */
int gw_filter_make(struct gw_table *home, const json_t *json, struct gw_filter **out,
    char error[GW_FILTER_ERROR]);

/* gw_filter_parse does the same for JSON text. */
int gw_filter_parse(struct gw_table *home, const char *text, size_t len,
    struct gw_filter **out, char error[GW_FILTER_ERROR]);

/* gw_filter_ref adds a reference, _unref gives one back; both accept NULL. */
struct gw_filter *gw_filter_ref(struct gw_filter *filter);
void gw_filter_unref(struct gw_filter *filter);

/*
 * gw_filter_text returns the canonical form, which gw_filter_parse makes into the
 * same filter again; it lives as long as the filter.
 */
struct sl_slice gw_filter_text(const struct gw_filter *filter);

/*
 * gw_filter_match says whether an event (a valid JSON object) passes.  Pure; one
 * pass over the text, which ends as soon as the answer is known; allocates only
 * for numbers of more than 60 digits.
 */
bool gw_filter_match(const struct gw_filter *filter, const char *event, size_t len);

#endif
