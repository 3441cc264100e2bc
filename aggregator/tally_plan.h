/* SPDX-License-Identifier: Apache-2.0 */
/* What each event type does to the metrics that are counted from events. */
#ifndef AGG_TALLY_PLAN_H
#define AGG_TALLY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"

/* What an event of one type does to one metric. */
struct agg_tally_effect {
	size_t place; /* of the metric among those that count events */
	const struct sl_catalog_metric *metric;
	double sign; /* of what is added to sum; 0: nothing */
	bool counts; /* it is one more in count */
};

struct agg_tally_effects {
	struct agg_tally_effect *item;
	size_t count;
};

struct agg_tally_plan {
	struct agg_tally_effects *types; /* by index of the event type */
	size_t type_count;
	size_t metric_count; /* metrics that count events */
};

/* agg_tally_plan_make works out a catalog's plan; _clear frees it. */
void agg_tally_plan_make(struct agg_tally_plan *plan, const struct sl_catalog *catalog);
void agg_tally_plan_clear(struct agg_tally_plan *plan);

/* agg_tally_plan_place returns the place of a metric that counts events. */
size_t agg_tally_plan_place(
    const struct sl_catalog *catalog, const struct sl_catalog_metric *metric);

/*
 * agg_tally_plan_meaning hashes a declaration: another one under the same name
 * counts something else.
 */
uint64_t agg_tally_plan_meaning(const struct sl_catalog_tally *tally);

#endif
