/* SPDX-License-Identifier: Apache-2.0 */
#include "tally_window.h"

#include <math.h>

#include "common/clock.h"
#include "common/zone.h"
#include "event.h"

#define SLICES     60
#define QUARTER_NS (900 * SL_NS_PER_S)

struct total {
	double count, sum;
};

int64_t agg_tally_window_width(const struct sl_catalog_tally *tally)
{
	if (tally->over_ms == SL_TALLY_ALWAYS)
		return INT64_MAX;
	if (tally->over_ms == SL_TALLY_TODAY)
		return QUARTER_NS;
	return tally->over_ms * SL_NS_PER_MS / SLICES;
}

struct agg_tally_bucket *agg_tally_window_bucket(struct agg_tally_block *block,
    int64_t time_ns, int64_t now_ns, int64_t *period, bool *fresh)
{
	*period = time_ns < 0 ? 0 : time_ns / block->width_ns;
	struct agg_tally_bucket *bucket = &block->bucket[*period % AGG_TALLY_BUCKETS];
	int64_t newest = (now_ns + AGG_EVENT_FUTURE_NS) / block->width_ns;
	if (bucket->period > *period && bucket->period <= newest)
		return NULL;
	*fresh = bucket->period != *period;
	return bucket;
}

/* Adds the share of one period. */
static void add(struct total *total, const struct agg_tally_block *block, int64_t period,
    double share)
{
	const struct agg_tally_bucket *bucket =
	    &block->bucket[(uint64_t)period % AGG_TALLY_BUCKETS];

	if (period < 0 || bucket->period != period)
		return;
	total->count += share * (double)bucket->count;
	total->sum += share * bucket->sum;
}

/* All periods from first to last, the latter inclusive. */
static struct total sum(const struct agg_tally_block *block, int64_t first, int64_t last)
{
	struct total total = {0};

	for (int64_t period = first; period <= last; period++)
		add(&total, block, period, 1.0);
	return total;
}

/* The present window, which for now ends with a bucket that is not full. */
static struct total present(const struct sl_catalog_tally *tally,
    const struct agg_tally_block *block, int64_t now_ns)
{
	int64_t last = now_ns / block->width_ns;

	if (tally->over_ms == SL_TALLY_TODAY)
		return sum(block, sl_zone_day_start(now_ns, 0) / block->width_ns, last);
	return sum(
	    block, tally->over_ms == SL_TALLY_ALWAYS ? last : last - SLICES + 1, last);
}

/* As much of the window before it; of its last bucket the same part. */
static struct total former(const struct sl_catalog_tally *tally,
    const struct agg_tally_block *block, int64_t now_ns)
{
	int64_t end_ns = now_ns - SLICES * block->width_ns, first;
	struct total total;

	if (tally->over_ms == SL_TALLY_TODAY) {
		end_ns = sl_zone_same_time(now_ns, -1);
		first = sl_zone_day_start(now_ns, -1) / block->width_ns;
	} else {
		first = end_ns / block->width_ns - SLICES + 1;
	}
	int64_t last = end_ns / block->width_ns;
	total = sum(block, first, last - 1);
	add(&total, block, last,
	    (double)(end_ns % block->width_ns) / (double)block->width_ns);
	return total;
}

double agg_tally_window_value(const struct sl_catalog_tally *tally,
    const struct agg_tally_block *block, int64_t now_ns)
{
	struct total now = present(tally, block, now_ns), before;

	switch (tally->kind) {
	case SL_TALLY_COUNT:
	case SL_TALLY_SUM:
		return now.sum;
	case SL_TALLY_AVG:
		return now.count > 0 ? now.sum / now.count : NAN;
	case SL_TALLY_SHARE:
		return now.count > 0 ? 100.0 * now.sum / now.count : NAN;
	case SL_TALLY_GROWTH:
		before = former(tally, block, now_ns);
		return before.sum > 0 ? 100.0 * (now.sum - before.sum) / before.sum : NAN;
	}
	return NAN;
}
