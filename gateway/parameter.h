/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of requests, each described once. */
#ifndef GW_PARAMETER_H
#define GW_PARAMETER_H

#include <stddef.h>

struct gw_parameter {
	const char *name;
	const char *in;   /* "query", "header" or "path" */
	const char *type; /* of schema.h */
	const char *prose;
};

/* gw_parameter_find returns the row of a name; NULL if there is none. */
const struct gw_parameter *gw_parameter_find(const char *name, size_t len);

#endif
