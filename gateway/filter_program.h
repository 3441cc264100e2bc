/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter is made into: for the filter's own files. */
#ifndef GW_FILTER_PROGRAM_H
#define GW_FILTER_PROGRAM_H

#include "buf.h"
#include "filter.h"

/* A number as JSON has it: whole ones within 64 bits stay exact. */
struct gw_filter_number {
	bool whole;
	int64_t i;
	double d; /* of whole ones, too */
};

struct gw_filter_value {
	json_type type; /* string, integer (any number), true, false, null */
	struct gw_filter_number number;
	struct sl_slice string;
};

/* A comparison: with any of some values, or with one or two bounds. */
struct gw_filter_test {
	uint16_t first; /* of its values */
	uint16_t count;
	uint16_t next; /* of the same path, GW_FILTER_NONE at the end */
	bool is_range;
	bool has_low, low_open; /* the bounds are values first, first + 1 */
	bool has_high, high_open;
};

/* The paths of all tests, as a tree of their segments; 0 is the event itself. */
struct gw_filter_path {
	struct sl_slice name;
	uint16_t child;
	uint16_t sibling;
	uint16_t children;
	uint16_t test;
};

enum gw_filter_op { GW_FILTER_TEST, GW_FILTER_AND, GW_FILTER_OR, GW_FILTER_NOT };

/* Postfix: arg is a test's number, or how many results are joined. */
struct gw_filter_step {
	uint8_t op;
	uint16_t arg;
};

#define GW_FILTER_NONE UINT16_MAX

struct gw_filter {
	struct gw_table_node node;
	struct gw_table *home;
	uint32_t refs;
	struct sl_buf text;
	json_t *tree; /* of the text: what the slices point into */
	struct gw_filter_value *value;
	struct gw_filter_test *test;
	struct gw_filter_path *path;
	struct gw_filter_step *step;
	uint16_t values, tests, paths, steps;
};

/*
 * gw_filter_form appends the canonical form of a filter, nothing for {}.  It is
 * one of {"and":[…]}, {"or":[…]}, {"not":…} and {path:test}, all the way down;
 * lists are sorted and without repetition, paths whole, and a test is a value,
 * a list of at least two, or an object of one or two bounds.
 * Returns as gw_filter_make does.
 */
int gw_filter_form(const json_t *json, struct sl_buf *out, char error[GW_FILTER_ERROR]);

/* gw_filter_compile makes the program of filter->tree, which is canonical. */
void gw_filter_compile(struct gw_filter *filter);

/* A scalar of the event: of its type, that of these which its type has. */
struct gw_filter_scalar {
	json_type type;
	struct sl_slice raw;
	struct gw_filter_number number;
};

/* gw_filter_same says whether a string as it stands in JSON is this text. */
bool gw_filter_same(struct sl_slice raw, struct sl_slice text);

/* gw_filter_number reads a number as it stands. */
struct gw_filter_number gw_filter_number(struct sl_slice raw);

/* gw_filter_holds makes one comparison. */
bool gw_filter_holds(const struct gw_filter *filter, const struct gw_filter_test *test,
    const struct gw_filter_scalar *s);

/* gw_filter_walk returns the tests that hold for an event, as bits. */
uint64_t gw_filter_walk(const struct gw_filter *filter, const char *event, size_t len);

#endif
