/* SPDX-License-Identifier: Apache-2.0 */
/* How the values of several series become one scalar. */
#ifndef AGG_FOLD_H
#define AGG_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"

/* Part of the series of a metric: those added so far.  All zeroes is none. */
struct agg_fold_sum {
	double value;
	int64_t ts_ns; /* of the newest */
	size_t count;
};

/* The fresh series decide; where none is fresh, all that were ever fed. */
struct agg_fold {
	struct agg_fold_sum fresh;
	struct agg_fold_sum stale;
};

/* agg_fold_add adds the value of one series that was fed. */
void agg_fold_add(struct agg_fold *fold, enum sl_aggregate how, double value,
    int64_t ts_ns, bool fresh);

/*
 * agg_fold_end gives the scalar and the time of its newest value; *stale says
 * that no series is fresh.  Returns false if nothing was added.
 */
bool agg_fold_end(const struct agg_fold *fold, enum sl_aggregate how, double *value,
    int64_t *ts_ns, bool *stale);

#endif
