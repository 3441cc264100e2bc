/* SPDX-License-Identifier: Apache-2.0 */
#include "prefix.h"

#include <stdlib.h>

/* Those who catch up after an accident read the same entries at the same time. */
#define SLOTS 256

/* Longer ones are not kept, so that all of them together are 1 MiB at most. */
#define KEPT_BYTES_MAX 4096u

struct slot {
	uint64_t epoch;
	uint64_t seq; /* 0: empty */
	uint8_t stream;
	uint8_t kind;
	size_t raw_bytes;
	struct sl_buf packed;
};

struct gw_prefixes {
	struct slot slot[SLOTS];
	struct sl_buf head; /* scratch */
	struct sl_buf tail;
};

void gw_prefix_clear(struct gw_hub *hub)
{
	struct gw_prefixes *p = hub->prefixes;

	if (!p)
		return;
	for (int i = 0; i < SLOTS; i++)
		sl_buf_clear(&p->slot[i].packed);
	sl_buf_clear(&p->head);
	sl_buf_clear(&p->tail);
	free(p);
	hub->prefixes = NULL;
}

static bool holds(const struct slot *slot, const struct gw_hub *hub,
    enum gw_packing_kind kind, const struct sl_entry *entry)
{
	return slot->seq == entry->seq && slot->epoch == hub->epoch &&
	       slot->stream == entry->stream && slot->kind == kind;
}

static struct slot *get(struct gw_hub *hub, enum gw_packing_kind kind,
    const struct sl_entry *entry, const struct gw_stamp *stamp)
{
	struct gw_prefixes *p = hub->prefixes;
	struct slot *slot =
	    &p->slot[(entry->seq * SL_STREAM_COUNT + entry->stream) % SLOTS];

	if (holds(slot, hub, kind, entry))
		return slot;
	sl_buf_reset(&p->head);
	gw_render_entry_head(&p->head, entry, stamp);
	slot->epoch = hub->epoch;
	slot->seq = entry->seq;
	slot->stream = (uint8_t)entry->stream;
	slot->kind = (uint8_t)kind;
	slot->raw_bytes = p->head.len;
	sl_buf_reset(&slot->packed);
	gw_packing_deflate(&hub->packing, kind, p->head.data, p->head.len, &slot->packed);
	return slot;
}

void gw_prefix_entry(struct gw_hub *hub, enum gw_packing_kind kind,
    const struct sl_entry *entry, const struct gw_stamp *stamp, struct sl_buf *out)
{
	uint8_t header[SL_WS_HEADER_MAX];

	if (entry->body.len < hub->packing.bytes_min) {
		gw_render_entry(out, GW_FORM_WS, entry, stamp);
		return;
	}
	if (!hub->prefixes && !(hub->prefixes = calloc(1, sizeof *hub->prefixes)))
		abort();
	struct slot *slot = get(hub, kind, entry, stamp);
	struct sl_buf *tail = &hub->prefixes->tail;
	sl_buf_reset(tail);
	gw_render_entry_tail(tail, stamp);
	size_t raw = slot->raw_bytes + tail->len;
	struct sl_buf *block = &hub->prefixes->head;
	sl_buf_reset(block);
	sl_zip_stored(tail->data, tail->len, block);
	/* A message ends with the first byte of an empty block (RFC 7692, 7.2.1). */
	size_t len = slot->packed.len + block->len + 1;
	if (len >= raw) {
		gw_render_entry(out, GW_FORM_WS, entry, stamp);
	} else {
		sl_buf_add(out, header, sl_ws_header(header, SL_WS_TEXT, true, len));
		sl_buf_add(out, slot->packed.data, slot->packed.len);
		sl_buf_add(out, block->data, block->len);
		sl_buf_addc(out, '\0');
	}
	if (slot->packed.cap > KEPT_BYTES_MAX) {
		sl_buf_clear(&slot->packed);
		slot->seq = 0;
	}
}
