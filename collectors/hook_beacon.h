/* SPDX-License-Identifier: Apache-2.0 */
/* Browsers have no secret: which pages may send, and how much an address may. */
#ifndef COL_HOOK_BEACON_H
#define COL_HOOK_BEACON_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "config.h"
#include "entry.h"

/*
 * A fixed table of budgets; addresses that share a place share its budget, so
 * memory stays bounded however many there are.
 */
#define COL_HOOK_BEACON_PLACES 4096

/* A beacon's body is small; a batch belongs into a backend. */
#define COL_HOOK_BEACON_BYTES_MAX 16384

struct col_hook_beacon;

struct col_hook_beacon *col_hook_beacon_new(void);
void col_hook_beacon_free(struct col_hook_beacon *beacon);

/* col_hook_beacon_allows says whether an Origin is in the list. */
bool col_hook_beacon_allows(const struct sl_names *origins, struct sl_slice origin);

/*
 * col_hook_beacon_spend takes events from an address's budget of rate per
 * second and four times as many at once; false, and nothing taken, if it has
 * not so much.  now_ns is the monotonic clock.
 */
bool col_hook_beacon_spend(struct col_hook_beacon *beacon, const struct sl_addr *peer,
    size_t events, int64_t rate, int64_t now_ns);

#endif
