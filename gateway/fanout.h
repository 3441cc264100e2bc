/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes to all clients what has come since the last time. */
#ifndef GW_FANOUT_H
#define GW_FANOUT_H

#include "hub.h"

struct gw_client;
struct gw_view;

/* gw_fanout_new makes a hub's fan-out, gw_fanout_free ends it. */
struct gw_fanout *gw_fanout_new(struct gw_hub *hub);
void gw_fanout_free(struct gw_fanout *fanout);

/*
 * gw_fanout_flush hands the window's new entries and the mirror's changes to
 * every client: filtered and rendered once per view, one write per client.
 * Never blocks: a client whose socket is full falls behind.  Past
 * limits.slice_clients it goes on in the loop's next turns; alerts and critical
 * events that are flushed meanwhile go first, to everybody.
 */
void gw_fanout_flush(struct gw_hub *hub);

/*
 * gw_fanout_leave is called before anything else than the fan-out writes to a
 * client or changes what it sees: one whose turn has not come yet is then
 * behind by what it has not got.
 */
void gw_fanout_leave(struct gw_client *client);

/* gw_fanout_joined is called when a client that had no view gets one. */
void gw_fanout_joined(struct gw_client *client);

/* gw_fanout_removed is called when a view has lost the member at a place. */
void gw_fanout_removed(struct gw_view *view, uint32_t place);

/* gw_fanout_stop forgets what is under way: everybody starts anew (another epoch). */
void gw_fanout_stop(struct gw_hub *hub);

/* gw_fanout_position fills the cursor of a live client. */
void gw_fanout_position(const struct gw_client *client, struct sl_cursor *cursor);

#endif
