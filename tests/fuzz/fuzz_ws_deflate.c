/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the stream of a client that negotiated permessage-deflate: what
 * inflates stays within its bound, and what goes back inflates to the same in
 * every window that may have been agreed on.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "gateway/packing.h"
#include "utf8.h"
#include "ws.h"
#include "zip.h"

#define MESSAGE_MAX 20000

static struct gw_packing_home home;

/* Whether a frame of ours stands for the message. */
static void check_frame(const struct sl_buf *wire, const char *data, size_t len)
{
	static struct sl_buf plain;
	const uint8_t *p = (const uint8_t *)wire->data;
	size_t head = p[1] == 126 ? 4 : p[1] == 127 ? 10 : 2;
	const char *got = wire->data + head;
	size_t got_len = wire->len - head;

	if (p[0] & 0x40) {
		struct sl_zip *zip = sl_zip_new();
		sl_buf_reset(&plain);
		if (got_len >= len || sl_zip_inflate(zip, got, got_len, len, &plain))
			abort();
		sl_zip_free(zip);
		got = plain.data;
		got_len = plain.len;
	}
	if (got_len != len || (len > 0 && memcmp(got, data, len) != 0))
		abort();
}

static void send_back(enum sl_ws_opcode opcode, const char *data, size_t len)
{
	struct sl_buf frame = {0}, wire = {0};

	sl_ws_write(&frame, opcode, data, len);
	for (int kind = GW_PACKING_DEFLATE; kind <= GW_PACKING_NARROW; kind++) {
		sl_buf_reset(&wire);
		gw_packing_frames(
		    &home, (enum gw_packing_kind)kind, frame.data, frame.len, &wire);
		check_frame(&wire, data, len);
	}
	sl_buf_clear(&frame);
	sl_buf_clear(&wire);
}

static bool on_message(
    void *arg, enum sl_ws_opcode opcode, bool compressed, char *data, size_t len)
{
	const char *why = NULL;
	int code = compressed
		       ? gw_packing_open(&home, opcode, &data, &len, MESSAGE_MAX, &why)
		       : 0;

	(void)arg;
	if (home.plain.len > MESSAGE_MAX + 1 || (code && !why))
		abort();
	if (code)
		return false;
	if (len > MESSAGE_MAX || (opcode == SL_WS_TEXT && !sl_utf8_valid(data, len)))
		abort();
	char *copy = malloc(len + 1);
	memcpy(copy, data, len);
	send_back(opcode, copy, len);
	free(copy);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sl_ws_sink sink = {.message = on_message};
	struct sl_ws ws = {.message_max = MESSAGE_MAX, .allow_rsv1 = true};

	if (size < 1)
		return 0;
	home.bytes_min = data[0];
	char *copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	sl_ws_feed(&ws, copy, size - 1, &sink, NULL, NULL);
	sl_ws_clear(&ws);
	free(copy);
	return 0;
}
