/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of the newest events: one that comes again is not taken again. */
#ifndef AGG_DEDUP_H
#define AGG_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/entry.h"
#include "common/uuid.h"

/*
 * A window of the last n ids, each within its tenant.  Whoever sends an event
 * again, by whatever way and source, after an answer was lost, gives it the
 * same id.  The nil id stands for none and is never known.
 */
struct agg_dedup;

/* agg_dedup_new makes an empty window; NULL for size 0: nothing is ever known. */
struct agg_dedup *agg_dedup_new(size_t size);
void agg_dedup_free(struct agg_dedup *dedup);

/* agg_dedup_known tells whether the id is in the window; dedup may be NULL. */
bool agg_dedup_known(const struct agg_dedup *dedup, struct sl_slice tenant,
    const uint8_t id[SL_UUID_BYTES]);

/* agg_dedup_add puts an id that is not known in place of the oldest one. */
void agg_dedup_add(
    struct agg_dedup *dedup, struct sl_slice tenant, const uint8_t id[SL_UUID_BYTES]);

struct agg_journal;

/*
 * agg_dedup_restore fills the window from the newest entries of the journal, as
 * it was before a restart.  Returns how many ids it found.
 */
size_t agg_dedup_restore(struct agg_dedup *dedup, struct agg_journal *journal);

#endif
