/* SPDX-License-Identifier: Apache-2.0 */
/* Strict parser for HTTP/1.0 and 1.1 requests: the home of llhttp. */
#ifndef SL_HTTP_PARSE_H
#define SL_HTTP_PARSE_H

#include <stddef.h>

#include "http_request.h"

#define SL_HTTP_URI_MAX    8192
#define SL_HTTP_HEADER_MAX 16384
#define SL_HTTP_BODY_MAX   (1024u * 1024u)

struct sl_http_parse;

/* What one request may take up, in bytes; 0 stands for SL_HTTP_…_MAX. */
struct sl_http_limits {
	size_t body_max;
	size_t header_max; /* all fields */
	size_t uri_max;    /* the target */
};

enum sl_http_parse_state {
	SL_HTTP_PARSE_HEAD, /* request line and fields not complete */
	SL_HTTP_PARSE_BODY,
	SL_HTTP_PARSE_DONE,
	SL_HTTP_PARSE_FAILED
};

/* Why a request was refused. */
struct sl_http_parse_error {
	int status;       /* 400, 405, 413, 414, 417, 431, 501, 505 */
	const char *name; /* of the problem: "malformed-request", … */
	const char *detail;
};

/* sl_http_parse_new makes a parser for one request within limits. */
struct sl_http_parse *sl_http_parse_new(const struct sl_http_limits *limits);

/* sl_http_parse_free frees the parser and the request that it holds.  Accepts NULL. */
void sl_http_parse_free(struct sl_http_parse *parse);

/*
 * sl_http_parse_feed takes the next bytes and sets *used to how many belong to
 * this request: fewer than len once it is done (the rest begins the next one).
 * Pure apart from its own memory.  Returns the state; past DONE or FAILED
 * nothing is taken any more.
 */
enum sl_http_parse_state sl_http_parse_feed(
    struct sl_http_parse *parse, const char *data, size_t len, size_t *used);

/*
 * sl_http_parse_wants_continue is true once, when the client waits for "100
 * Continue" before it sends the body.
 */
bool sl_http_parse_wants_continue(struct sl_http_parse *parse);

/* sl_http_parse_idle says whether nothing but empty lines has come yet. */
bool sl_http_parse_idle(const struct sl_http_parse *parse);

/* sl_http_parse_request returns the request; complete only when DONE. */
struct sl_http_request *sl_http_parse_request(struct sl_http_parse *parse);

/* sl_http_parse_error returns why it FAILED. */
const struct sl_http_parse_error *sl_http_parse_error(const struct sl_http_parse *parse);

#endif
