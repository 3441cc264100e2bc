/* SPDX-License-Identifier: Apache-2.0 */
/* Passes over the rings: which source has its turn when. */
#ifndef AGG_DRAIN_H
#define AGG_DRAIN_H

#include "sources.h"

/* agg_drain_start makes the events of a set; false without memory. */
bool agg_drain_start(struct agg_sources *sources);

/* agg_drain_stop frees them. */
void agg_drain_stop(struct agg_sources *sources);

/* agg_drain_wake says that a source may have something to read. */
void agg_drain_wake(struct agg_sources *sources, struct agg_source *source);

/* agg_drain_forget takes a source out of the passes to come. Not within a pass. */
void agg_drain_forget(struct agg_sources *sources, struct agg_source *source);

#endif
