/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a filter on the way to its canonical text: for the filter's own files. */
#ifndef GW_FILTER_PART_H
#define GW_FILTER_PART_H

#include "filter_program.h"

/* A comparison or a join of other parts; text is its canonical form. */
struct gw_filter_parts {
	struct gw_filter_part *item;
	size_t count;
};

struct gw_filter_part {
	enum gw_filter_op kind;
	int depth; /* of joins and negations */
	struct sl_buf text;
	struct gw_filter_parts sub;
};

/* gw_filter_part_push takes a part over. */
void gw_filter_part_push(struct gw_filter_parts *parts, struct gw_filter_part part);

/* gw_filter_part_tidy sorts by text and drops what is there twice. */
void gw_filter_part_tidy(struct gw_filter_parts *parts);

/* gw_filter_part_list appends the texts as a JSON array. */
void gw_filter_part_list(struct sl_buf *out, const struct gw_filter_parts *parts);

/*
 * gw_filter_part_join makes one part of several, at least one, which it takes
 * over: GW_FILTER_AND or GW_FILTER_OR.  Joins of the same kind are taken up.
 */
struct gw_filter_part gw_filter_part_join(
    enum gw_filter_op kind, struct gw_filter_parts *from);

/* gw_filter_part_negate takes a part over and returns its negation. */
struct gw_filter_part gw_filter_part_negate(struct gw_filter_part part);

void gw_filter_part_clear(struct gw_filter_part *part);
void gw_filter_parts_clear(struct gw_filter_parts *parts);

#endif
