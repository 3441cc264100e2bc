/* SPDX-License-Identifier: Apache-2.0 */
#include "quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * The bucket of a value is the top of its bits as an IEEE 754 double: exponent
 * and the six highest bits of the fraction.  They grow with the value.
 */
#define FRACTION_BITS 6
#define SHIFT         (52 - FRACTION_BITS)

/* Buckets are allocated by so many. */
#define STEP 64u

static uint32_t bucket_of(double magnitude)
{
	uint64_t bits;

	memcpy(&bits, &magnitude, sizeof(bits));
	return (uint32_t)(bits >> SHIFT);
}

static double middle_of(uint32_t bucket)
{
	uint64_t bits = (uint64_t)bucket << SHIFT | (uint64_t)1 << (SHIFT - 1);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Makes the side cover first … first + count - 1; what is below goes to the first. */
static void cover(struct col_quantile_side *side, uint32_t first, uint32_t count)
{
	double *weight = calloc(count, sizeof(*weight));

	if (weight == NULL)
		abort();
	for (uint32_t i = 0; i < side->count; i++) {
		uint32_t bucket = side->first + i;
		weight[bucket > first ? bucket - first : 0] += side->weight[i];
	}
	free(side->weight);
	side->weight = weight;
	side->first = first;
	side->count = count;
}

/* The bucket is not covered yet: grows the side by steps, but not past its bound. */
static void reach(struct col_quantile_side *side, uint32_t bucket)
{
	uint32_t first = bucket / STEP * STEP, end = first + STEP;

	if (side->count > 0 && side->first < first)
		first = side->first;
	if (side->count > 0 && side->first + side->count > end)
		end = side->first + side->count;
	if (end - first > COL_QUANTILE_BUCKETS)
		first = end - COL_QUANTILE_BUCKETS;
	if (first != side->first || end - first != side->count)
		cover(side, first, end - first);
}

static void add(struct col_quantile_side *side, double magnitude, double weight)
{
	uint32_t bucket = bucket_of(magnitude);

	if (bucket - side->first >= side->count) {
		reach(side, bucket);
		if (bucket < side->first)
			bucket = side->first;
	}
	side->weight[bucket - side->first] += weight;
}

void col_quantile_add(struct col_quantile *quantile, double value, double weight)
{
	if (quantile->count == 0 || value < quantile->min)
		quantile->min = value;
	if (quantile->count == 0 || value > quantile->max)
		quantile->max = value;
	quantile->count += weight;
	quantile->sum += value * weight;
	if (value > 0)
		add(&quantile->positive, value, weight);
	else if (value < 0)
		add(&quantile->negative, -value, weight);
	else
		quantile->zero += weight;
}

static double within(const struct col_quantile *quantile, double value)
{
	return fmin(fmax(value, quantile->min), quantile->max);
}

double col_quantile_at(const struct col_quantile *quantile, double share)
{
	const struct col_quantile_side *side = &quantile->negative;
	double left = share * quantile->count;

	if (quantile->count == 0)
		return (double)NAN;
	for (uint32_t i = side->count; i-- > 0;) {
		left -= side->weight[i];
		if (left <= 0 && side->weight[i] > 0)
			return within(quantile, -middle_of(side->first + i));
	}
	left -= quantile->zero;
	if (left <= 0 && quantile->zero > 0)
		return 0;
	side = &quantile->positive;
	for (uint32_t i = 0; i < side->count; i++) {
		left -= side->weight[i];
		if (left <= 0 && side->weight[i] > 0)
			return within(quantile, middle_of(side->first + i));
	}
	return quantile->max; /* what rounding of the weights left over */
}

void col_quantile_reset(struct col_quantile *quantile)
{
	struct col_quantile_side positive = quantile->positive,
				 negative = quantile->negative;

	if (positive.count > 0)
		memset(positive.weight, 0, positive.count * sizeof(*positive.weight));
	if (negative.count > 0)
		memset(negative.weight, 0, negative.count * sizeof(*negative.weight));
	*quantile = (struct col_quantile){.positive = positive, .negative = negative};
}

void col_quantile_clear(struct col_quantile *quantile)
{
	free(quantile->positive.weight);
	free(quantile->negative.weight);
	*quantile = (struct col_quantile){0};
}
