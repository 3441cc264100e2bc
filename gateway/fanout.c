/* SPDX-License-Identifier: Apache-2.0 */
#include "fanout.h"

#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "clock.h"
#include "frame.h"
#include "identity.h"
#include "pump.h"
#include "view.h"

/*
 * Design notes
 *
 * The entries of a flush are put into sending order once; a live client gets
 * them in exactly this order, so the cursor of each message is the same for
 * all of them and the message is rendered once per transport, for all views.
 * A view's part of a flush becomes one frame per transport (the burst), that
 * each live member's socket gets with one send; what it does not take is
 * queued by reference.
 *
 * The same holds for compression.  A WebSocket's message is compressed by
 * itself, so once for all views; an event stream's burst as a whole, once for a
 * view: what one message has in common with the next costs nothing there.
 * Neither is done before a member asks for it.
 */
struct piece {
	size_t at;  /* in the arena of its form and packing */
	size_t len; /* 0: not rendered yet */
};

struct item {
	const struct gw_entry *entry;
	struct gw_stamp stamp;
	struct piece piece[GW_FORM_COUNT][GW_PACKING_GZIP];
};

struct burst {
	struct sl_frame *frame; /* NULL: not made */
	struct sl_zip_sum sum;  /* of what a gzip block stands for */
};

struct flush {
	struct gw_hub *hub;
	const struct sl_catalog *catalog;
	struct item *item;
	size_t count;
	size_t cap;
	struct sl_buf arena[GW_FORM_COUNT][GW_PACKING_GZIP];
	uint64_t start[SL_STREAM_COUNT];
	uint32_t now_ms;
	bool torn; /* the window could not keep all of it */

	/* Of the view at hand. */
	size_t *seen;
	size_t seen_count;
	bool personal;
	struct sl_buf overlay; /* its data, without the envelope */
	bool has_overlay;
	struct burst burst[GW_FORM_COUNT][GW_PACKING_KINDS];
	bool too_big;
};

/* A burst past this is written for each client in turns. */
#define GW_FANOUT_BURST_MAX (512u * 1024u)

static void add_item(struct flush *f, const struct gw_entry *entry)
{
	struct sl_cursor at;

	if (f->count == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		f->item = realloc(f->item, f->cap * sizeof *f->item);
		f->seen = realloc(f->seen, f->cap * sizeof *f->seen);
		if (!f->item || !f->seen)
			abort();
	}
	struct item *item = &f->item[f->count++];
	*item = (struct item){.entry = entry};
	gw_hub_position(f->hub, &at);
	for (int s = (int)entry->e.stream; s < SL_STREAM_COUNT; s++)
		at.next[s] = f->start[s];
	at.next[entry->e.stream] = entry->e.seq + 1;
	gw_stamp_set(&item->stamp, &at);
}

static void collect(struct flush *f)
{
	struct gw_hub *hub = f->hub;

	f->count = 0;
	f->torn = false;
	memcpy(f->start, hub->end, sizeof f->start);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		hub->end[s] = gw_window_next(hub->window, (enum sl_stream)s);
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		for (uint64_t seq = f->start[s]; seq < hub->end[s]; seq++) {
			const struct gw_entry *e =
			    gw_window_get(hub->window, (enum sl_stream)s, seq);
			if (e)
				add_item(f, e);
			else
				f->torn = true;
		}
	}
}

/* Renders an item for a form, packed as it goes into a burst. */
static const struct piece *piece_of(
    struct flush *f, struct item *item, enum gw_form form, enum gw_packing_kind kind)
{
	struct sl_buf *arena = &f->arena[form][kind];
	struct piece *piece = &item->piece[form][kind];

	if (piece->len > 0)
		return piece;
	piece->at = arena->len;
	if (kind == GW_PACKING_NONE) {
		gw_render_entry(arena, form, &item->entry->e, &item->stamp);
	} else {
		const struct piece *plain = piece_of(f, item, form, GW_PACKING_NONE);
		gw_packing_frames(&f->hub->packing, kind,
		    f->arena[form][GW_PACKING_NONE].data + plain->at, plain->len, arena);
	}
	piece->len = arena->len - piece->at;
	return piece;
}

static void add_overlay(struct flush *f, const struct gw_view *view, enum gw_form form,
    enum gw_packing_kind kind, struct sl_buf *burst)
{
	static struct sl_buf plain;
	struct sl_buf *out = kind == GW_PACKING_NONE ? burst : &plain;

	if (!f->has_overlay)
		return;
	sl_buf_reset(&plain);
	size_t mark = gw_render_open(out, form, "metrics_update", (struct sl_slice){0},
	    view->sight.tenant->newest_us);
	sl_buf_add(out, f->overlay.data, f->overlay.len);
	gw_render_close(out, form, mark, NULL);
	if (out == &plain)
		gw_packing_frames(&f->hub->packing, kind, plain.data, plain.len, burst);
}

/* Puts the view's part of the flush together in its sending order. */
static void compose(struct flush *f, const struct gw_view *view, enum gw_form form,
    enum gw_packing_kind kind, struct sl_buf *burst)
{
	bool overlay_due = true;

