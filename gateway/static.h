/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's files. */
#ifndef GW_STATIC_H
#define GW_STATIC_H

#include <stdbool.h>
#include <stddef.h>

#include "call.h"
#include "entry.h"

struct gw_static;

/*
 * gw_static_new reads all files below root into memory (they are few and
 * small): what is served was there at the start, and no request reaches the
 * file system.  Hidden files and links are left out.  A root that does not
 * exist gives an empty set.  May block on files.
 */
struct gw_static *gw_static_new(const char *root);
void gw_static_free(struct gw_static *files);

/* gw_static_has says whether there is a file at a path ("/" is index.html). */
bool gw_static_has(const struct gw_static *files, struct sl_slice path);

/* gw_static_serve answers with the file at the request's path, which must be there. */
void gw_static_serve(struct gw_call *call);

#endif
