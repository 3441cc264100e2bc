/* SPDX-License-Identifier: Apache-2.0 */
/* A range of the logs, as the members of one view after the other get it. */
#ifndef GW_BURST_H
#define GW_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "hub.h"
#include "packing.h"
#include "render.h"
#include "window.h"

struct gw_client;
struct gw_view;
struct sl_frame;

/*
 * Design notes
 *
 * The entries between from[] and to[] are put into sending order once; who
 * stands at from[] gets them in exactly this order, so the cursor of each
 * message is the same for all of them and the message is rendered once per
 * transport, for all views.  A view's part becomes one frame per transport, with
 * the view's metrics between high and normal.
 *
 * The same holds for compression.  A WebSocket's message is compressed by
 * itself, so once for all views; an event stream's burst as a whole, once for a
 * view: what one message has in common with the next costs nothing there.
 * Neither is done before a member asks for it.
 */
struct gw_burst_piece {
	size_t at;  /* in the arena of its form and packing */
	size_t len; /* 0: not rendered yet */
};

struct gw_burst_frame {
	struct sl_frame *frame; /* NULL: not made */
	struct sl_zip_sum sum;  /* of what a gzip block stands for */
};

struct gw_burst_item {
	const struct gw_entry *entry;
	enum sl_stream stream;
	uint64_t seq;
	struct gw_stamp stamp;
	struct gw_burst_piece piece[GW_FORM_COUNT][GW_PACKING_GZIP];
};

/* All zeroes is empty. */
struct gw_burst {
	struct gw_hub *hub;
	struct gw_burst_item *item;
	size_t count;
	size_t cap;
	struct sl_buf arena[GW_FORM_COUNT][GW_PACKING_GZIP];
	uint64_t from[SL_STREAM_COUNT];
	uint64_t to[SL_STREAM_COUNT];
	bool torn;            /* the window does not keep all of it */
	int64_t published_us; /* the oldest of it; 0: not known */
	int64_t now_us;       /* wall clock, kept up to date by whoever gives it out */

	/* Of the view at hand. */
	size_t *seen;
	size_t seen_count;
	bool personal;         /* some of it may be for single members */
	uint32_t timed;        /* of what is seen, with a time of its reading */
	int64_t read_us;       /* the mean of these times */
	int64_t collected_us;  /* and of the entries' own */
	struct sl_buf overlay; /* its metrics, without the envelope */
	bool has_overlay;
	struct gw_burst_frame frame[GW_FORM_COUNT][GW_PACKING_KINDS];
	bool too_big; /* or torn: each member is written for in turns */
};

/* gw_burst_collect fills it with what the window has of a range. */
void gw_burst_collect(struct gw_burst *burst, struct gw_hub *hub,
    const uint64_t from[SL_STREAM_COUNT], const uint64_t to[SL_STREAM_COUNT]);

/* gw_burst_recall finds the entries again after others have come into the window. */
void gw_burst_recall(struct gw_burst *burst);

/*
 * gw_burst_view begins with a view: filters for it.  The caller sets overlay and
 * has_overlay afterwards.  gw_burst_end gives its frames back.
 */
void gw_burst_view(struct gw_burst *burst, const struct gw_view *view);
void gw_burst_end(struct gw_burst *burst);

/* gw_burst_any says whether there is anything for the view. */
bool gw_burst_any(const struct gw_burst *burst);

/* gw_burst_own counts the entries that are for this member alone. */
uint32_t gw_burst_own(const struct gw_burst *burst, const struct gw_client *client);

/*
 * gw_burst_shared returns the frame that a member shares with its view; NULL if
 * it cannot have it, or there is none.
 */
const struct gw_burst_frame *gw_burst_shared(
    struct gw_burst *burst, struct gw_view *view, struct gw_client *client);

/* gw_burst_give hands a member, who stands at from (or is behind), its part. */
void gw_burst_give(
    struct gw_burst *burst, struct gw_view *view, struct gw_client *client);

/* gw_burst_bytes is the size of the frame that a member shares; 0 if none is made. */
size_t gw_burst_bytes(const struct gw_burst *burst, const struct gw_client *client);

/* gw_burst_clear frees everything. */
void gw_burst_clear(struct gw_burst *burst);

#endif
