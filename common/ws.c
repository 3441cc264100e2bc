/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A frame that lies whole in the bytes at hand and is a whole
 * message is unmasked and delivered in place: nothing is allocated.  Anything
 * else goes through struct sl_ws_partial, which exists only while a frame or a
 * message is incomplete.  A frame's header is judged as soon as it is complete,
 * so a hostile length never makes memory grow: data is buffered as it arrives,
 * bounded by message_max.
 */
#include "ws.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define FIN         0x80u
#define RSV1        0x40u
#define RSV_OTHERS  0x30u
#define MASKED      0x80u
#define HEADER_MAX  14
#define CONTROL_MAX 125

struct header {
	uint8_t first; /* FIN, RSV bits, opcode */
	bool masked;
	bool minimal; /* the length in its shortest form */
	uint64_t len;
	uint8_t mask[4];
};

struct sl_ws_partial {
	uint8_t head[HEADER_MAX]; /* bytes of a header that is not complete */
	uint8_t head_len;
	bool in_frame;   /* header complete, payload not */
	bool in_message; /* the first frame of a message had no FIN, or is in_frame */
	bool compressed;
	uint8_t opcode; /* of the message */
	uint8_t control_len;
	char control[CONTROL_MAX]; /* payload of a control frame */
	struct header frame;
	uint64_t done; /* bytes of the frame's payload so far */
	uint32_t utf8;
	struct sl_buf message;
};

/* What is wrong; converts to the close code that says so. */
struct fault {
	int code;
	const char *why;
};

static const struct fault no_fault = {0, NULL};

static struct fault protocol(const char *why)
{
	return (struct fault){SL_WS_PROTOCOL, why};
}

/* ---- headers ---------------------------------------------------------------- */

