/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one event from its ring into the journal, or out of it. */
#ifndef AGG_INTAKE_H
#define AGG_INTAKE_H

#include "source.h"

/*
 * agg_intake_event judges the event that the source's ring reader has just
 * passed and journals it.  In this order it is ignored (its position is in the
 * journal already, or its id in the window), refused (agg_event_check), shed
 * (over the rate_limit of its type), or waits (over the source's rate, or the
 * journal is full).  Each but the last is counted once.  Returns 0, or SL_EAGAIN
 * if it has to stay in its ring for now.
 */
int agg_intake_event(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_ring_event *event, int64_t wall_ns, int64_t mono_ns);

#endif
