/* SPDX-License-Identifier: Apache-2.0 */
/* How long a message takes between the borders that it passes. */
#ifndef GW_HOPS_H
#define GW_HOPS_H

#include "stat.h"

/*
 * The gateway's part of the way of a log entry; the aggregator has the hops
 * "ring" and "aggregate" before (aggregator/publish.h).  All are taken from the
 * wall clock in microseconds, so that they add up to end_to_end exactly:
 *
 *	bus      the batch left the aggregator .. the gateway has read it; per entry
 *	socket   .. a client's socket was handed it; per entry and client
 *	end_to_end  the time that the entry itself names .. the same
 *
 * delivery is the time from the batch to the socket of whatever a client was
 * handed, metrics included: once for a client and flush.  What a client misses
 * and gets later, by the pump, counts in end_to_end and delivery only.
 */
struct gw_hops {
	struct sl_stat *bus;
	struct sl_stat *socket;
	struct sl_stat *end_to_end;
	struct sl_stat *delivery;
};

/* gw_hops_register adds the hops to a set. */
void gw_hops_register(struct gw_hops *hops, struct sl_stat_set *set);

#endif
