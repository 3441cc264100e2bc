/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The results are those of Prometheus, bit for bit where it is
 * reasonable: rate, increase and delta extrapolate to the edges of the range
 * as Prometheus's extrapolatedRate does, counters may reset between any two
 * samples, sums are compensated (Neumaier).
 */
#include "expr_func.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

const char *agg_expr_func_type(enum agg_expr_type type)
{
	static const char *const names[] = {"scalar", "instant vector", "range vector"};

	return names[type];
}

static double window_sum(const struct agg_expr_window *window)
{
	double sum = 0, lost = 0;

	for (size_t i = 0; i < window->count; i++) {
		double value = window->samples[i].value, next = sum + value;

		if (isinf(next))
			lost = 0;
		else if (fabs(sum) >= fabs(value))
			lost += sum - next + value;
		else
			lost += value - next + sum;
		sum = next;
	}
	return sum + lost;
}

static bool sum_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	*value = window_sum(window);
	return true;
}

static bool avg_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	*value = window_sum(window) / (double)window->count;
	if (!isinf(*value))
		return true;
	/* The sum has overflowed where the mean need not. */
	double mean = 0;
	for (size_t i = 0; i < window->count; i++)
		mean += window->samples[i].value / (double)window->count;
	*value = mean;
	return true;
}

static bool min_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	*value = window->samples[0].value;
	for (size_t i = 1; i < window->count; i++)
		if (window->samples[i].value < *value || isnan(*value))
			*value = window->samples[i].value;
	return true;
}

static bool max_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	*value = window->samples[0].value;
	for (size_t i = 1; i < window->count; i++)
		if (window->samples[i].value > *value || isnan(*value))
			*value = window->samples[i].value;
	return true;
}

static bool count_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	*value = (double)window->count;
	return true;
}

static bool last_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	*value = window->samples[window->count - 1].value;
	return true;
}

static int value_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return isnan(y) - isnan(x);
	return x < y ? -1 : x > y;
}

static bool quantile_over_time(
    const struct agg_expr_window *window, double parameter, double *value)
{
	if (isnan(parameter) || parameter < 0 || parameter > 1) {
		*value = isnan(parameter) ? NAN : parameter < 0 ? -INFINITY : INFINITY;
		return true;
	}

	double *sorted = calloc(window->count, sizeof(*sorted));
	if (!sorted)
		return false;
	for (size_t i = 0; i < window->count; i++)
		sorted[i] = window->samples[i].value;
	qsort(sorted, window->count, sizeof(*sorted), value_order);

	double rank = parameter * (double)(window->count - 1);
	size_t below = (size_t)floor(rank);
	size_t above = below + 1 < window->count ? below + 1 : below;
	double weight = rank - floor(rank);
	*value = sorted[below] * (1 - weight) + sorted[above] * weight;
	free(sorted);
	return true;
}

/*
 * How much the values grew over the whole range, from how much they grew
 * between the first and the last sample.  Towards an edge that is nearer than
 * 1.1 mean intervals the growth is taken to go on up to the edge, otherwise
 * for half an interval; a counter never below zero.
 */
static bool extrapolate(const struct agg_expr_window *window, bool counter, double *value)
{
	const struct agg_sample *first = &window->samples[0];
	const struct agg_sample *last = &window->samples[window->count - 1];

	if (window->count < 2)
		return false;
	double growth = last->value - first->value;
	for (size_t i = 1; counter && i < window->count; i++)
		if (window->samples[i].value < window->samples[i - 1].value)
			growth += window->samples[i - 1].value;

	double sampled = seconds(last->ts_ns - first->ts_ns);
	double interval = sampled / (double)(window->count - 1);
	double to_start = seconds(first->ts_ns - window->from_ns);
	double to_end = seconds(window->to_ns - last->ts_ns);
	if (to_start >= interval * 1.1)
		to_start = interval / 2;
	if (to_end >= interval * 1.1)
		to_end = interval / 2;
	if (counter && growth > 0 && first->value >= 0) {
		double to_zero = sampled * (first->value / growth);

		if (to_zero < to_start)
			to_start = to_zero;
	}
	*value = growth * ((sampled + to_start + to_end) / sampled);
	return true;
}

static bool rate(const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	if (!extrapolate(window, true, value))
		return false;
	*value /= seconds(window->to_ns - window->from_ns);
	return true;
}

static bool increase(
    const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	return extrapolate(window, true, value);
}

static bool delta(const struct agg_expr_window *window, double parameter, double *value)
{
	(void)parameter;
	return extrapolate(window, false, value);
}

/* The least-squares line through the window, read parameter seconds from now. */
static bool predict_linear(
    const struct agg_expr_window *window, double parameter, double *value)
{
	double n = (double)window->count, sum_x = 0, sum_y = 0, sum_xy = 0, sum_xx = 0;

	if (window->count < 2)
		return false;
	for (size_t i = 0; i < window->count; i++) {
		double x = seconds(window->samples[i].ts_ns - window->at_ns);
		double y = window->samples[i].value;

		sum_x += x;
		sum_y += y;
		sum_xy += x * y;
		sum_xx += x * x;
	}
	double slope = (sum_xy - sum_x * sum_y / n) / (sum_xx - sum_x * sum_x / n);
	*value = slope * parameter + sum_y / n - slope * sum_x / n;
	return true;
}

#define OVER_TIME(name)                                                                  \
	{                                                                                \
#name, AGG_FUNC_RANGE, AGG_TYPE_VECTOR, 1, {AGG_TYPE_RANGE }, name, NULL \
	}
#define MAP(name, function)                                                              \
	{                                                                                \
		name, AGG_FUNC_MAP, AGG_TYPE_VECTOR, 1, {AGG_TYPE_VECTOR}, NULL,         \
		    function                                                             \
	}

static const struct agg_expr_func functions[] = {
    OVER_TIME(avg_over_time),
    OVER_TIME(min_over_time),
    OVER_TIME(max_over_time),
    OVER_TIME(sum_over_time),
    OVER_TIME(count_over_time),
    OVER_TIME(last_over_time),
    OVER_TIME(rate),
    OVER_TIME(increase),
    OVER_TIME(delta),
    {"quantile_over_time", AGG_FUNC_RANGE, AGG_TYPE_VECTOR, 2,
	{AGG_TYPE_SCALAR, AGG_TYPE_RANGE}, quantile_over_time, NULL},
    {"predict_linear", AGG_FUNC_RANGE, AGG_TYPE_VECTOR, 2,
	{AGG_TYPE_RANGE, AGG_TYPE_SCALAR}, predict_linear, NULL},
    MAP("abs", fabs),
    MAP("ceil", ceil),
    MAP("floor", floor),
    MAP("sqrt", sqrt),
    {"absent", AGG_FUNC_ABSENT, AGG_TYPE_VECTOR, 1, {AGG_TYPE_VECTOR}, NULL, NULL},
    {"scalar", AGG_FUNC_SCALAR, AGG_TYPE_SCALAR, 1, {AGG_TYPE_VECTOR}, NULL, NULL},
    {"vector", AGG_FUNC_VECTOR, AGG_TYPE_VECTOR, 1, {AGG_TYPE_SCALAR}, NULL, NULL},
    {"time", AGG_FUNC_TIME, AGG_TYPE_SCALAR, 0, {0}, NULL, NULL},
};

const struct agg_expr_func *agg_expr_func_find(struct sl_slice name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (agg_labels_slice_equal(name, sl_slice_text(functions[i].name)))
			return &functions[i];
	return NULL;
}
