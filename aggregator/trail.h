/* SPDX-License-Identifier: Apache-2.0 */
/* Where the connections of gateways stood last, for clients that come back without a
 * cursor. */
#ifndef AGG_TRAIL_H
#define AGG_TRAIL_H

#include "handler.h"

/*
 * A trail is the id of a connection and the cursor that its gateway reported
 * last.  The oldest goes when there are too many; a restart forgets all, and
 * gateways then report again those that they remember.
 */
#define AGG_TRAIL_MAX    65536u
#define AGG_TRAIL_ID     32 /* hex digits */
#define AGG_TRAIL_KEPT_S 1800

struct agg_trails;

struct agg_trails *agg_trails_new(void);
void agg_trails_free(struct agg_trails *trails);

/* agg_trails_tick drops those that nobody has reported for half an hour. */
void agg_trails_tick(struct agg_trails *trails, int64_t mono_ns);

/*
 * trails: takes a gateway's reports.  trail: gives the cursor of one; who asks
 * has the id from a sealed token that its gateway has opened.
 */
AGG_HANDLER(agg_trail_report);
AGG_HANDLER(agg_trail_find);

#endif
