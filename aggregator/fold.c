/* SPDX-License-Identifier: Apache-2.0 */
#include "fold.h"

#include <math.h>

static void add(
    struct agg_fold_sum *sum, enum sl_aggregate how, double value, int64_t ts_ns)
{
	bool first = sum->count++ == 0;
	bool newest = first || ts_ns >= sum->ts_ns;

	if (newest)
		sum->ts_ns = ts_ns;
	if (first) {
		sum->value = value;
		return;
	}
	switch (how) {
	case SL_AGGREGATE_SUM:
	case SL_AGGREGATE_AVG:
		sum->value += value;
		break;
	case SL_AGGREGATE_MIN:
		sum->value = fmin(sum->value, value);
		break;
	case SL_AGGREGATE_MAX:
		sum->value = fmax(sum->value, value);
		break;
	case SL_AGGREGATE_LAST:
		if (newest)
			sum->value = value;
		break;
	case SL_AGGREGATE_COUNT:
		break;
	}
}

void agg_fold_add(
    struct agg_fold *fold, enum sl_aggregate how, double value, int64_t ts_ns, bool fresh)
{
	add(fresh ? &fold->fresh : &fold->stale, how, value, ts_ns);
}

bool agg_fold_end(const struct agg_fold *fold, enum sl_aggregate how, double *value,
    int64_t *ts_ns, bool *stale)
{
	const struct agg_fold_sum *sum = fold->fresh.count ? &fold->fresh : &fold->stale;

	if (sum->count == 0)
		return false;
	*value = sum->value;
	if (how == SL_AGGREGATE_AVG)
		*value /= (double)sum->count;
	else if (how == SL_AGGREGATE_COUNT)
		*value = (double)sum->count;
	*ts_ns = sum->ts_ns;
	*stale = sum == &fold->stale;
	return true;
}
