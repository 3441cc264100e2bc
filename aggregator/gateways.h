/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateways report of themselves, every second. */
#ifndef AGG_GATEWAYS_H
#define AGG_GATEWAYS_H

#include <stddef.h>
#include <stdint.h>

#include "common/entry.h"
#include "common/json_out.h"

#define AGG_GATEWAYS_MAX 256u

struct agg_gateway {
	char name[64];
	uint32_t number;      /* below AGG_GATEWAYS_MAX; another's not before all were */
	int64_t seen_mono_ns; /* of its last report */
	uint32_t pid;
	uint32_t connections_ws;
	uint32_t connections_sse;
	uint32_t subscriptions;
	uint64_t messages;
	uint64_t bytes;
	uint64_t requests;
	uint64_t auth_failures;
	uint64_t server_errors;
	uint64_t bus_gaps;
	uint64_t rss_bytes;
	_Bool ready;
	_Bool draining;
};

/* All zeroes is empty. */
struct agg_gateways {
	struct agg_gateway gateway[AGG_GATEWAYS_MAX];
	size_t count;
	uint32_t last_number;
	/* Over all of them, also those that left, since this process began. */
	uint64_t requests;
	uint64_t auth_failures;
	uint64_t server_errors;
};

/*
 * agg_gateways_report takes one packed report.  Returns 0, what
 * sl_msg_report_read says of a malformed one, or SL_EFULL.
 */
int agg_gateways_report(
    struct agg_gateways *gateways, const void *data, size_t len, int64_t mono_ns);

/* agg_gateways_find returns the row of a name; NULL if it has not reported. */
const struct agg_gateway *agg_gateways_find(
    const struct agg_gateways *gateways, struct sl_slice name);

/* agg_gateways_tick forgets those that have been silent for ten seconds. */
void agg_gateways_tick(struct agg_gateways *gateways, int64_t mono_ns);

/* agg_gateways_subscriptions returns the live subscriptions on all of them. */
uint64_t agg_gateways_subscriptions(const struct agg_gateways *gateways);

/* agg_gateways_sessions returns the WebSockets and event streams on all of them. */
uint64_t agg_gateways_sessions(const struct agg_gateways *gateways);

/* agg_gateways_json writes the array for status. */
void agg_gateways_json(
    const struct agg_gateways *gateways, struct sl_json_out *w, int64_t mono_ns);

#endif
