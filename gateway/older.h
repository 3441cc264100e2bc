/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds the hub's replay from the aggregator: pages for clients that resume. */
#ifndef GW_OLDER_H
#define GW_OLDER_H

#include "ask.h"
#include "hub.h"

struct gw_older;

/* gw_older_new makes the hub's replay; gw_older_free ends it. */
struct gw_older *gw_older_new(struct gw_hub *hub);
void gw_older_free(struct gw_older *older);

/* gw_older_start gives it the asking side (borrowed). */
void gw_older_start(struct gw_older *older, struct gw_ask *ask);

/*
 * gw_older_tick, called from the loop now and then, tells those who wait for a
 * page that could not even be asked for.
 */
void gw_older_tick(struct gw_older *older);

#endif
