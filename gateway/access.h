/* SPDX-License-Identifier: Apache-2.0 */
/* The access log: a line for each request and for the end of each stream. */
#ifndef GW_ACCESS_H
#define GW_ACCESS_H

#include "call.h"
#include "client.h"

/*
 * A line goes to the log (common/log.h) as
 *
 *   info access time=… request_id=… client=… method=… path="…" status=… bytes=…
 *       ms=… tenant="…" user="…" role=… transport=http|websocket|sse|poll
 *
 * and at the end of a stream as
 *
 *   info access time=… connection=… path="…" transport=… status=closed bytes=…
 *       messages=… ms=… tenant="…" user="…" role=… code=… reason=…
 *
 * What comes from outside stands in quotes with everything but plain printable
 * characters as \\xHH.  Queries, fields and bodies are never written: tokens can
 * be there; a part of a path that looks like one is left out, too.  Lines past
 * access_log_per_second are only counted.
 */

/* gw_access_sign notes whom a request comes from, until its line is written. */
void gw_access_sign(struct sl_http_request *request, struct gw_identity *who);

/* gw_access_request is the HTTP server's done function: arg is the gateway. */
void gw_access_request(void *arg, const struct sl_http_request *request,
    const struct sl_http_outcome *outcome);

/* gw_access_stream writes the line of a stream's end, before the client is cleared. */
void gw_access_stream(
    struct gateway *gw, const struct gw_client *client, enum sl_conn_reason reason);

/* gw_access_quote appends outside text as it stands between quotes. */
void gw_access_quote(struct sl_buf *out, const char *data, size_t len);

/* gw_access_path does that with a path, without what looks like a token. */
void gw_access_path(struct sl_buf *out, const char *data, size_t len);

#endif
