/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals as application/problem+json (RFC 9457). */
#ifndef SL_HTTP_PROBLEM_H
#define SL_HTTP_PROBLEM_H

#include <stdint.h>

#include "http_request.h"

struct sl_http_problem {
	int status;
	const char *name;   /* type becomes "/problems/<name>" */
	const char *title;  /* NULL: the status's phrase */
	const char *detail; /* what is wrong with this request; NULL: left out */
	/*
	 * 401 and 403 (RFC 6750): error code "invalid_token", "invalid_request" or
	 * "insufficient_scope"; on 401 NULL gives the bare challenge.
	 */
	const char *bearer_error;
	const char *allow; /* 405: "GET, HEAD" */
	int retry_after_s; /* 0: no Retry-After */
};

/*
 * sl_http_problem_send answers the request with the problem and its request id;
 * the request is gone.  Strings are copied.
 */
void sl_http_problem_send(
    struct sl_http_request *request, const struct sl_http_problem *problem);

/* sl_http_problem_json appends the document alone. */
void sl_http_problem_json(
    struct sl_buf *out, const struct sl_http_problem *problem, const char *request_id);

#endif
