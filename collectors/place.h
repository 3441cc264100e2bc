/* SPDX-License-Identifier: Apache-2.0 */
/* Where a URL or a "host:port" leads.  Pure. */
#ifndef COL_PLACE_H
#define COL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "entry.h"

#define COL_PLACE_HOST 256

struct col_place {
	char host[COL_PLACE_HOST]; /* name or address, without brackets */
	uint16_t port;             /* TCP */
	bool tls;
	char authority[COL_PLACE_HOST + 8]; /* "host:port", "[::1]:9100" */
};

/*
 * col_place_authority reads "host", "host:port", "[address]" or
 * "[address]:port"; *port is untouched where there is none.  Returns whether
 * it could be read.
 */
bool col_place_authority(
    struct sl_slice text, bool port_required, char host[COL_PLACE_HOST], uint16_t *port);

/*
 * col_place_url reads a URL of http or https.  SL_EINVAL with *problem, a static
 * string that goes on after "url ", for anything else, a user or password, a
 * fragment, a blank or a control character.
 */
int col_place_url(const char *url, struct col_place *out, const char **problem);

/* col_place_same_origin compares scheme, host and port. */
bool col_place_same_origin(const struct col_place *a, const struct col_place *b);

#endif
