/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages of other origins may read answers (Fetch Standard, CORS). */
#ifndef GW_CORS_H
#define GW_CORS_H

#include "call.h"

/*
 * gw_cors_begin adds to whatever the request is answered with what its Origin may
 * know: listed origins read with and without cookies; "*" lets every origin read,
 * but not with cookies.
 */
void gw_cors_begin(const struct gw_call *call);

/*
 * gw_cors_preflight answers a preflight for a path that takes methods ("GET, HEAD");
 * false if the request is none.
 */
bool gw_cors_preflight(const struct gw_call *call, const char *methods);

#endif
