/* SPDX-License-Identifier: Apache-2.0 */
#include "burst.h"

#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "clock.h"
#include "frame.h"
#include "hops.h"
#include "pump.h"
#include "tally.h"
#include "view.h"

/* Past this it is written for each member in turns, by the pump. */
#define GW_BURST_MAX (512u * 1024u)

static void add_item(struct gw_burst *b, const struct gw_entry *entry)
{
	struct sl_cursor at;

	if (b->count == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 64;
		b->item = realloc(b->item, b->cap * sizeof *b->item);
		b->seen = realloc(b->seen, b->cap * sizeof *b->seen);
		if (!b->item || !b->seen)
			abort();
	}
	struct gw_burst_item *item = &b->item[b->count++];
	*item = (struct gw_burst_item){
	    .entry = entry, .stream = entry->e.stream, .seq = entry->e.seq};
	gw_hub_position(b->hub, &at);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		at.next[s] = s < (int)item->stream ? b->to[s] : b->from[s];
	at.next[item->stream] = item->seq + 1;
	gw_stamp_set(&item->stamp, &at);
}

void gw_burst_collect(struct gw_burst *b, struct gw_hub *hub,
    const uint64_t from[SL_STREAM_COUNT], const uint64_t to[SL_STREAM_COUNT])
{
	gw_burst_end(b);
	b->hub = hub;
	b->count = 0;
	b->torn = false;
	memmove(b->from, from, sizeof b->from);
	memmove(b->to, to, sizeof b->to);
	for (int form = 0; form < GW_FORM_COUNT; form++) {
		for (int kind = 0; kind < GW_PACKING_GZIP; kind++)
			sl_buf_reset(&b->arena[form][kind]);
	}
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		for (uint64_t seq = b->from[s]; seq < b->to[s]; seq++) {
			const struct gw_entry *e =
			    gw_window_get(hub->window, (enum sl_stream)s, seq);
			if (e)
				add_item(b, e);
			else
				b->torn = true;
		}
	}
}

void gw_burst_recall(struct gw_burst *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct gw_burst_item *item = &b->item[i];
		item->entry = gw_window_get(b->hub->window, item->stream, item->seq);
		if (!item->entry)
			b->torn = b->too_big = true;
	}
}

/* When what is seen was collected and read, in the mean: sums stay exact. */
static void take_times(struct gw_burst *b)
{
	int64_t read = 0, collected = 0;

	b->timed = 0;
	b->read_us = b->collected_us = 0;
	for (size_t i = 0; i < b->seen_count; i++) {
		const struct gw_entry *e = b->item[b->seen[i]].entry;
		if (e->read_us == 0)
			continue;
		if (b->timed++ == 0)
			b->read_us = e->read_us;
		read += e->read_us - b->read_us;
		collected += e->e.ts_us - b->read_us;
	}
	if (b->timed == 0)
		return;
	b->collected_us = b->read_us + collected / b->timed;
	b->read_us += read / b->timed;
}

void gw_burst_view(struct gw_burst *b, const struct gw_view *view)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(b->hub->mirror);

	b->seen_count = 0;
	b->personal = false;
	b->has_overlay = false;
	b->too_big = b->torn;
	for (size_t i = 0; i < b->count; i++) {
		const struct gw_entry *e = b->item[i].entry;
		if (!e)
			continue;
		switch (gw_sight_entry(&view->sight, catalog, &e->e, e->module)) {
		case GW_SEEN:
			b->seen[b->seen_count++] = i;
			break;
		case GW_PERSONAL:
			b->personal = true;
			break;
		case GW_HIDDEN:
			break;
		}
	}
	take_times(b);
}

void gw_burst_end(struct gw_burst *b)
{
	for (int form = 0; form < GW_FORM_COUNT; form++) {
		for (int kind = 0; kind < GW_PACKING_KINDS; kind++) {
			sl_frame_unref(b->frame[form][kind].frame);
			b->frame[form][kind].frame = NULL;
		}
	}
}

bool gw_burst_any(const struct gw_burst *b)
{
	return b->seen_count > 0 || b->has_overlay || b->personal || b->torn;
}

/* Renders an item for a form, packed as it goes into a frame. */
static const struct gw_burst_piece *piece_of(struct gw_burst *b,
    struct gw_burst_item *item, enum gw_form form, enum gw_packing_kind kind)
{
	struct sl_buf *arena = &b->arena[form][kind];
	struct gw_burst_piece *piece = &item->piece[form][kind];

	if (piece->len > 0)
		return piece;
	piece->at = arena->len;
	if (kind == GW_PACKING_NONE) {
		gw_render_entry(arena, form, &item->entry->e, &item->stamp);
	} else {
		const struct gw_burst_piece *plain =
		    piece_of(b, item, form, GW_PACKING_NONE);
		gw_packing_frames(&b->hub->packing, kind,
		    b->arena[form][GW_PACKING_NONE].data + plain->at, plain->len, arena);
	}
	piece->len = arena->len - piece->at;
	return piece;
}

static void add_overlay(struct gw_burst *b, const struct gw_view *view, enum gw_form form,
    enum gw_packing_kind kind, struct sl_buf *wire)
{
	static struct sl_buf plain;
	struct sl_buf *out = kind == GW_PACKING_NONE ? wire : &plain;

