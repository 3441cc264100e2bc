/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe asks and what it understands of the answer.  Pure. */
#ifndef COL_PROBE_TARGET_H
#define COL_PROBE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"
#include "place.h"

#define COL_PROBE_HOST COL_PLACE_HOST
#define COL_PROBE_PATH 2048
#define COL_PROBE_UNIX 108 /* sun_path */

/* Longest status line that is waited for. */
#define COL_PROBE_LINE_MAX 1024

struct col_probe_target {
	bool http;                 /* a request is sent; else connecting is enough */
	char host[COL_PROBE_HOST]; /* name or address without brackets; "" with unix_path
				      only */
	uint16_t port;             /* TCP */
	char unix_path[COL_PROBE_UNIX];     /* connect here and not to host; "" */
	char authority[COL_PROBE_HOST + 8]; /* the Host field */
	char path[COL_PROBE_PATH];          /* with its query */
};

/*
 * col_probe_target_parse reads the options of a probe: url is "" or
 * http://host[:port]/path, socket is "", host:port, [address]:port or an
 * absolute path.  Returns 0, or SL_EINVAL with *problem, a static string that
 * says what is wrong.
 */
int col_probe_target_parse(const char *url, const char *socket,
    struct col_probe_target *out, const char **problem);

/* col_probe_target_request appends the request to send. */
void col_probe_target_request(const struct col_probe_target *target, struct sl_buf *out);

/*
 * col_probe_target_status reads the status of a response that begins with
 * text.  Returns 100 to 599, SL_EAGAIN while the status line is not complete,
 * or SL_EMALFORMED.
 */
int col_probe_target_status(struct sl_slice text);

#endif
