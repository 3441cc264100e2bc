/* SPDX-License-Identifier: Apache-2.0 */
/* What a well-formed request must also be before it is believed. */
#ifndef SL_HTTP_CHECK_H
#define SL_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http_request.h"

struct sl_http_limits;
struct sl_http_parse_error;

/* What the request may take up, and the body that it announces. */
struct sl_http_check_size {
	uint64_t body; /* Content-Length as llhttp read it, 0 without one */
	const struct sl_http_limits *limits;
};

/*
 * sl_http_check_request looks at fields whose doubling or value would make the
 * request mean two things (Host, Content-Length, Transfer-Encoding, …), and
 * splits the target into host, path (decoded into path) and query.  Returns
 * NULL or the fault.
 */
const struct sl_http_parse_error *sl_http_check_request(struct sl_http_request *request,
    const struct sl_http_check_size *size, struct sl_buf *path);

/* sl_http_check_continues says whether the client waits for "100 Continue". */
bool sl_http_check_continues(const struct sl_http_request *request);

#endif
