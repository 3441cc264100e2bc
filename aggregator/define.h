/* SPDX-License-Identifier: Apache-2.0 */
/* The definitions of a source: from handles of its ring to series of the state. */
#ifndef AGG_DEFINE_H
#define AGG_DEFINE_H

#include "source.h"

/*
 * agg_define_learn reads definitions until handle is known or there is none of
 * that number; those that the catalog or the source's rights do not allow are
 * refused.  False if the turn's share (ingest->defs_left) is used up first.
 */
bool agg_define_learn(struct agg_ingest *ingest, struct agg_source *source,
    uint32_t handle, int64_t mono_ns);

/* agg_define_series returns the series of a handle; NULL: unknown or refused. */
static inline struct agg_series *agg_define_series(
    const struct agg_source *source, uint32_t handle)
{
	return handle < source->series_count ? source->series[handle] : NULL;
}

#endif
