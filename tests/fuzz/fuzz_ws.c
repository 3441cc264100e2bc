/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a client's stream, whole and in pieces: the same deliveries. */
#include <stdlib.h>
#include <string.h>

#include "utf8.h"
#include "ws.h"

#define MESSAGE_MAX 3000

static bool note(struct sl_buf *seen, char what, const char *data, size_t len)
{
	sl_buf_addf(seen, "%c%zu:", what, len);
	sl_buf_add(seen, data, len);
	return true;
}

static bool on_message(
    void *arg, enum sl_ws_opcode opcode, bool compressed, char *data, size_t len)
{
	if (len > MESSAGE_MAX + (compressed ? MESSAGE_MAX / 64 + 16 : 0) ||
	    (opcode == SL_WS_TEXT && !compressed && !sl_utf8_valid(data, len)))
		abort();
	return note(arg, (char)('0' + opcode + (compressed ? 4 : 0)), data, len);
}

static bool on_ping(void *arg, const char *data, size_t len)
{
	return note(arg, 'i', data, len);
}

static bool on_pong(void *arg, const char *data, size_t len)
{
	return note(arg, 'o', data, len);
}

static bool on_close(void *arg, int code, const char *reason, size_t len)
{
	sl_buf_addf(arg, "%d", code);
	return note(arg, 'c', reason, len);
}

static bool on_fragment(void *arg)
{
	return note(arg, 'f', "", 0);
}

static int run(
    const uint8_t *data, size_t size, size_t piece, bool rsv1, struct sl_buf *seen)
{
	static const struct sl_ws_sink sink = {
	    on_message, on_ping, on_pong, on_close, on_fragment};
	struct sl_ws ws = {.message_max = MESSAGE_MAX, .allow_rsv1 = rsv1};
	int result = SL_WS_OK;

	for (size_t at = 0; at < size && result == SL_WS_OK; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		char *copy = malloc(n);
		memcpy(copy, data + at, n);
		result = sl_ws_feed(&ws, copy, n, &sink, seen, NULL);
		free(copy);
	}
	sl_ws_clear(&ws);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_buf whole = {0}, pieces = {0};

	if (size < 2)
		return 0;
	bool rsv1 = data[0] & 128;
	int a = run(data + 1, size - 1, size, rsv1, &whole);
	int b = run(data + 1, size - 1, 1 + data[0] % 64, rsv1, &pieces);
	if (a != b || whole.len != pieces.len ||
	    (whole.len > 0 && memcmp(whole.data, pieces.data, whole.len) != 0))
		abort();
	sl_buf_clear(&whole);
	sl_buf_clear(&pieces);
	return 0;
}
