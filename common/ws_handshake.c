/* SPDX-License-Identifier: Apache-2.0 */
#include "ws_handshake.h"

#include <string.h>
#include <strings.h>

#include "crypto.h"
#include "error.h"
#include "http_response.h"
#include "sha1.h"

#define KEY_BYTES 16
#define KEY_TEXT  24

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool sl_ws_handshake_wanted(const struct sl_http_request *request)
{
	return sl_http_request_has_token(request, "upgrade", "websocket");
}

static int refuse(struct sl_ws_handshake *handshake, int status, const char *detail)
{
	handshake->status = status;
	handshake->detail = detail;
	return SL_EMALFORMED;
}

static void make_accept(struct sl_slice key, char accept[SL_WS_ACCEPT])
{
	char text[KEY_TEXT + sizeof guid];
	uint8_t hash[SL_SHA1_BYTES];
	struct sl_buf out = {0};

	memcpy(text, key.data, KEY_TEXT);
	memcpy(text + KEY_TEXT, guid, sizeof guid);
	sl_sha1(text, KEY_TEXT + sizeof guid - 1, hash);
	sl_crypto_base64_add(&out, hash, sizeof hash);
	memcpy(accept, sl_buf_text(&out), SL_WS_ACCEPT);
	sl_buf_clear(&out);
}

int sl_ws_handshake_check(
    const struct sl_http_request *request, struct sl_ws_handshake *handshake)
{
	struct sl_slice key = sl_http_request_header(request, "sec-websocket-key");
	struct sl_slice version =
	    sl_http_request_header(request, "sec-websocket-version");
	uint8_t bytes[KEY_BYTES + 2];
	size_t n = 0;

	*handshake = (struct sl_ws_handshake){0};
	if (request->method != SL_HTTP_GET)
		return refuse(handshake, 405, "a WebSocket begins with GET");
	if (request->version_minor < 1)
		return refuse(handshake, 400, "a WebSocket needs HTTP/1.1");
	if (!sl_http_request_has_token(request, "connection", "upgrade"))
		return refuse(handshake, 400, "Connection: Upgrade is missing");
	if (!sl_ws_handshake_wanted(request))
		return refuse(handshake, 426, "Upgrade: websocket is missing");
	if (version.len != 2 || memcmp(version.data, "13", 2) != 0)
		return refuse(handshake, 426, "only WebSocket version 13 is spoken");
	if (key.len != KEY_TEXT ||
	    sl_crypto_base64_read(key.data, key.len, false, bytes, sizeof bytes, &n) !=
		0 ||
	    n != KEY_BYTES)
		return refuse(
		    handshake, 400, "Sec-WebSocket-Key is not 16 bytes in base64");
	if (request->body.len > 0)
		return refuse(handshake, 400, "a WebSocket handshake has no body");
	if (sl_ws_extension_choose(request, &handshake->extension))
		return refuse(handshake, 400, "Sec-WebSocket-Extensions is malformed");
	make_accept(key, handshake->accept);
	return 0;
}

struct sl_slice sl_ws_handshake_protocol(
    const struct sl_http_request *request, size_t *at)
{
	static const char name[] = "sec-websocket-protocol";
	size_t index = 0;

	for (int i = 0; i < request->field_count; i++) {
		const struct sl_http_field *field = &request->fields[i];
		if (field->name.len != sizeof name - 1 ||
		    strncasecmp(field->name.data, name, field->name.len) != 0)
			continue;
		const char *p = field->value.data, *end = p + field->value.len;
		while (p < end) {
			while (p < end && (*p == ' ' || *p == '\t' || *p == ','))
				p++;
			const char *start = p;
			while (p < end && *p != ',' && *p != ' ' && *p != '\t')
				p++;
			if (p > start && index++ == *at) {
				++*at;
				return (struct sl_slice){start, (size_t)(p - start)};
			}
		}
	}
	return (struct sl_slice){0};
}

struct sl_conn *sl_ws_handshake_accept(struct sl_http_request *request,
    const struct sl_ws_handshake *handshake, const char *protocol,
    const struct sl_conn_handler *conn_handler, void *owner)
{
	char extension[SL_WS_EXTENSION_TEXT];

	sl_http_response_begin(request, 101);
	sl_http_response_header(request, "Upgrade", "websocket");
	sl_http_response_header(request, "Connection", "Upgrade");
	sl_http_response_header(request, "Sec-WebSocket-Accept", handshake->accept);
	if (protocol)
		sl_http_response_header(request, "Sec-WebSocket-Protocol", protocol);
	sl_ws_extension_text(&handshake->extension, extension);
	if (*extension)
		sl_http_response_header(request, "Sec-WebSocket-Extensions", extension);
	return sl_http_response_upgrade(request, conn_handler, owner);
}
