/* SPDX-License-Identifier: Apache-2.0 */
/* What all clients of a gateway are served from. */
#ifndef GW_HUB_H
#define GW_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "cursor.h"
#include "mirror.h"
#include "packing.h"
#include "table.h"
#include "window.h"

struct event_base;
struct event;
struct gw_behind;
struct gw_client;
struct gw_prefixes;
struct gw_places;
struct gw_fanout;
struct gw_hops;
struct gw_mark;
struct gw_replay;
struct gw_view;

/* Limits of DESIGN 8.4, from the configuration. */
struct gw_hub_limits {
	uint32_t lag_messages;    /* MAX_BUFFER_SIZE */
	size_t pending_bytes_max; /* of one client in this process */
	uint32_t slice_clients;   /* served by a fan-out in one turn; 0: all */
};

struct gw_hub_stats {
	uint64_t messages;    /* entries, metrics and gaps handed to sockets */
	uint64_t shared;      /* of these, in frames shared by a view */
	uint64_t skipped;     /* entries skipped for slow clients */
	uint64_t gaps;        /* gap messages */
	uint64_t flushes;     /* fan-outs */
	uint64_t overtakes;   /* alerts or critical events went past one under way */
	uint64_t lagged;      /* times a client fell behind */
	uint64_t dropped;     /* clients closed because they were slow */
	uint64_t resumes;     /* clients that came with a cursor */
	uint64_t resume_gaps; /* of these, that could not have everything since */
};

/*
 * Design notes
 *
 * The bus writes entries into the window and values into the mirror; a flush
 * (fanout.h) then publishes to the clients what has come since the last one.
 * end[] are the positions up to which everything has been published.
 *
 * A client is live, or it is behind.  A live client has been handed everything
 * before end[] (or, while its turn in a fan-out is still to come, what
 * gw_fanout_position says), so it needs no positions of its own; it gets the
 * frames that its view shares.  A client is behind while it resumes, and from the moment
 * that its socket does not take a flush: then it has a struct gw_behind with
 * its own positions, and pump.h writes for it from the window, in sending
 * order, until it has everything and is live again.
 */
struct gw_hub {
	struct event_base *loop;
	struct gw_mirror *mirror;
	struct gw_window *window;
	struct gw_replay *replay; /* NULL in tests without a bus */
	struct gw_places *places; /* the same */
	struct gw_fanout *fanout;
	struct gw_table filters;
	struct gw_table patterns;
	struct gw_table views;
	struct gw_view *view_first;
	struct gw_mark *mark;           /* the newest */
	struct gw_client *client_first; /* all, subscribed or not */
	struct gw_table clients;        /* the same by id */
	struct gw_behind *waiting;      /* for a page of older entries */
	struct gw_behind *ready;        /* to be pumped again by the loop */
	struct event *ready_event;
	struct event *rate_event; /* when metrics that were held back are due */
	int64_t rate_due_ms;      /* monotonic; 0: none is */
	uint64_t aggregator;
	uint64_t epoch;
	uint64_t end[SL_STREAM_COUNT];
	uint64_t metrics; /* the mirror's position that has been published */
	int64_t fresh_us; /* when the oldest that is not flushed yet was published; 0 */
	struct gw_hops *hops; /* NULL in tests without metrics */
	struct gw_packing_home packing;
	struct gw_prefixes *prefixes; /* NULL until a deflating client is behind */
	struct gw_hub_limits limits;
	struct gw_hub_stats stats;
	/* Answers a poll with whole messages; the client is leaving then. */
	void (*answer)(struct gw_client *client, const void *data, size_t len);
};

/*
 * gw_hub_init makes an empty hub over a catalog; the owner sets replay and
 * limits.  gw_hub_clear frees it; all clients must be gone.
 */
void gw_hub_init(struct gw_hub *hub, struct event_base *loop,
    const struct sl_catalog *catalog, size_t window_bytes);
void gw_hub_clear(struct gw_hub *hub);

/*
 * gw_hub_join makes the hub stand at a state: in another epoch, or when next
 * is ahead of the window, what was kept is void.  Every client that was live
 * or behind in the old epoch is told by gaps and a fresh state.
 */
void gw_hub_join(struct gw_hub *hub, uint64_t aggregator, uint64_t epoch,
    const uint64_t next[SL_STREAM_COUNT]);

/* gw_hub_position fills the cursor of what has been published. */
void gw_hub_position(const struct gw_hub *hub, struct sl_cursor *cursor);

#endif
