/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles of a stream of values in bounded memory. */
#ifndef COL_QUANTILE_H
#define COL_QUANTILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Values are counted in buckets that are 1/64 of their power of two wide, so a
 * quantile is off by at most 0.8 % of its value, whatever the distribution;
 * count, sum, min and max are exact.  Each sign has at most
 * COL_QUANTILE_BUCKETS buckets, 16 powers of two: of values that lie further
 * apart the ones nearest to zero are counted as the smallest that are kept, so
 * that the high quantiles stay right.  8 KiB at most for each sign.
 */
#define COL_QUANTILE_BUCKETS 1024

struct col_quantile_side {
	double *weight;
	uint32_t first; /* bucket of weight[0] */
	uint32_t count;
};

/* All zeroes has no values. */
struct col_quantile {
	double count, sum, min, max; /* of everything that was added */
	double zero;                 /* weight of zeroes */
	struct col_quantile_side positive, negative;
};

/* col_quantile_add counts a finite value with a positive weight: 1 / sample rate. */
void col_quantile_add(struct col_quantile *quantile, double value, double weight);

/*
 * col_quantile_at returns the value below or at which a share (0 to 1) of the
 * weight lies; NaN without values.
 */
double col_quantile_at(const struct col_quantile *quantile, double share);

/* col_quantile_reset forgets the values and keeps memory, _clear frees that. */
void col_quantile_reset(struct col_quantile *quantile);
void col_quantile_clear(struct col_quantile *quantile);

#endif
