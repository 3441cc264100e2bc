/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of each client, in few bytes. */
#ifndef GW_TALLY_H
#define GW_TALLY_H

#include <stdint.h>

#include "client.h"

/*
 * gw_tally_sent counts messages that a client was handed, latency_us after the
 * aggregator had published them (negative: not known).
 */
void gw_tally_sent(struct gw_client *client, uint32_t messages, int64_t latency_us);

/*
 * gw_tally_resumed notes that a client came with a cursor, and GW_RESUMED_GAP that
 * it could not have everything since; each counts once for a client.
 */
void gw_tally_resumed(struct gw_client *client, enum gw_resumed resumed);

/* gw_tally_latency_us is the latency of what it was handed last; 9 % too low at most. */
uint32_t gw_tally_latency_us(const struct gw_client *client);

/* gw_tally_age_ms is for how long the client has been there. */
int64_t gw_tally_age_ms(const struct gw_client *client, int64_t wall_ns);

#endif
