/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request on its way through the gateway, and the usual answers. */
#ifndef GW_CALL_H
#define GW_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway.h"
#include "http_request.h"
#include "http_response.h"
#include "identity.h"
#include "json_in.h"
#include "places.h"

struct gw_route;

/* Lives during the handler's call; who is then given back. */
struct gw_call {
	struct gateway *gw;
	const struct gw_route *route;
	struct sl_http_request *request;
	struct gw_identity *who; /* NULL on public routes */
	struct gw_credential credential;
	struct sl_slice param; /* what stands for "{id}" in the route's path */
	/* Of a stream or WebSocket: admit.h. */
	enum gw_admission admission; /* not OPEN: the call runs for the second time */
	struct gw_user *placed;      /* holds a place that no client has taken yet */
	const uint8_t *replaces;     /* id of the connection that it resumes, or NULL */
};

/*
 * gw_call_signin finds and verifies the request's token.  Returns true with
 * call->who set; else it has answered 401 or 403.  gw_call_clear gives
 * back what it holds.
 */
bool gw_call_signin(struct gw_call *call);
void gw_call_clear(struct gw_call *call);

/*
 * gw_call_count counts the request of a user that is signed in; false if it is
 * one too many in this second and has been answered 429.
 */
bool gw_call_count(struct gw_call *call);

/*
 * gw_call_origin_allowed says whether the request may use a session cookie: its
 * Origin is the gateway's own or a configured one.
 */
bool gw_call_origin_allowed(const struct gw_call *call);

/*
 * gw_call_local says whether the request came by the gateway's own socket, and
 * through no proxy.
 */
bool gw_call_local(const struct gw_call *call);

/*
 * gw_call_connects counts the opening of a stream or WebSocket that came through
 * a proxy, by the client behind it; false if its address has opened too many
 * in this second.
 */
bool gw_call_connects(struct gw_call *call);

/* gw_call_cookie names the session cookie that counts for this request. */
const char *gw_call_cookie(const struct gw_call *call);

/* gw_call_refused logs a refusal with the client's address. */
void gw_call_refused(const struct gw_call *call, const char *why);

/* gw_call_secure says whether the client's own connection is TLS (proxy.h). */
bool gw_call_secure(const struct gw_call *call);

/*
 * gw_call_json answers 200 with a JSON text that must not be stored by caches; on a
 * route that wraps it becomes the data of {"success":true,"data":…}.
 */
void gw_call_json(struct gw_call *call, const void *json, size_t len);

/* gw_call_problem answers with a problem of problem.h's table. */
void gw_call_problem(struct gw_call *call, int status, const char *name, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/*
 * gw_call_body parses the request's body as a JSON object; NULL after it has
 * answered 400.  An empty body is an empty object.  json_decref it.
 */
json_t *gw_call_body(struct gw_call *call);

/*
 * gw_call_supports answers 400 and returns false if the query has a parameter of
 * streams that makes no sense here: ignored, it would seem to work.  but names
 * one that does, or is NULL.
 */
bool gw_call_supports(struct gw_call *call, const char *but);

/*
 * gw_call_points reads ?format=, which is "points" or absent, into points; false
 * after it has answered 400.
 */
bool gw_call_points(struct gw_call *call, bool *points);

/*
 * gw_call_ask passes a request on to the aggregator with the caller's own token
 * and answers with what comes back; 503 if nothing does.
 */
void gw_call_ask(
    struct gw_call *call, enum sl_msg_request_kind kind, struct sl_slice body);

/*
 * gw_call_ask_then does the same, and lets present answer a call that succeeded
 * (it has gw and request only) with the reply's body.  arg is freed with free()
 * where present is not called, else it is present's.
 */
typedef void gw_call_present(struct gw_call *call, void *arg, struct sl_slice body);
void gw_call_ask_then(struct gw_call *call, enum sl_msg_request_kind kind,
    struct sl_slice body, gw_call_present *present, void *arg);

/* gw_call_ask_as does the same with another token. */
void gw_call_ask_as(struct gw_call *call, struct sl_slice token,
    enum sl_msg_request_kind kind, struct sl_slice body);

/*
 * gw_call_query reads a query parameter into out (emptied first): true if it
 * is there and not empty.  A broken escape counts as absent.
 */
bool gw_call_query(const struct gw_call *call, const char *name, struct sl_buf *out);

#endif
