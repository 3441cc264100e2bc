/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a checked JSON object, one after the other, without building it. */
#ifndef SL_JSON_WALK_H
#define SL_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "entry.h"

enum sl_json_type {
	SL_JSON_NULL,
	SL_JSON_BOOLEAN,
	SL_JSON_NUMBER,
	SL_JSON_STRING,
	SL_JSON_ARRAY,
	SL_JSON_OBJECT,
};

struct sl_json_member {
	struct sl_slice key; /* between the quotes, escapes as written */
	enum sl_json_type type;
	struct sl_slice value; /* its text; of a string what is between the quotes */
};

struct sl_json_walk {
	const char *at, *end;
};

/*
 * sl_json_walk_init begins at the first member of an object that
 * sl_json_check_object has accepted.  Slices point into data.
 */
void sl_json_walk_init(struct sl_json_walk *walk, const char *data, size_t len);

/*
 * sl_json_walk_next gives the next member, of the outermost object only; false
 * after the last.  Pure, never reads past len whatever the bytes are.
 */
bool sl_json_walk_next(struct sl_json_walk *walk, struct sl_json_member *member);

/* sl_json_walk_is tells whether the member's key is name, escapes decoded. */
bool sl_json_walk_is(const struct sl_json_member *member, const char *name);

#endif
