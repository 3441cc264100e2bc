/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes to all clients what has come since the last time. */
#ifndef GW_FANOUT_H
#define GW_FANOUT_H

#include "hub.h"

/*
 * gw_fanout_flush hands the window's new entries and the mirror's changes to
 * every client: filtered and rendered once per view, one write per client.
 * Never blocks: a client whose socket is full falls behind.
 */
void gw_fanout_flush(struct gw_hub *hub);

#endif
