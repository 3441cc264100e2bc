/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose answer has to wait until a gateway has done something. */
#ifndef AGG_LATER_H
#define AGG_LATER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/msg.h"

#define AGG_LATER_MAX 1024

/* Who may say that it is not the one: numbers below it. */
#define AGG_LATER_PEERS 256u

/* All zeroes is empty; nothing to free. */
struct agg_later {
	struct agg_later_request {
		char id[SL_MSG_REQUEST_ID + 1]; /* "": the place is free */
		struct sl_bus_route route;
		int64_t mono_ns;                       /* since when it waits */
		uint64_t absent[AGG_LATER_PEERS / 64]; /* who is not the one */
	} request[AGG_LATER_MAX];
	size_t count;
};

/*
 * agg_later_add lets a request wait under its id.  One that waits already was
 * sent again on a new connection: the answer then goes there (1).  Returns 0,
 * 1, SL_EINVAL without an id, or SL_EFULL.
 */
int agg_later_add(struct agg_later *later, struct sl_slice id, struct sl_bus_route route,
    int64_t mono_ns);

/* agg_later_take ends the waiting of a request; false if none has this id. */
bool agg_later_take(
    struct agg_later *later, struct sl_slice id, struct sl_bus_route *route);

/* agg_later_absent notes who has not got what a request is about; if it still waits. */
void agg_later_absent(struct agg_later *later, struct sl_slice id, uint32_t peer);
bool agg_later_is_absent(const struct agg_later_request *request, uint32_t peer);

/*
 * agg_later_expire ends the waiting of all that have waited for longer than
 * wait_ns, and gives each to fn, which must not add any.
 */
void agg_later_expire(struct agg_later *later, int64_t mono_ns, int64_t wait_ns,
    void (*fn)(void *arg, const struct agg_later_request *request), void *arg);

#endif
