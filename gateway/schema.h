/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that clients get and send, in a short notation and as JSON Schema. */
#ifndef GW_SCHEMA_H
#define GW_SCHEMA_H

#include <stddef.h>

#include "json_out.h"

/*
 * A type is one or more alternatives with "|" between them, each a word:
 *
 *	string integer number boolean null   as JSON Schema has them
 *	time uuid                            a string of that format
 *	object any                           any object, any value
 *	'word' true                          this very string, this very value
 *	Name                                 a schema of the table
 *
 * with "[]" behind it for an array of them and "{}" for an object whose members
 * are such.  A list of fields has one on each line:
 *
 *	name type What it is.
 *
 * "?" behind the name: it may be absent; the name "*": every other member.  An
 * object without "*" has no others.  Names of schemas are unique; the texts are
 * the program's own, so a mistake in them is an assertion, not an error.
 */
struct gw_schema {
	const char *name;
	const char *prose;
	const char *fields; /* a list of fields, or "= " and a type */
};

/* gw_schema_at returns the rows of the table in order, NULL after the last one. */
const struct gw_schema *gw_schema_at(size_t i);

/* gw_schema_write_type writes the schema of a type as one value. */
void gw_schema_write_type(struct sl_json_out *w, const char *type, size_t len);

/* gw_schema_write_fields writes a closed object's schema as one value; prose may be NULL.
 */
void gw_schema_write_fields(struct sl_json_out *w, const char *prose, const char *fields);

/* gw_schema_write_all writes each row of the table as a member of an open object. */
void gw_schema_write_all(struct sl_json_out *w);

#endif
