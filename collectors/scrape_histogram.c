/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The bucket of a bound, made where it is new; NULL past the limit. */
static struct col_scrape_bucket *find_bucket(
    struct col_scrape_histogram *histogram, double bound)
{
	size_t low = 0, high = histogram->bucket_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (histogram->bucket[middle].bound < bound)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < histogram->bucket_count && histogram->bucket[low].bound == bound)
		return &histogram->bucket[low];
	if (histogram->bucket_count == COL_SCRAPE_BUCKETS_MAX)
		return NULL;
	histogram->bucket = reallocarray(
	    histogram->bucket, histogram->bucket_count + 1, sizeof(*histogram->bucket));
	if (histogram->bucket == NULL)
		abort();
	memmove(&histogram->bucket[low + 1], &histogram->bucket[low],
	    (histogram->bucket_count++ - low) * sizeof(*histogram->bucket));
	histogram->bucket[low] = (struct col_scrape_bucket){.bound = bound};
	return &histogram->bucket[low];
}

void col_scrape_histogram_add(struct col_scrape_histogram *histogram,
    enum col_scrape_part part, double bound, double grown)
{
	histogram->touched = true;
	if (part == COL_SCRAPE_PART_SUM) {
		histogram->sum += grown;
	} else if (part == COL_SCRAPE_PART_COUNT) {
		histogram->count += grown;
	} else if (!isnan(bound)) {
		struct col_scrape_bucket *bucket = find_bucket(histogram, bound);
		if (bucket != NULL)
			bucket->grown += grown;
	}
}

double col_scrape_histogram_quantile(
    const struct col_scrape_histogram *histogram, double share)
{
	const struct col_scrape_bucket *bucket = histogram->bucket;
	size_t n = histogram->bucket_count, at = 0;
	double below = 0, upto = 0;

	/* Without a bucket of all there is nothing to take the share of. */
	if (n < 2 || bucket[n - 1].bound != INFINITY || !(bucket[n - 1].grown > 0))
		return NAN;
	double rank = share * bucket[n - 1].grown;
	for (; at < n - 1; at++) {
		/* Counts of a moment may be of slightly different moments. */
		upto = fmax(bucket[at].grown, below);
		if (upto >= rank)
			break;
		below = upto;
	}
	if (at == n - 1)
		return bucket[n - 2].bound;
	double high = bucket[at].bound, low = at > 0 ? bucket[at - 1].bound : 0;
	if ((at == 0 && high <= 0) || upto <= below)
		return high;
	return low + (high - low) * (rank - below) / (upto - below);
}

void col_scrape_histogram_reset(struct col_scrape_histogram *histogram)
{
	histogram->touched = false;
	histogram->sum = histogram->count = 0;
	for (size_t i = 0; i < histogram->bucket_count; i++)
		histogram->bucket[i].grown = 0;
}

void col_scrape_histogram_clear(struct col_scrape_histogram *histogram)
{
	free(histogram->bucket);
	histogram->bucket = NULL;
	histogram->bucket_count = 0;
}
