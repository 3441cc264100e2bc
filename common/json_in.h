/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside as a tree: the home of jansson. */
#ifndef SL_JSON_IN_H
#define SL_JSON_IN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

#define SL_JSON_IN_DEPTH 32

struct sl_json_in_error {
	int line;        /* from 1 */
	int column;      /* from 1, in bytes */
	size_t position; /* offset in bytes */
	char text[96];   /* what is wrong there */
};

/*
 * sl_json_in_parse reads exactly one JSON value of len bytes (RFC 8259).
 * Nesting past SL_JSON_IN_DEPTH, duplicate keys, NUL characters, invalid
 * UTF-8, NaN, overflow and trailing bytes are errors.  Returns a new reference
 * (json_decref) or NULL with error filled; error may be NULL.
 */
json_t *sl_json_in_parse(const char *data, size_t len, struct sl_json_in_error *error);

/*
 * Typed look-ups in an object; obj may be NULL or of another type.  Each
 * returns false and leaves *out alone when the member is missing or of another
 * type.  Slices live as long as the tree and are NUL-terminated.
 */
bool sl_json_in_string(const json_t *obj, const char *key, struct sl_slice *out);
bool sl_json_in_int(const json_t *obj, const char *key, int64_t *out);
bool sl_json_in_number(const json_t *obj, const char *key, double *out);
bool sl_json_in_bool(const json_t *obj, const char *key, bool *out);

/*
 * sl_json_in_path follows a dotted path of object keys ("a.b.c"); a member
 * whose own name has dots is found first.  Returns a borrowed reference or NULL.
 */
json_t *sl_json_in_path(const json_t *obj, const char *path);

/*
 * sl_json_in_write appends a tree as compact JSON, members in their order, numbers
 * as short as they can be written; nothing for NULL.
 */
void sl_json_in_write(const json_t *tree, struct sl_buf *out);

#endif
