/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a batch into the ring, whole or not at all, and knows what is durable. */
#ifndef COL_GIVE_H
#define COL_GIVE_H

#include "batch.h"
#include "core.h"
#include "seen.h"

/*
 * Events are numbered 1, 2, … in a generation: that is their position.  A
 * generation is greater than whatever the aggregator has of this source, so it
 * begins only after the first acceptance; before that nothing is taken.
 */
struct col_give;

/* col_give_new works on a source and a memory of ids, which outlive it. */
struct col_give *col_give_new(struct col_core *core, struct col_seen *ids);
void col_give_free(struct col_give *give);

/* col_give_begin: an aggregator has accepted the source.  Again is harmless. */
void col_give_begin(struct col_give *give);

struct col_give_taken {
	size_t events;
	size_t duplicates; /* of an id that was taken before */
	size_t samples;
	size_t left_out; /* samples of a lenient batch; its error says why */
	uint64_t number; /* of the newest event among them, duplicates included; or 0 */
};

/*
 * col_give_batch takes a batch.  series_max bounds what samples may define.
 * Never waits.  Errors: SL_EAGAIN (no aggregator has accepted yet), SL_EFULL
 * (the ring, now), SL_ETOOBIG (never), SL_EINVAL (too many series); then
 * nothing was taken, and batch->error says why.
 */
int col_give_batch(struct col_give *give, struct col_batch *batch, size_t series_max,
    struct col_give_taken *taken);

/* col_give_is_durable says whether the event of a number is synced to disk. */
bool col_give_is_durable(const struct col_give *give, uint64_t number);

#endif
