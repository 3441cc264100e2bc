/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections each user has on all gateways together. */
#ifndef AGG_PLACES_H
#define AGG_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/entry.h"

/*
 * A gateway claims places for a user's connections and gets as many as the
 * user's limit leaves over from what the other gateways have (msg.h says how
 * claims and grants work).  What a gateway has hangs on its lease: it ends with
 * the gateway's connection to the bus, or after two seconds without a claim.
 * All of it is in memory: after a restart the gateways claim again what they
 * hold, and for the first moments nothing more is granted, so that nobody gets
 * a place that is still to be claimed.
 */
struct agg_places;

/*
 * Asks all gateways to end a connection because another one of its user takes
 * over its place; id has SL_MSG_CONNECTION_ID bytes.
 */
typedef void agg_places_cut(
    void *arg, const char *tenant, const char *sub, const char *id);

/* agg_places_new makes an empty set; mono_ns begins the first moments. */
struct agg_places *agg_places_new(int64_t mono_ns, agg_places_cut *cut, void *arg);
void agg_places_free(struct agg_places *places);

/*
 * agg_places_claim answers the claims of a peer of the bus with the grants for
 * out (emptied first).  Returns 0 or what sl_msg_claims_read says of a malformed
 * message, which changes nothing.
 */
int agg_places_claim(struct agg_places *places, uint32_t peer, struct sl_slice claims,
    int64_t mono_ns, struct sl_buf *out);

/* agg_places_gone ends the lease of a peer whose connection is over, if it has one. */
void agg_places_gone(struct agg_places *places, uint32_t peer);

/* agg_places_tick ends the leases of the silent; about once a second. */
void agg_places_tick(struct agg_places *places, int64_t mono_ns);

struct agg_places_stats {
	uint64_t granted;  /* connections let in */
	uint64_t refused;  /* connections over their user's limit */
	uint64_t replaced; /* connections asked to make room */
	uint64_t lapsed;   /* leases of gateways that fell silent */
	size_t users;      /* now, with a connection anywhere */
};
const struct agg_places_stats *agg_places_stats(const struct agg_places *places);

#endif
