/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_timer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantile.h"

enum statistic {
#define X(id, name) STATISTIC_##id,
	COL_STATSD_STATISTIC_TABLE(X)
#undef X
	    STATISTIC_COUNT_OF
};

static const char *const statistic_name[] = {
#define X(id, name) name,
    COL_STATSD_STATISTIC_TABLE(X)
#undef X
};

/* Shares of the statistics from STATISTIC_P50 on. */
static const double share[] = {0.5, 0.75, 0.9, 0.95, 0.99, 0.999};

/* Where one statistic goes. */
struct output {
	enum statistic statistic;
	enum col_mapping_counter counter; /* of a count */
	uint32_t handle;
};

struct col_statsd_timer {
	struct col_quantile values; /* since the last flush */
	double total;               /* how many ever came */
	size_t count;
	struct output output[STATISTIC_COUNT_OF];
};

static void add_output(struct col_statsd_timer *timer, unsigned statistic,
    enum col_mapping_counter counter, uint32_t handle)
{
	timer->output[timer->count++] =
	    (struct output){(enum statistic)statistic, counter, handle};
}

static void add_sibling(struct col_statsd_timer *timer, struct col_core *core,
    unsigned statistic, const struct col_mapping *mapping,
    const struct col_mapped *mapped)
{
	char suffix[16] = "_";
	uint32_t handle;

	strcat(suffix, statistic_name[statistic]);
	const struct sl_catalog_metric *sibling =
	    col_mapping_sibling(mapping, mapped->metric, suffix);
	if (sibling != NULL && col_core_gauge(core, sibling->name,
				   *sibling->unit != '\0' ? sibling->unit : NULL,
				   mapped->label, mapped->label_count, &handle) == 0)
		add_output(timer, statistic,
		    sibling->kind == SL_METRIC_COUNTER ? COL_MAPPING_TOTAL
						       : COL_MAPPING_RATE,
		    handle);
}

struct col_statsd_timer *col_statsd_timer_new(struct col_core *core, const char *own,
    uint32_t handle, const struct col_mapping *mapping, const struct col_mapped *mapped)
{
	struct col_statsd_timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		abort();
	for (unsigned i = 0; i < STATISTIC_COUNT_OF; i++)
		if (strcmp(statistic_name[i], own) == 0)
			add_output(timer, i, mapped->counter, handle);
		else
			add_sibling(timer, core, i, mapping, mapped);
	return timer;
}

void col_statsd_timer_free(struct col_statsd_timer *timer)
{
	if (timer == NULL)
		return;
	col_quantile_clear(&timer->values);
	free(timer);
}

bool col_statsd_timer_add(struct col_statsd_timer *timer, double value, double weight)
{
	if (!isfinite(timer->values.sum + value * weight))
		return false;
	col_quantile_add(&timer->values, value, weight);
	return true;
}

static double value_of(const struct col_statsd_timer *timer, const struct output *output,
    double factor, double elapsed_s)
{
	const struct col_quantile *values = &timer->values;

	switch (output->statistic) {
	case STATISTIC_MEAN:
		return values->sum / values->count * factor;
	case STATISTIC_MIN:
		return values->min * factor;
	case STATISTIC_MAX:
		return values->max * factor;
	case STATISTIC_SUM:
		return values->sum * factor;
	case STATISTIC_COUNT:
		return col_mapping_counted(
		    output->counter, values->count, timer->total, elapsed_s);
	default:
		return factor *
		       col_quantile_at(values, share[output->statistic - STATISTIC_P50]);
	}
}

void col_statsd_timer_flush(struct col_statsd_timer *timer, struct col_core *core,
    double factor, double elapsed_s, const struct col_tick *tick)
{
	if (timer->values.count == 0)
		return;
	timer->total += timer->values.count;
	for (size_t i = 0; i < timer->count; i++)
		col_core_push(core, timer->output[i].handle,
		    value_of(timer, &timer->output[i], factor, elapsed_s), tick);
	col_quantile_reset(&timer->values);
}
