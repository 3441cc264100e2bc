/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "table.h"

/*
 * A fixed array of counters, emptied each second.  Two addresses can share a
 * counter; the hash is keyed, so nobody can choose whom to share one with, and
 * 65,536 counters make it rare.
 */
#define GW_LIMIT_COUNTERS 65536u

struct gw_limit {
	int64_t second;
	uint32_t count[GW_LIMIT_COUNTERS];
};

struct gw_limit *gw_limit_new(void)
{
	struct gw_limit *limit = calloc(1, sizeof *limit);

	if (!limit)
		abort();
	return limit;
}

void gw_limit_free(struct gw_limit *limit)
{
	free(limit);
}

bool gw_limit_connect(struct gw_limit *limit, const struct sl_addr *peer,
    uint32_t per_second, int64_t now_ns)
{
	if (limit->second != now_ns / SL_NS_PER_S) {
		limit->second = now_ns / SL_NS_PER_S;
		memset(limit->count, 0, sizeof limit->count);
	}
	/* One host of IPv6 has a whole /64 to itself. */
	size_t len = peer->family == SL_ADDR_V6 ? 8 : sizeof peer->ip;
	uint64_t hash = gw_table_hash(peer->family, peer->ip, len);
	return ++limit->count[hash % GW_LIMIT_COUNTERS] <= per_second;
}
