/* SPDX-License-Identifier: Apache-2.0 */
/* One parsed HTTP/1.1 request: a value to read from. */
#ifndef SL_HTTP_REQUEST_H
#define SL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "entry.h"

#define SL_HTTP_METHOD_TABLE(X)                                                          \
	X(SL_HTTP_GET, 1u, "GET")                                                        \
	X(SL_HTTP_HEAD, 2u, "HEAD")                                                      \
	X(SL_HTTP_POST, 4u, "POST")                                                      \
	X(SL_HTTP_PUT, 8u, "PUT")                                                        \
	X(SL_HTTP_DELETE, 16u, "DELETE")                                                 \
	X(SL_HTTP_OPTIONS, 32u, "OPTIONS")

/* Bits, so that a route can name a set. */
enum sl_http_method {
#define X(id, bit, name) id = (bit),
	SL_HTTP_METHOD_TABLE(X)
#undef X
};

/* sl_http_method_name returns "GET" and so on, "?" for anything but one bit. */
const char *sl_http_method_name(enum sl_http_method method);

#define SL_HTTP_FIELDS_MAX 100
#define SL_HTTP_ID         36 /* a UUID as text */

struct sl_http_conn;

/*
 * What an answer tells of a rate limit, in RateLimit-Policy and RateLimit
 * (draft-ietf-httpapi-ratelimit-headers-10); quota 0: nothing.
 */
struct sl_http_rate {
	const char *policy; /* a static name of letters */
	uint32_t quota;     /* requests in ... */
	uint32_t window_s;
	uint32_t remaining;
	uint32_t reset_s; /* until there are more */
};

struct sl_http_field {
	struct sl_slice name;  /* as sent; compare without case */
	struct sl_slice value; /* without surrounding white space */
};

/*
 * All slices point into memory of the request and live as long as it does: from
 * the handler's call until the response is complete, the connection upgraded,
 * or on_abort returns.
 */
struct sl_http_request {
	enum sl_http_method method;
	uint8_t version_minor;  /* HTTP/1.x */
	bool keep_alive;        /* what the client wants */
	struct sl_slice target; /* raw, as in the request line */
	struct sl_slice path;   /* decoded and normalised; NUL-terminated */
	struct sl_slice query;  /* raw, without "?" */
	struct sl_slice host;   /* with port if sent; empty on HTTP/1.0 without Host */
	struct sl_slice body;
	struct sl_addr peer;      /* of the socket; proxies are the gateway's business */
	bool tls;                 /* over this socket, likewise */
	char id[SL_HTTP_ID + 1];  /* request id: UUIDv7, made here */
	struct sl_http_rate rate; /* set by the handler, told by every answer */
	struct sl_buf kept;       /* the handler's own; freed with the request */
	struct sl_buf extra;      /* sl_http_response_extra's */
	void *user;               /* the handler's own, NULL at first; not touched here */
	struct sl_http_conn *conn; /* http.c's own */
	int field_count;
	struct sl_http_field fields[SL_HTTP_FIELDS_MAX];
};

/*
 * sl_http_request_header finds a field without regard to case.  The first one of
 * several; {NULL, 0} if absent, so an empty value is distinguishable.
 */
struct sl_slice sl_http_request_header(
    const struct sl_http_request *request, const char *name);

/*
 * sl_http_request_has_token says whether a comma-separated field contains a
 * token, without regard to case, over all fields of that name.
 */
bool sl_http_request_has_token(
    const struct sl_http_request *request, const char *name, const char *token);

/*
 * sl_http_request_accepts says whether Accept-Encoding allows a coding, by name
 * or by "*", and not with q=0 (RFC 9110, 12.5.3).  Without the field: no.
 */
bool sl_http_request_accepts(const struct sl_http_request *request, const char *coding);

/*
 * sl_http_request_cookie finds a cookie by its exact name in all Cookie fields:
 * the raw value without quotes, {NULL, 0} if absent.
 */
struct sl_slice sl_http_request_cookie(
    const struct sl_http_request *request, const char *name);

/*
 * sl_http_request_query appends the decoded value of a query parameter to out.
 * Returns 1 if found, 0 if not, SL_EMALFORMED for a broken escape.
 */
int sl_http_request_query(
    const struct sl_http_request *request, const char *name, struct sl_buf *out);

/* sl_http_request_bearer returns the token of "Authorization: Bearer", or {NULL, 0}. */
struct sl_slice sl_http_request_bearer(const struct sl_http_request *request);

#endif
