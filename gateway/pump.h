/* SPDX-License-Identifier: Apache-2.0 */
/* Writes for clients that are behind: what they miss, in sending order. */
#ifndef GW_PUMP_H
#define GW_PUMP_H

#include <stdbool.h>

#include "client.h"

/*
 * gw_pump_run writes for a client as long as its socket takes it, and makes it
 * live once it has everything.  Harmless for a live one.  It is called when a
 * socket has drained, when something was published, and when older entries
 * have come.
 */
void gw_pump_run(struct gw_client *client);

/* gw_pump_ready lets clients continue whose turn in the loop was over. */
void gw_pump_ready(struct gw_hub *hub);

/*
 * gw_pump_arrived is called when older entries have come, or cannot be had
 * (away): then those who wait are disconnected.
 */
void gw_pump_arrived(struct gw_hub *hub, bool away);

#endif
