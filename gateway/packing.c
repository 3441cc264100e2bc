/* SPDX-License-Identifier: Apache-2.0 */
#include "packing.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "utf8.h"

/* Scratch memory that is kept between messages. */
#define KEEP_BYTES (256u * 1024u)

static struct gw_packing deflate_packing = {.kind = GW_PACKING_DEFLATE};
static struct gw_packing narrow_packing = {.kind = GW_PACKING_NARROW};

static struct sl_zip *zip_of(struct gw_packing_home *home)
{
	if (!home->zip)
		home->zip = sl_zip_new();
	return home->zip;
}

static void reset(struct sl_buf *scratch)
{
	if (scratch->cap > KEEP_BYTES)
		sl_buf_clear(scratch);
	sl_buf_reset(scratch);
}

void gw_packing_clear(struct gw_packing_home *home)
{
	sl_zip_free(home->zip);
	sl_buf_clear(&home->packed);
	sl_buf_clear(&home->plain);
	home->zip = NULL;
}

struct gw_packing *gw_packing_websocket(int window_bits)
{
	return window_bits < SL_ZIP_WINDOW_BITS ? &narrow_packing : &deflate_packing;
}

struct gw_packing *gw_packing_gzip(void)
{
	struct gw_packing *packing = calloc(1, sizeof *packing);

	if (!packing)
		abort();
	packing->kind = GW_PACKING_GZIP;
	return packing;
}

void gw_packing_free(struct gw_packing *packing)
{
	if (packing && packing->kind == GW_PACKING_GZIP)
		free(packing);
}

/* ---- WebSocket ------------------------------------------------------------------- */

/* The length of the header of a frame of ours, and of what follows it. */
static size_t frame_head(const uint8_t *frame, size_t *len)
{
	size_t more = frame[1] == 126 ? 2 : frame[1] == 127 ? 8 : 0;

	*len = frame[1];
	if (more > 0)
		*len = 0;
	for (size_t i = 0; i < more; i++)
		*len = *len << 8 | frame[2 + i];
	return 2 + more;
}

void gw_packing_deflate(struct gw_packing_home *home, enum gw_packing_kind kind,
    const char *data, size_t len, struct sl_buf *out)
{
	int bits =
	    kind == GW_PACKING_NARROW ? SL_ZIP_WINDOW_BITS_MIN : SL_ZIP_WINDOW_BITS;
	size_t before = out->len;

	sl_zip_deflate(zip_of(home), data, len, bits, out);
	home->stats.compressed++;
	home->stats.raw_bytes += len;
	home->stats.wire_bytes += out->len - before;
}

static void add_message(struct gw_packing_home *home, enum gw_packing_kind kind,
    enum sl_ws_opcode opcode, const char *data, size_t len, struct sl_buf *out)
{
	uint8_t head[SL_WS_HEADER_MAX];
	struct sl_buf *packed = &home->packed;

	reset(packed);
	gw_packing_deflate(home, kind, data, len, packed);
	packed->len -= SL_ZIP_TAIL_LEN;
	if (packed->len >= len) {
		sl_ws_write(out, opcode, data, len);
		return;
	}
	sl_buf_add(out, head, sl_ws_header(head, opcode, true, packed->len));
	sl_buf_add(out, packed->data, packed->len);
}

/* Of the first byte: compressed already. */
#define RSV1 0x40

void gw_packing_frames(struct gw_packing_home *home, enum gw_packing_kind kind,
    const char *frames, size_t len, struct sl_buf *out)
{
	for (size_t at = 0; at < len;) {
		const uint8_t *frame = (const uint8_t *)frames + at;
		enum sl_ws_opcode opcode = frame[0] & 15;
		size_t body;
		size_t head = frame_head(frame, &body);
		if (opcode < SL_WS_CLOSE && !(frame[0] & RSV1) && body >= home->bytes_min)
			add_message(home, kind, opcode, frames + at + head, body, out);
		else
			sl_buf_add(out, frame, head + body);
		at += head + body;
	}
}

int gw_packing_open(struct gw_packing_home *home, enum sl_ws_opcode opcode, char **data,
    size_t *len, size_t max, const char **why)
{
	struct sl_buf *plain = &home->plain;

	reset(plain);
	int error = sl_zip_inflate(zip_of(home), *data, *len, max, plain);
	home->stats.inflated++;
	if (error == SL_ETOOBIG) {
		*why = "message larger than the limit";
		return SL_WS_TOO_BIG;
	}
	if (error) {
		*why = "message is not deflate";
		return SL_WS_BAD_DATA;
	}
	sl_buf_text(plain); /* so that there is memory even for an empty one */
	if (opcode == SL_WS_TEXT && !sl_utf8_valid(plain->data, plain->len)) {
		*why = "text is not UTF-8";
		return SL_WS_BAD_DATA;
	}
	*data = plain->data;
	*len = plain->len;
	return 0;
}

/* ---- event streams ------------------------------------------------------------------
 */

struct sl_zip_sum gw_packing_block(
    struct gw_packing_home *home, const char *data, size_t len, struct sl_buf *out)
{
	size_t before = out->len;

	if (len < home->bytes_min) {
		sl_zip_stored(data, len, out);
		/*
		 * zlib gives a stored block out at once; others (Go's, and so what
		 * Caddy inflates for a client without gzip) at an empty one only.
		 */
		sl_buf_add(out, "\0" SL_ZIP_TAIL, 1 + SL_ZIP_TAIL_LEN);
	} else {
		sl_zip_deflate(zip_of(home), data, len, SL_ZIP_WINDOW_BITS, out);
	}
	home->stats.compressed++;
	home->stats.raw_bytes += len;
	home->stats.wire_bytes += out->len - before;
	return sl_zip_sum_of(data, len);
}

void gw_packing_shared(struct gw_packing *packing, const struct sl_zip_sum *sum)
{
	if (gw_packing_kind_of(packing) == GW_PACKING_GZIP)
		sl_zip_sum_add(&packing->sum, sum);
}

static void begin_gzip(struct gw_packing *packing, struct sl_buf *out)
{
	if (!packing->begun)
		sl_zip_gzip_begin(out);
	packing->begun = true;
}

void gw_packing_add(struct gw_packing_home *home, struct gw_packing *packing,
    const char *frames, size_t len, struct sl_buf *out)
{
	if (packing->kind != GW_PACKING_GZIP) {
		gw_packing_frames(home, packing->kind, frames, len, out);
		return;
	}
	begin_gzip(packing, out);
	struct sl_zip_sum sum = gw_packing_block(home, frames, len, out);
	sl_zip_sum_add(&packing->sum, &sum);
}

void gw_packing_end(struct gw_packing *packing, struct sl_buf *out)
{
	if (gw_packing_kind_of(packing) != GW_PACKING_GZIP)
		return;
	begin_gzip(packing, out);
	sl_zip_gzip_end(&packing->sum, out);
}
