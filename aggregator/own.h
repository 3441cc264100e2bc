/* SPDX-License-Identifier: Apache-2.0 */
/* The aggregator's figures about itself: the snapshot's performance object. */
#ifndef AGG_OWN_H
#define AGG_OWN_H

#include <stdint.h>

#include "common/stat.h"
#include "state.h"

struct agg_core;

/* All zeroes before agg_own_start. */
struct agg_own {
	struct sl_stat_set *stats;
	struct sl_stat *pass; /* from draining the rings to publishing */
	struct sl_stat *hop_ring, *hop_aggregate; /* publish.h */
	struct sl_stat *samples, *dropped, *refused, *ignored, *shed;
	struct sl_stat *batches, *entries, *series, *alerts, *gateways, *sources;
	struct sl_stat *journal_bytes, *journal_syncs, *batches_dropped, *peers_refused,
	    *memory;
	int64_t pass_worst_ns; /* since the last agg_own_update */
};

/* agg_own_start registers the figures; agg_own_stop frees them. */
void agg_own_start(struct agg_own *own);
void agg_own_stop(struct agg_own *own);

/* agg_own_passed records the duration of one pass. */
void agg_own_passed(struct agg_own *own, int64_t duration_ns);

/* agg_own_update sets the metrics of tenant default; about once a second. */
void agg_own_update(struct agg_core *core);

/* agg_own_refresh brings the stats up to date before they are rendered. */
void agg_own_refresh(struct agg_core *core);

/* agg_own_memory_bytes returns the process's resident memory. */
uint64_t agg_own_memory_bytes(void);

#endif
