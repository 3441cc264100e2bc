/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, whole and in pieces: the same verdict, the same bytes taken, and
 * every part of an accepted request inside its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "http_parse.h"
#include "ws_handshake.h"

#define BODY_MAX 4096

static void touch(struct sl_slice s)
{
	volatile char sink = 0;

	for (size_t i = 0; i < s.len; i++)
		sink ^= s.data[i];
	(void)sink;
}

static void inspect(const struct sl_http_request *request)
{
	struct sl_buf value = {0};
	struct sl_ws_handshake handshake;
	size_t at = 0;

	touch(request->target);
	touch(request->path);
	touch(request->query);
	touch(request->host);
	touch(request->body);
	for (int i = 0; i < request->field_count; i++) {
		touch(request->fields[i].name);
		touch(request->fields[i].value);
	}
	if (request->path.len == 0 || request->path.data[0] != '/' ||
	    memmem(request->path.data, request->path.len, "/../", 4) ||
	    strlen(request->path.data) != request->path.len)
		abort();
	touch(sl_http_request_cookie(request, "a"));
	touch(sl_http_request_bearer(request));
	sl_http_request_has_token(request, "connection", "upgrade");
	sl_http_request_query(request, "q", &value);
	sl_buf_clear(&value);
	if (sl_ws_handshake_check(request, &handshake) == 0 &&
	    strlen(handshake.accept) != 28)
		abort();
	while (sl_ws_handshake_protocol(request, &at).data)
		;
}

/* Feeds in pieces; returns 200, the refusal's status, or 0, and the bytes taken. */
static int run(const uint8_t *data, size_t size, size_t piece, size_t *taken)
{
	struct sl_http_limits limits = {.body_max = BODY_MAX};
	struct sl_http_parse *parse = sl_http_parse_new(&limits);
	enum sl_http_parse_state state = SL_HTTP_PARSE_HEAD;
	size_t at = 0, used;
	int status = 0;

	while (
	    at < size && (state == SL_HTTP_PARSE_HEAD || state == SL_HTTP_PARSE_BODY)) {
		size_t n = size - at < piece ? size - at : piece;
		char *copy = malloc(n);
		memcpy(copy, data + at, n);
		state = sl_http_parse_feed(parse, copy, n, &used);
		free(copy);
		if (used > n)
			abort();
		at += used;
	}
	*taken = at;
	if (state == SL_HTTP_PARSE_FAILED)
		status = sl_http_parse_error(parse)->status;
	if (state == SL_HTTP_PARSE_DONE) {
		status = 200;
		inspect(sl_http_parse_request(parse));
	}
	sl_http_parse_free(parse);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole_taken, pieces_taken;

	if (size < 2)
		return 0;
	size_t piece = 1 + data[0] % 64;
	int whole = run(data + 1, size - 1, size, &whole_taken);
	int pieces = run(data + 1, size - 1, piece, &pieces_taken);
	if (whole != pieces || (whole == 200 && whole_taken != pieces_taken))
		abort();
	return 0;
}