	for (size_t i = 0; i < f->seen_count; i++) {
		struct item *item = &f->item[f->seen[i]];
		if (overlay_due && item->entry->e.stream >= SL_STREAM_NORMAL) {
			add_overlay(f, view, form, kind, burst);
			overlay_due = false;
		}
		const struct piece *piece = piece_of(f, item, form, kind);
		sl_buf_add(burst, f->arena[form][kind].data + piece->at, piece->len);
	}
	if (overlay_due)
		add_overlay(f, view, form, kind, burst);
}

/* The view's burst as a client gets it, made when the first of its kind needs it. */
static const struct burst *burst_of(
    struct flush *f, const struct gw_view *view, const struct gw_client *client)
{
	static struct sl_buf plain, block;
	enum gw_form form = (enum gw_form)client->form;
	enum gw_packing_kind kind = gw_packing_kind_of(client->packing);
	bool gzip = kind == GW_PACKING_GZIP;
	struct burst *burst = &f->burst[form][kind];

	if (burst->frame || f->too_big)
		return burst;
	sl_buf_reset(&plain);
	compose(f, view, form, gzip ? GW_PACKING_NONE : kind, &plain);
	if (plain.len > GW_FANOUT_BURST_MAX) {
		f->too_big = true;
		return burst;
	}
	sl_buf_reset(&block);
	if (gzip)
		burst->sum =
		    gw_packing_block(&f->hub->packing, plain.data, plain.len, &block);
	const struct sl_buf *wire = gzip ? &block : &plain;
	burst->frame = sl_frame_new(wire->data, wire->len);
	return burst;
}

/* Filters the flush for a view; false if nothing of it is in sight. */
static bool filter(struct flush *f, struct gw_view *view)
{
	f->seen_count = 0;
	f->personal = false;
	f->has_overlay = false;
	f->too_big = f->torn;
	for (size_t i = 0; i < f->count; i++) {
		const struct gw_entry *e = f->item[i].entry;
		switch (gw_sight_entry(&view->sight, f->catalog, &e->e, e->module)) {
		case GW_SEEN:
			f->seen[f->seen_count++] = i;
			break;
		case GW_PERSONAL:
			f->personal = true;
			break;
		case GW_HIDDEN:
			break;
		}
	}
	if (view->wants_metrics) {
		sl_buf_reset(&f->overlay);
		f->has_overlay =
		    gw_sight_overlay(&view->sight, f->hub->mirror, &f->overlay);
		if (f->has_overlay)
			view->metrics_ms = f->now_ms;
	}
	return f->seen_count > 0 || f->has_overlay || f->personal || f->torn;
}

/* Whether an entry of the flush is for this client alone. */
static bool has_personal(const struct flush *f, const struct gw_client *client)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct gw_entry *e = f->item[i].entry;
		if (e->e.audience == SL_AUDIENCE_SUB &&
		    gw_behind_sees(client, f->catalog, e))
			return true;
	}
	return false;
}

static void give(struct flush *f, struct gw_view *view, struct gw_client *client)
{
	struct gw_hub *hub = f->hub;
	uint32_t messages = (uint32_t)f->seen_count + (f->has_overlay ? 1 : 0);

	if (client->leaving)
		return;
	if (client->behind) {
		gw_behind_lag(client, (uint32_t)f->seen_count, f->has_overlay);
		gw_pump_run(client);
		return;
	}
	const struct burst *burst = NULL;
	bool alone = f->personal && has_personal(f, client);
	if (!alone && messages > 0 && !gw_client_is_full(client))
		burst = burst_of(f, view, client);
	if (burst && burst->frame) {
		hub->stats.messages += messages;
		hub->stats.shared += messages;
		gw_client_send_shared(client, burst->frame, &burst->sum);
	} else if (alone || messages > 0 || f->torn) {
		gw_behind_begin(client, f->start);
		gw_behind_lag(client, (uint32_t)f->seen_count, f->has_overlay);
		gw_pump_run(client);
	}
}

static void drop_bursts(struct flush *f)
{
	for (int form = 0; form < GW_FORM_COUNT; form++) {
		for (int kind = 0; kind < GW_PACKING_KINDS; kind++) {
			sl_frame_unref(f->burst[form][kind].frame);
			f->burst[form][kind].frame = NULL;
		}
	}
}

void gw_fanout_flush(struct gw_hub *hub)
{
	static struct flush f;

	f.hub = hub;
	f.catalog = gw_mirror_catalog(hub->mirror);
	f.now_ms = (uint32_t)(sl_clock_mono_ns() / SL_NS_PER_MS);
	collect(&f);
	hub->stats.flushes++;
	for (struct gw_view *view = hub->view_first; view; view = view->next) {
		if (!filter(&f, view)) {
			/* Those ahead of the stream may have been waiting for it. */
			for (uint32_t i = 0; f.count > 0 && i < view->count; i++)
				gw_pump_run(view->member[i]);
			continue;
		}
		for (uint32_t i = 0; i < view->count; i++)
			give(&f, view, view->member[i]);
		drop_bursts(&f);
	}
	for (int form = 0; form < GW_FORM_COUNT; form++) {
		for (int kind = 0; kind < GW_PACKING_GZIP; kind++)
			sl_buf_reset(&f.arena[form][kind]);
	}
	gw_mirror_settle(hub->mirror);
}
