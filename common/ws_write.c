/* SPDX-License-Identifier: Apache-2.0 */
/* The writing side of ws.h. */
#include <string.h>

#include "ws.h"

#define FIN         0x80u
#define RSV1        0x40u
#define MASKED      0x80u
#define CONTROL_MAX 125

const char *sl_ws_code_text(int code)
{
	switch (code) {
#define X(id, value, text)                                                               \
	case value:                                                                      \
		return text;
		SL_WS_CODE_TABLE(X)
#undef X
	}
	return "";
}

static size_t write_length(uint8_t *out, size_t len, uint8_t mask_bit)
{
	if (len < 126) {
		out[0] = (uint8_t)(mask_bit | len);
		return 1;
	}
	int bytes = len < 65536 ? 2 : 8;
	out[0] = (uint8_t)(mask_bit | (bytes == 2 ? 126 : 127));
	for (int i = 0; i < bytes; i++)
		out[1 + i] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
	return 1 + (size_t)bytes;
}

size_t sl_ws_header(
    uint8_t out[SL_WS_HEADER_MAX], enum sl_ws_opcode opcode, bool compressed, size_t len)
{
	out[0] = (uint8_t)(FIN | (compressed ? RSV1 : 0) | (unsigned)opcode);
	return 1 + write_length(out + 1, len, 0);
}

void sl_ws_write(
    struct sl_buf *out, enum sl_ws_opcode opcode, const void *data, size_t len)
{
	uint8_t header[SL_WS_HEADER_MAX];

	sl_buf_add(out, header, sl_ws_header(header, opcode, false, len));
	sl_buf_add(out, data, len);
}

void sl_ws_write_close(struct sl_buf *out, int code, const char *reason)
{
	char payload[CONTROL_MAX];
	size_t len = 0;

	if (code != SL_WS_NO_CODE) {
		payload[0] = (char)(code >> 8);
		payload[1] = (char)code;
		len = strlen(reason);
		if (len > CONTROL_MAX - 2) {
			len = CONTROL_MAX - 2;
			while (len > 0 && ((unsigned char)reason[len] & 0xc0) == 0x80)
				len--;
		}
		memcpy(payload + 2, reason, len);
		len += 2;
	}
	sl_ws_write(out, SL_WS_CLOSE, payload, len);
}

void sl_ws_write_masked(struct sl_buf *out, uint8_t flags, enum sl_ws_opcode opcode,
    const uint8_t mask[4], const void *data, size_t len)
{
	uint8_t header[SL_WS_HEADER_MAX + 4];

	header[0] = (uint8_t)(flags | (unsigned)opcode);
	size_t n = 1 + write_length(header + 1, len, MASKED);
	memcpy(header + n, mask, 4);
	sl_buf_add(out, header, n + 4);
	size_t from = out->len;
	sl_buf_add(out, data, len);
	for (size_t i = 0; i < len; i++)
		out->data[from + i] = (char)((uint8_t)out->data[from + i] ^ mask[i & 3]);
}
