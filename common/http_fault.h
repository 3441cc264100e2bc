/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request is refused before any handler sees it: one table. */
#ifndef SL_HTTP_FAULT_H
#define SL_HTTP_FAULT_H

#define SL_HTTP_FAULT_TABLE(X)                                                           \
	X(bad_line, 400, "malformed-request", "malformed request line")                  \
	X(bad_line_end, 400, "malformed-request", "lines must end with CR LF")           \
	X(bad_byte, 400, "malformed-request", "control character in the request head")   \
	X(bad_fold, 400, "malformed-request", "folded header line")                      \
	X(bad_field, 400, "malformed-request", "malformed header field")                 \
	X(bad_target, 400, "malformed-request", "malformed request target")              \
	X(bad_host, 400, "malformed-request", "exactly one valid Host is required")      \
	X(bad_twice, 400, "malformed-request", "header field given more than once")      \
	X(bad_length, 400, "malformed-request", "malformed or ambiguous body length")    \
	X(bad_coding, 501, "unsupported-transfer-coding",                                \
	    "only the transfer coding chunked is understood")                            \
	X(bad_chunk, 400, "malformed-request", "malformed chunked body")                 \
	X(bad_method, 501, "unknown-method", "this method is not known")                 \
	X(refused_method, 405, "method-not-allowed", "this method is not served here")   \
	X(bad_version, 505, "http-version", "only HTTP/1.0 and HTTP/1.1 are spoken")     \
	X(bad_expect, 417, "expectation-failed", "only 100-continue can be expected")    \
	X(long_uri, 414, "uri-too-long", "the request target exceeds 8192 bytes")        \
	X(long_head, 431, "headers-too-large",                                           \
	    "the header fields exceed 16384 bytes or 100 fields")                        \
	X(long_body, 413, "body-too-large", "the body exceeds the limit")

struct sl_http_parse_error;

/* sl_http_fault_<id> is the status, problem name and detail of a row. */
#define X(id, status, name, detail)                                                      \
	extern const struct sl_http_parse_error sl_http_fault_##id;
SL_HTTP_FAULT_TABLE(X)
#undef X

#endif
