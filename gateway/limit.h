/* SPDX-License-Identifier: Apache-2.0 */
/* How often an address may connect. */
#ifndef GW_LIMIT_H
#define GW_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct gw_limit;

struct gw_limit *gw_limit_new(void);
void gw_limit_free(struct gw_limit *limit);

/*
 * gw_limit_connect counts a connection of an address (of IPv6, its /64); false
 * when it has made more than per_second in the current second.  What it remembers is
 * bounded: it knows the addresses of the current second only.
 */
bool gw_limit_connect(struct gw_limit *limit, const struct sl_addr *peer,
    uint32_t per_second, int64_t now_ns);

#endif