static uint64_t big_endian(const uint8_t *p, int n)
{
	uint64_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

/* Reads a header of at most n bytes: its length, or 0 if it is not complete. */
static size_t read_header(const uint8_t *p, size_t n, struct header *h)
{
	if (n < 2)
		return 0;
	int extra = (p[1] & 0x7f) == 126 ? 2 : (p[1] & 0x7f) == 127 ? 8 : 0;
	h->first = p[0];
	h->masked = p[1] & MASKED;
	size_t len = 2 + (size_t)extra + (h->masked ? 4 : 0);
	if (n < len)
		return 0;
	h->len = extra ? big_endian(p + 2, extra) : p[1] & 0x7fu;
	h->minimal = extra == 0 || (extra == 2 && h->len > 125) ||
		     (extra == 8 && h->len > 65535 && h->len >> 63 == 0);
	if (h->masked)
		memcpy(h->mask, p + len - 4, 4);
	return len;
}

static struct fault check_control(const struct header *h)
{
	unsigned opcode = h->first & 15u;

	if (opcode > SL_WS_PONG)
		return protocol("unknown opcode");
	if (!(h->first & FIN))
		return protocol("fragmented control frame");
	if (h->len > CONTROL_MAX)
		return protocol("control frame longer than 125 bytes");
	return h->first & RSV1 ? protocol("reserved bit set") : no_fault;
}

/* What may be on the wire: deflate makes bytes without any pattern a little longer. */
static size_t wire_max(const struct sl_ws *ws, bool compressed)
{
	size_t max = ws->message_max;

	return compressed ? max + max / 64 + 16 : max;
}

/* Judges a complete header; have is what the message has so far. */
static struct fault check_header(
    const struct sl_ws *ws, const struct header *h, bool in_message, size_t have)
{
	unsigned opcode = h->first & 15u;

	if (h->first & RSV_OTHERS)
		return protocol("reserved bit set");
	if (!h->masked)
		return protocol("frame not masked");
	if (!h->minimal)
		return protocol("length not in its shortest form");
	if (opcode >= SL_WS_CLOSE)
		return check_control(h);
	if (opcode > SL_WS_BINARY)
		return protocol("unknown opcode");
	if (in_message && opcode != SL_WS_CONTINUATION)
		return protocol("new message inside a fragmented one");
	if (!in_message && opcode == SL_WS_CONTINUATION)
		return protocol("continuation of no message");
	if ((h->first & RSV1) && (!ws->allow_rsv1 || in_message))
		return protocol("reserved bit set");
	bool compressed = in_message ? ws->partial->compressed : h->first & RSV1;
	if (h->len > wire_max(ws, compressed) - have)
		return (struct fault){SL_WS_TOO_BIG, "message larger than the limit"};
	return no_fault;
}

/* Unmasks n bytes that begin at offset at of their frame. */
static void unmask(char *data, size_t n, const uint8_t mask[4], uint64_t at)
{
	uint8_t turned[8];
	uint64_t word, key;
	size_t i = 0;

	for (int k = 0; k < 8; k++)
		turned[k] = mask[(at + (uint64_t)k) & 3];
	memcpy(&key, turned, 8);
	for (; n - i >= 8; i += 8) {
		memcpy(&word, data + i, 8);
		word ^= key;
		memcpy(data + i, &word, 8);
	}
	for (; i < n; i++)
		data[i] = (char)((uint8_t)data[i] ^ turned[i & 7]);
}

/* ---- delivery ---------------------------------------------------------------- */

static bool valid_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

/* Whether to go on; a fault is left in *fault. */
static bool deliver_close(const struct sl_ws_sink *sink, void *arg, const char *data,
    size_t len, struct fault *fault)
{
	unsigned code = SL_WS_NO_CODE;

	if (len == 1) {
		*fault = protocol("close frame of one byte");
		return false;
	}
	if (len >= 2) {
		code = (unsigned)big_endian((const uint8_t *)data, 2);
		if (!valid_close_code(code)) {
			*fault = protocol("invalid close code");
			return false;
		}
		data += 2;
		len -= 2;
	}
	if (!sl_utf8_valid(data, len)) {
		*fault = (struct fault){SL_WS_BAD_DATA, "close reason is not UTF-8"};
		return false;
	}
	if (sink->close)
		sink->close(arg, (int)code, data, len);
	return false;
}

static bool deliver_control(const struct sl_ws_sink *sink, void *arg, unsigned opcode,
    const char *data, size_t len, struct fault *fault)
{
	if (opcode == SL_WS_PING)
		return !sink->ping || sink->ping(arg, data, len);
	if (opcode == SL_WS_PONG)
		return !sink->pong || sink->pong(arg, data, len);
	return deliver_close(sink, arg, data, len, fault);
}

static bool deliver_message(const struct sl_ws_sink *sink, void *arg, unsigned opcode,
    bool compressed, char *data, size_t len)
{
	return !sink->message ||
	       sink->message(arg, (enum sl_ws_opcode)opcode, compressed, data, len);
}

/* Delivers a frame that is a whole message and lies whole at payload. */
static bool deliver_whole(const struct sl_ws_sink *sink, void *arg,
    const struct header *h, char *payload, struct fault *fault)
{
	unsigned opcode = h->first & 15u;
	bool compressed = h->first & RSV1;
	size_t len = (size_t)h->len;

	unmask(payload, len, h->mask, 0);
	if (opcode >= SL_WS_CLOSE)
		return deliver_control(sink, arg, opcode, payload, len, fault);
	if (opcode == SL_WS_TEXT && !compressed && !sl_utf8_valid(payload, len)) {
		*fault = (struct fault){SL_WS_BAD_DATA, "text is not UTF-8"};
		return false;
	}
	return deliver_message(sink, arg, opcode, compressed, payload, len);
}

/* ---- frames in pieces ---------------------------------------------------------- */

static bool is_control(const struct sl_ws_partial *p)
{
	return (p->frame.first & 15u) >= SL_WS_CLOSE;
}

/* Takes bytes of a header; begins the frame when it is complete. */
static size_t take_header(
    struct sl_ws *ws, const char *data, size_t len, struct fault *fault)
{
	struct sl_ws_partial *p = ws->partial;
	size_t taken = 0;

	while (taken < len && p->head_len < HEADER_MAX) {
		p->head[p->head_len++] = (uint8_t)data[taken++];
		if (read_header(p->head, p->head_len, &p->frame) == 0)
			continue;
		p->head_len = 0;
		*fault = check_header(ws, &p->frame, p->in_message, p->message.len);
		p->in_frame = true;
		p->done = 0;
		p->control_len = 0;
		if (!is_control(p) && !p->in_message) {
			p->in_message = true;
			p->opcode = p->frame.first & 15u;
			p->compressed = p->frame.first & RSV1;
			p->utf8 = SL_UTF8_START;
		}
		break;
	}
	return taken;
}

/* Takes bytes of the payload. */
static size_t take_payload(
    struct sl_ws_partial *p, char *data, size_t len, struct fault *fault)
{
	uint64_t left = p->frame.len - p->done;
	size_t n = left < len ? (size_t)left : len;

	unmask(data, n, p->frame.mask, p->done);
	p->done += n;
	if (is_control(p)) {
		memcpy(p->control + p->control_len, data, n);
		p->control_len += (uint8_t)n;
		return n;
	}
	if (p->opcode == SL_WS_TEXT && !p->compressed) {
		p->utf8 = sl_utf8_step(p->utf8, data, n);
		if (p->utf8 == SL_UTF8_BROKEN)
			*fault = (struct fault){SL_WS_BAD_DATA, "text is not UTF-8"};
	}
	sl_buf_add(&p->message, data, n);
	return n;
}

/* The frame is complete: delivers it if it ends a message. */
static bool end_frame(
    struct sl_ws *ws, const struct sl_ws_sink *sink, void *arg, struct fault *fault)
{
	struct sl_ws_partial *p = ws->partial;

	p->in_frame = false;
	if (is_control(p))
		return deliver_control(
		    sink, arg, p->frame.first & 15u, p->control, p->control_len, fault);
	if (!(p->frame.first & FIN))
		return !sink->fragment || sink->fragment(arg);
	p->in_message = false;
	if (p->opcode == SL_WS_TEXT && !p->compressed && p->utf8 != SL_UTF8_START) {
		*fault = (struct fault){SL_WS_BAD_DATA, "text ends inside a character"};
		return false;
	}
	struct sl_buf message = p->message;
	p->message = (struct sl_buf){0};
	bool more = deliver_message(sink, arg, p->opcode, p->compressed,
	    message.data ? message.data : p->control, message.len);
	sl_buf_clear(&message);
	return more;
}

static size_t feed_partial(struct sl_ws *ws, char *data, size_t len,
    const struct sl_ws_sink *sink, void *arg, struct fault *fault, bool *more)
{
	struct sl_ws_partial *p = ws->partial;
	size_t taken = 0;

	if (!p->in_frame)
		taken = take_header(ws, data, len, fault);
	if (p->in_frame && !fault->code && taken < len)
		taken += take_payload(p, data + taken, len - taken, fault);
	if (p->in_frame && !fault->code && p->done == p->frame.len)
		*more = end_frame(ws, sink, arg, fault);
	return taken;
}

static void drop_if_idle(struct sl_ws *ws)
{
	struct sl_ws_partial *p = ws->partial;

	if (p && !p->in_frame && !p->in_message && p->head_len == 0)
		sl_ws_clear(ws);
}

/*
 * Delivers the frame at data in place if it is whole and alone a message.
 * Returns the bytes taken, 0 if it has to go through the partial state.
 */
static size_t feed_whole(struct sl_ws *ws, char *data, size_t len,
    const struct sl_ws_sink *sink, void *arg, struct fault *fault, bool *more)
{
	struct header h;
	size_t n = read_header((const uint8_t *)data, len, &h);

	if (n == 0)
		return 0;
	*fault = check_header(ws, &h, false, 0);
	if (fault->code)
		return n;
	if (h.len > len - n || !(h.first & FIN))
		return 0;
	*more = deliver_whole(sink, arg, &h, data + n, fault);
	return n + (size_t)h.len;
}

int sl_ws_feed(struct sl_ws *ws, char *data, size_t len, const struct sl_ws_sink *sink,
    void *arg, const char **why)
{
	struct fault fault = no_fault;
	bool more = true;
	size_t at = 0;

	while (at < len && more && !fault.code) {
		size_t taken = 0;
		if (!ws->partial)
			taken =
			    feed_whole(ws, data + at, len - at, sink, arg, &fault, &more);
		if (taken == 0) {
			if (!ws->partial &&
			    !(ws->partial = calloc(1, sizeof *ws->partial)))
				abort();
			taken = feed_partial(
			    ws, data + at, len - at, sink, arg, &fault, &more);
			if (more && !fault.code)
				drop_if_idle(ws);
		}
		at += taken;
	}
	if (fault.code || !more)
		sl_ws_clear(ws);
	if (why)
		*why = fault.why;
	return fault.code ? fault.code : more ? SL_WS_OK : SL_WS_STOPPED;
}

void sl_ws_clear(struct sl_ws *ws)
{
	if (!ws->partial)
		return;
	sl_buf_clear(&ws->partial->message);
	free(ws->partial);
	ws->partial = NULL;
}
