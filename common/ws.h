/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket frames (RFC 6455), server side: a pure codec. */
#ifndef SL_WS_H
#define SL_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum sl_ws_opcode {
	SL_WS_CONTINUATION = 0,
	SL_WS_TEXT = 1,
	SL_WS_BINARY = 2,
	SL_WS_CLOSE = 8,
	SL_WS_PING = 9,
	SL_WS_PONG = 10
};

/* Close codes: RFC 6455's, then our own (reconnect at 3000-3499, not at 3500-3999). */
#define SL_WS_CODE_TABLE(X)                                                              \
	X(SL_WS_NORMAL, 1000, "normal")                                                  \
	X(SL_WS_GOING_AWAY, 1001, "going away")                                          \
	X(SL_WS_PROTOCOL, 1002, "protocol error")                                        \
	X(SL_WS_UNSUPPORTED, 1003, "unsupported data")                                   \
	X(SL_WS_BAD_DATA, 1007, "invalid payload data")                                  \
	X(SL_WS_TOO_BIG, 1009, "message too big")                                        \
	X(SL_WS_INTERNAL, 1011, "internal error")                                        \
	X(SL_WS_SHUTDOWN, 3001, "server shutting down")                                  \
	X(SL_WS_TOKEN_EXPIRED, 3005, "token expired")                                    \
	X(SL_WS_SLOW, 3008, "client reads too slowly")                                   \
	X(SL_WS_NO_PONG, 3012, "no answer to ping")                                      \
	X(SL_WS_TOO_MANY, 3013, "too many requests")                                     \
	X(SL_WS_NO_TOKEN, 3500, "no valid token")                                        \
	X(SL_WS_BAD_REQUEST, 3501, "too many bad messages")                              \
	X(SL_WS_REVOKED, 3503, "token revoked")                                          \
	X(SL_WS_LIMIT, 3504, "connection limit")                                         \
	X(SL_WS_FORBIDDEN, 3507, "forbidden")

enum sl_ws_code {
	SL_WS_NO_CODE = 0, /* a close frame without a code; sent as an empty one */
#define X(id, value, text) id = (value),
	SL_WS_CODE_TABLE(X)
#undef X
};

/* sl_ws_code_text returns the prose of a code: a static string, "" if unknown. */
const char *sl_ws_code_text(int code);

struct sl_ws_partial;

/*
 * The reading side of one connection: 16 bytes; what is incomplete is allocated
 * while it is.  Initialise message_max (bytes of a whole message; a compressed
 * one may be a little longer, so its owner bounds what it inflates to) and
 * allow_rsv1, the rest zero.
 */
struct sl_ws {
	struct sl_ws_partial *partial;
	uint32_t message_max;
	bool allow_rsv1; /* permessage-deflate was negotiated */
};

/*
 * What sl_ws_feed calls.  Data is valid during the call only.  Return false to
 * stop reading (the connection is being closed).
 */
struct sl_ws_sink {
	/*
	 * A whole message; text is valid UTF-8, unless compressed (RSV1), when
	 * it is what was on the wire.
	 */
	bool (*message)(
	    void *arg, enum sl_ws_opcode opcode, bool compressed, char *data, size_t len);
	/* PING, PONG or CLOSE; at most 125 bytes. */
	bool (*ping)(void *arg, const char *data, size_t len);
	bool (*pong)(void *arg, const char *data, size_t len);
	/* code is valid or SL_WS_NO_CODE; nothing that follows is read. */
	bool (*close)(void *arg, int code, const char *reason, size_t len);
	/*
	 * A whole frame of a message that goes on: it may be empty, and a
	 * message may have any number of them, so whoever limits what a client
	 * may send counts these, too.
	 */
	bool (*fragment)(void *arg);
};

/* Results of sl_ws_feed other than a close code. */
#define SL_WS_OK      0
#define SL_WS_STOPPED (-1) /* a sink function returned false, or a close frame came */

/*
 * sl_ws_feed reads the next bytes of the stream, unmasking them in place.
 * Returns SL_WS_OK, SL_WS_STOPPED, or the close code (1002, 1007, 1009) with
 * which to end the connection, *why then saying what was wrong (static).  why
 * may be NULL.
 */
int sl_ws_feed(struct sl_ws *ws, char *data, size_t len, const struct sl_ws_sink *sink,
    void *arg, const char **why);

/* sl_ws_clear frees what an incomplete message holds. */
void sl_ws_clear(struct sl_ws *ws);

/* Largest frame header that a server writes. */
#define SL_WS_HEADER_MAX 10

/*
 * sl_ws_header writes the header of a whole unmasked message of len bytes and
 * returns its length.  compressed sets RSV1.
 */
size_t sl_ws_header(
    uint8_t out[SL_WS_HEADER_MAX], enum sl_ws_opcode opcode, bool compressed, size_t len);

/* sl_ws_write appends a whole unmasked message or control frame. */
void sl_ws_write(
    struct sl_buf *out, enum sl_ws_opcode opcode, const void *data, size_t len);

/*
 * sl_ws_write_close appends a close frame; the reason is cut to 123 bytes at a
 * character's border.  SL_WS_NO_CODE gives an empty frame.
 */
void sl_ws_write_close(struct sl_buf *out, int code, const char *reason);

/*
 * sl_ws_write_masked appends a frame as a client sends it, for tests and client
 * programs.  flags is the first byte's FIN and RSV bits (0x80 for a whole
 * message).
 */
void sl_ws_write_masked(struct sl_buf *out, uint8_t flags, enum sl_ws_opcode opcode,
    const uint8_t mask[4], const void *data, size_t len);

#endif
