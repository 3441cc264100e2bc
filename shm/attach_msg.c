/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the attach handshake: pure functions, fuzzed. */
#include <string.h>

#include "attach.h"
#include "error.h"

#define MAGIC 0x534c4154u /* "SLAT" */

/* magic, version, kind, flags */
#define HEAD_BYTES 8u

enum hello_flags { HELLO_REGISTERED = 1 };
enum answer_flags { HAS_JOURNALED = 1, HAS_DURABLE = 2, HEAVY_FENCE = 4 };

struct writer {
	unsigned char *out;
	size_t len;
};

static void put_uint(struct writer *w, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		w->out[w->len++] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

static void put_bytes(struct writer *w, const void *data, size_t len)
{
	memcpy(w->out + w->len, data, len);
	w->len += len;
}

static void put_head(struct writer *w, enum sl_attach_kind kind, uint8_t flags)
{
	put_uint(w, MAGIC, 4);
	put_uint(w, SL_ATTACH_VERSION, 2);
	put_uint(w, kind, 1);
	put_uint(w, flags, 1);
}

/* Bounded reading: past the end everything is zero and short_of is set. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool short_of;
};

static const unsigned char *get_bytes(struct reader *r, size_t len)
{
	static const unsigned char zeroes[SL_RING_POSITION_BYTES];

	if (r->left < len) {
		r->short_of = true;
		r->left = 0;
		return zeroes;
	}
	r->at += len;
	r->left -= len;
	return r->at - len;
}

static uint64_t get_uint(struct reader *r, size_t bytes)
{
	const unsigned char *p = get_bytes(r, bytes);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return value;
}

static int get_head(struct reader *r, uint8_t *kind, uint8_t *flags)
{
	if (get_uint(r, 4) != MAGIC)
		return SL_EMALFORMED;
	if (get_uint(r, 2) != SL_ATTACH_VERSION)
		return r->short_of ? SL_EMALFORMED : SL_EVERSION;
	*kind = (uint8_t)get_uint(r, 1);
	*flags = (uint8_t)get_uint(r, 1);
	return r->short_of ? SL_EMALFORMED : SL_OK;
}

bool sl_attach_source_valid(const char *name, size_t len)
{
	if (len == 0 || len > SL_ATTACH_SOURCE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}

/* HELLO: head, line, segment id, source to the end. */

size_t sl_attach_pack_hello(
    unsigned char out[SL_ATTACH_MESSAGE_MAX], const struct sl_attach_hello *hello)
{
	struct writer w = {.out = out};

	put_head(&w, SL_ATTACH_HELLO, hello->registered ? HELLO_REGISTERED : 0);
	put_uint(&w, hello->line, 8);
	put_uint(&w, hello->segment_id, 8);
	put_bytes(&w, hello->source, strnlen(hello->source, SL_ATTACH_SOURCE_MAX));
	return w.len;
}

int sl_attach_parse_hello(const void *data, size_t len, struct sl_attach_hello *out)
{
	struct reader r = {.at = data, .left = len};
	uint8_t kind, flags;
	int err = get_head(&r, &kind, &flags);

	if (err < 0)
		return err;
	*out = (struct sl_attach_hello){
	    .line = get_uint(&r, 8),
	    .segment_id = get_uint(&r, 8),
	    .registered = (flags & HELLO_REGISTERED) != 0,
	};
	if (kind != SL_ATTACH_HELLO || (flags & ~HELLO_REGISTERED) != 0 || r.short_of ||
	    !sl_attach_source_valid((const char *)r.at, r.left))
		return SL_EMALFORMED;
	memcpy(out->source, r.at, r.left);
	return SL_OK;
}

/* ACCEPTED, PROGRESS: head, journaled, durable.  REFUSED: head, reason to the end. */

size_t sl_attach_pack_answer(
    unsigned char out[SL_ATTACH_MESSAGE_MAX], const struct sl_attach_answer *answer)
{
	const struct sl_attach_positions *positions = &answer->positions;
	struct writer w = {.out = out};

	if (answer->kind == SL_ATTACH_REFUSED) {
		put_head(&w, answer->kind, 0);
		put_bytes(
		    &w, answer->reason, strnlen(answer->reason, SL_ATTACH_REASON_MAX));
		return w.len;
	}
	put_head(&w, answer->kind,
	    (positions->has_journaled ? HAS_JOURNALED : 0) |
		(positions->has_durable ? HAS_DURABLE : 0) |
		(answer->heavy_fence ? HEAVY_FENCE : 0));
	put_bytes(&w, positions->journaled, sizeof(positions->journaled));
	put_bytes(&w, positions->durable, sizeof(positions->durable));
	return w.len;
}

static int parse_refusal(struct reader *r, struct sl_attach_answer *out)
{
	if (r->left == 0 || r->left > SL_ATTACH_REASON_MAX)
		return SL_EMALFORMED;
	for (size_t i = 0; i < r->left; i++) /* it ends up in a log line */
		out->reason[i] =
		    (char)(r->at[i] < 0x20 || r->at[i] == 0x7f ? '?' : r->at[i]);
	return SL_OK;
}

int sl_attach_parse_answer(const void *data, size_t len, struct sl_attach_answer *out)
{
	struct reader r = {.at = data, .left = len};
	struct sl_attach_positions *positions = &out->positions;
	uint8_t kind, flags;
	int err = get_head(&r, &kind, &flags);

	if (err < 0)
		return err;
	*out = (struct sl_attach_answer){.kind = kind};
	if (kind == SL_ATTACH_REFUSED)
		return parse_refusal(&r, out);
	if (kind != SL_ATTACH_ACCEPTED && kind != SL_ATTACH_PROGRESS)
		return SL_EMALFORMED;
	out->heavy_fence = (flags & HEAVY_FENCE) != 0;
	positions->has_journaled = (flags & HAS_JOURNALED) != 0;
	positions->has_durable = (flags & HAS_DURABLE) != 0;
	memcpy(positions->journaled, get_bytes(&r, SL_RING_POSITION_BYTES),
	    SL_RING_POSITION_BYTES);
	memcpy(positions->durable, get_bytes(&r, SL_RING_POSITION_BYTES),
	    SL_RING_POSITION_BYTES);
	return r.short_of || r.left != 0 ? SL_EMALFORMED : SL_OK;
}
