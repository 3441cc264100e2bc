/* SPDX-License-Identifier: Apache-2.0 */
/* The raw head of a request: collected, and checked byte by byte as it comes. */
#ifndef SL_HTTP_HEAD_H
#define SL_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "http_request.h"

struct sl_http_limits;
struct sl_http_parse_error;

/*
 * Only CRLF ends a line; no control characters, no folded lines, sizes bounded,
 * every field with a name and a colon, the request line with exactly two spaces
 * and a method of ours.  Empty lines before the request line are dropped.  All
 * zeroes but the limits is the start; the caller clears bytes.
 */
struct sl_http_head {
	const struct sl_http_limits *limits; /* set by the caller, every one */
	struct sl_buf bytes;
	size_t line_start; /* where the line that is not complete begins */
	size_t first_line; /* length of the request line with its CRLF, once complete */
	enum sl_http_method method;              /* once the request line is complete */
	const struct sl_http_parse_error *fault; /* why nothing more is taken */
	bool complete;                           /* the empty line is there */
};

/*
 * sl_http_head_feed takes bytes until the head is complete or at fault and
 * returns how many.
 */
size_t sl_http_head_feed(struct sl_http_head *head, const char *data, size_t len);

#endif
