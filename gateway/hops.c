/* SPDX-License-Identifier: Apache-2.0 */
#include "hops.h"

static struct sl_stat *hop(struct sl_stat_set *set, const char *label)
{
	return sl_stat_register(set, SL_STAT_HISTOGRAM, "hop", "seconds",
	    "Time of a log entry between two borders of its way.", label);
}

void gw_hops_register(struct gw_hops *hops, struct sl_stat_set *set)
{
	hops->bus = hop(set, "hop=\"bus\"");
	hops->socket = hop(set, "hop=\"socket\"");
	hops->end_to_end = hop(set, "hop=\"end_to_end\"");
	hops->delivery = sl_stat_register(set, SL_STAT_HISTOGRAM, "gateway_delivery",
	    "seconds", "From the aggregator's batch to a client's socket.", NULL);
}
