/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of the webhook collector, and what a request goes through. */
#ifndef COL_HOOK_ROUTE_H
#define COL_HOOK_ROUTE_H

#include "hook.h"

/*
 * X(path, method, form): form chooses how the body is read.  Before it is, the
 * sender has to have proven itself, by pages' Origin on BEACON.
 */
#define COL_HOOK_ROUTE_TABLE(X)                                                          \
	X("/v1/events", SL_HTTP_POST, EVENTS)                                            \
	X("/v1/n8n", SL_HTTP_POST, N8N)                                                  \
	X("/v1/alertmanager", SL_HTTP_POST, ALERTMANAGER)                                \
	X("/v1/github", SL_HTTP_POST, GITHUB)                                            \
	X("/v1/beacon", SL_HTTP_POST, BEACON)                                            \
	X("/metrics", SL_HTTP_GET, METRICS)                                              \
	X("/healthz", SL_HTTP_GET, HEALTH)

enum col_hook_form {
#define X(path, method, form) COL_HOOK_FORM_##form,
	COL_HOOK_ROUTE_TABLE(X)
#undef X
};

/* col_hook_route_handle answers a request; arg is the struct col_hook. */
void col_hook_route_handle(void *arg, struct sl_http_request *request);

/* col_hook_route_answer answers what was taken: 202, or 503 if not durable in time. */
void col_hook_route_answer(
    struct sl_http_request *request, const struct col_give_taken *taken, bool durable);

#endif
