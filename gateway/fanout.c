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
 */
struct item {
	const struct gw_entry *entry;
	struct gw_stamp stamp;
	struct {
		size_t at;  /* in the arena of the form */
		size_t len; /* 0: not rendered yet */
	} piece[GW_FORM_COUNT];
};

struct flush {
	struct gw_hub *hub;
	const struct sl_catalog *catalog;
	struct item *item;
	size_t count;
	size_t cap;
	struct sl_buf arena[GW_FORM_COUNT];
	uint64_t start[SL_STREAM_COUNT];
	uint32_t now_ms;
	bool torn; /* the window could not keep all of it */

	/* Of the view at hand. */
	size_t *seen;
	size_t seen_count;
	bool personal;
	struct sl_buf overlay; /* its data, without the envelope */
	bool has_overlay;
	struct sl_frame *burst[GW_FORM_COUNT];
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

static void add_piece(
    struct flush *f, struct item *item, enum gw_form form, struct sl_buf *burst)
{
	struct sl_buf *arena = &f->arena[form];

	if (item->piece[form].len == 0) {
		item->piece[form].at = arena->len;
		gw_render_entry(arena, form, &item->entry->e, &item->stamp);
		item->piece[form].len = arena->len - item->piece[form].at;
	}
	sl_buf_add(burst, arena->data + item->piece[form].at, item->piece[form].len);
}

static void add_overlay(
    struct flush *f, const struct gw_view *view, enum gw_form form, struct sl_buf *burst)
{
	if (!f->has_overlay)
		return;
	size_t mark = gw_render_open(burst, form, "metrics_update", (struct sl_slice){0},
	    view->sight.tenant->newest_us);
	sl_buf_add(burst, f->overlay.data, f->overlay.len);
	gw_render_close(burst, form, mark, NULL);
}

/* The view's burst for a transport, made when the first member needs it. */
static struct sl_frame *burst_of(
    struct flush *f, const struct gw_view *view, enum gw_form form)
{
	static struct sl_buf burst;
	bool overlay_due = true;

	if (f->burst[form] || f->too_big)
		return f->burst[form];
	sl_buf_reset(&burst);
	for (size_t i = 0; i < f->seen_count; i++) {
		struct item *item = &f->item[f->seen[i]];
		if (overlay_due && item->entry->e.stream >= SL_STREAM_NORMAL) {
			add_overlay(f, view, form, &burst);
			overlay_due = false;
		}
		add_piece(f, item, form, &burst);
	}
	if (overlay_due)
		add_overlay(f, view, form, &burst);
	if (burst.len > GW_FANOUT_BURST_MAX)
		f->too_big = true;
	else
		f->burst[form] = sl_frame_new(burst.data, burst.len);
	return f->burst[form];
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
	struct sl_frame *burst = NULL;
	bool alone = f->personal && has_personal(f, client);
	if (!alone && messages > 0 && !gw_client_is_full(client))
		burst = burst_of(f, view, (enum gw_form)client->form);
	if (burst) {
		hub->stats.messages += messages;
		hub->stats.shared += messages;
		gw_client_send_shared(client, burst);
	} else if (alone || messages > 0 || f->torn) {
		gw_behind_begin(client, f->start);
		gw_behind_lag(client, (uint32_t)f->seen_count, f->has_overlay);
		gw_pump_run(client);
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
		for (int form = 0; form < GW_FORM_COUNT; form++) {
			sl_frame_unref(f.burst[form]);
			f.burst[form] = NULL;
		}
	}
	for (int form = 0; form < GW_FORM_COUNT; form++)
		sl_buf_reset(&f.arena[form]);
	gw_mirror_settle(hub->mirror);
}
