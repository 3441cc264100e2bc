/* SPDX-License-Identifier: Apache-2.0 */
/* Where connections stand, told to the aggregator for those who come back without a
 * cursor. */
#ifndef GW_TRAIL_H
#define GW_TRAIL_H

#include <stdbool.h>

#include "client.h"
#include "gateway.h"

struct gw_trail;
struct gw_trails;

/* Trails of gone connections that a gateway remembers by itself. */
#define GW_TRAIL_GONE_MAX 4096

struct gw_trails *gw_trails_new(struct gateway *gw);

/* gw_trails_free frees all; their clients must be gone. */
void gw_trails_free(struct gw_trails *trails);

/*
 * gw_trail_begin begins to report a client that stands at a cursor; gw_trail_end
 * is due when it goes (NULL: nothing).
 */
struct gw_trail *gw_trail_begin(
    struct gw_trails *trails, struct gw_client *client, const struct sl_cursor *at);
void gw_trail_end(struct gw_trail *trail);

/*
 * gw_trails_tick, called every second, looks where the clients stand and reports
 * those that have moved.  gw_trails_again reports all with the next tick, because
 * the aggregator may have forgotten them.
 */
void gw_trails_tick(struct gw_trails *trails);
void gw_trails_again(struct gw_trails *trails);

/* gw_trail_find finds where a connection of this gateway stood; false if it had none. */
bool gw_trail_find(
    const struct gw_trails *trails, const uint8_t id[GW_CLIENT_ID], struct sl_cursor *at);

/* gw_trail_id writes an id as the aggregator knows it: 32 hex digits and NUL. */
#define GW_TRAIL_ID_TEXT 33
void gw_trail_id(const uint8_t id[GW_CLIENT_ID], char out[GW_TRAIL_ID_TEXT]);

#endif