	if (!b->has_overlay)
		return;
	sl_buf_reset(&plain);
	size_t mark = gw_render_open(out, form, "metrics_update", (struct sl_slice){0},
	    view->sight.tenant->newest_us);
	sl_buf_add(out, b->overlay.data, b->overlay.len);
	gw_render_close(out, form, mark, NULL);
	if (out == &plain)
		gw_packing_frames(&b->hub->packing, kind, plain.data, plain.len, wire);
}

/* Puts the view's part together in its sending order. */
static void compose(struct gw_burst *b, const struct gw_view *view, enum gw_form form,
    enum gw_packing_kind kind, struct sl_buf *out)
{
	bool overlay_due = true;

	for (size_t i = 0; i < b->seen_count; i++) {
		struct gw_burst_item *item = &b->item[b->seen[i]];
		if (overlay_due && item->stream >= SL_STREAM_NORMAL) {
			add_overlay(b, view, form, kind, out);
			overlay_due = false;
		}
		const struct gw_burst_piece *piece = piece_of(b, item, form, kind);
		sl_buf_add(out, b->arena[form][kind].data + piece->at, piece->len);
	}
	if (overlay_due)
		add_overlay(b, view, form, kind, out);
}

/* The view's part as a client gets it, made when the first of its kind needs it. */
static const struct gw_burst_frame *frame_of(
    struct gw_burst *b, const struct gw_view *view, const struct gw_client *client)
{
	static struct sl_buf plain, block;
	enum gw_form form = (enum gw_form)client->form;
	enum gw_packing_kind kind = gw_packing_kind_of(client->packing);
	bool gzip = kind == GW_PACKING_GZIP;
	struct gw_burst_frame *frame = &b->frame[form][kind];

	if (b->too_big)
		return NULL;
	if (frame->frame)
		return frame;
	sl_buf_reset(&plain);
	compose(b, view, form, gzip ? GW_PACKING_NONE : kind, &plain);
	if (plain.len > GW_BURST_MAX) {
		b->too_big = true;
		return NULL;
	}
	sl_buf_reset(&block);
	if (gzip)
		frame->sum =
		    gw_packing_block(&b->hub->packing, plain.data, plain.len, &block);
	const struct sl_buf *wire = gzip ? &block : &plain;
	frame->frame = sl_frame_new(wire->data, wire->len);
	return frame;
}

uint32_t gw_burst_own(const struct gw_burst *b, const struct gw_client *client)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(b->hub->mirror);
	uint32_t own = 0;

	for (size_t i = 0; b->personal && i < b->count; i++) {
		const struct gw_entry *e = b->item[i].entry;
		own += e && e->e.audience == SL_AUDIENCE_SUB &&
		       gw_behind_sees(client, catalog, e);
	}
	return own;
}

static uint32_t messages_of(const struct gw_burst *b)
{
	return (uint32_t)b->seen_count + (b->has_overlay ? 1 : 0);
}

const struct gw_burst_frame *gw_burst_shared(
    struct gw_burst *b, struct gw_view *view, struct gw_client *client)
{
	if (client->behind || gw_client_is_full(client) || messages_of(b) == 0 ||
	    gw_burst_own(b, client) > 0)
		return NULL;
	return frame_of(b, view, client);
}

/* Counts what a client was handed, and when. */
static void tally(const struct gw_burst *b, struct gw_client *client, uint32_t messages)
{
	const struct gw_hops *hops = b->hub->hops;
	int64_t latency_us = b->published_us ? b->now_us - b->published_us : -1;

	gw_tally_sent(client, messages, latency_us);
	if (!hops)
		return;
	if (latency_us >= 0)
		sl_stat_record(hops->delivery, latency_us * SL_NS_PER_US);
	if (b->timed == 0)
		return;
	sl_stat_record_n(hops->socket, (b->now_us - b->read_us) * SL_NS_PER_US, b->timed);
	sl_stat_record_n(
	    hops->end_to_end, (b->now_us - b->collected_us) * SL_NS_PER_US, b->timed);
}

void gw_burst_give(struct gw_burst *b, struct gw_view *view, struct gw_client *client)
{
	struct gw_hub *hub = b->hub;
	uint32_t messages = messages_of(b);

	if (client->leaving)
		return;
	const struct gw_burst_frame *shared = gw_burst_shared(b, view, client);
	uint32_t own = shared ? 0 : gw_burst_own(b, client);
	if (shared) {
		hub->stats.messages += messages;
		hub->stats.shared += messages;
		tally(b, client, messages);
		gw_client_send_shared(client, shared->frame, &shared->sum);
	} else if (client->behind || own + messages > 0 || b->torn) {
		if (!client->behind)
			gw_behind_begin(client, b->from);
		gw_behind_lag(client, (uint32_t)b->seen_count + own, b->has_overlay);
		gw_pump_run(client);
	}
}

size_t gw_burst_bytes(const struct gw_burst *b, const struct gw_client *client)
{
	const struct sl_frame *frame =
	    b->frame[client->form][gw_packing_kind_of(client->packing)].frame;

	return frame ? frame->len : 0;
}

void gw_burst_clear(struct gw_burst *b)
{
	gw_burst_end(b);
	for (int form = 0; form < GW_FORM_COUNT; form++) {
		for (int kind = 0; kind < GW_PACKING_GZIP; kind++)
			sl_buf_clear(&b->arena[form][kind]);
	}
	sl_buf_clear(&b->overlay);
	free(b->item);
	free(b->seen);
	*b = (struct gw_burst){0};
}
