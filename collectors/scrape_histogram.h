/* SPDX-License-Identifier: Apache-2.0 */
/* What came to a histogram between two scrapes: its mean and quantiles. */
#ifndef COL_SCRAPE_HISTOGRAM_H
#define COL_SCRAPE_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Buckets that are told apart; further ones are left out. */
#define COL_SCRAPE_BUCKETS_MAX 256

/* X(suffix, share): quantiles, for metrics of the same name with this behind it. */
#define COL_SCRAPE_QUANTILE_TABLE(X)                                                     \
	X("_p50", 0.5)                                                                   \
	X("_p75", 0.75)                                                                  \
	X("_p90", 0.9)                                                                   \
	X("_p95", 0.95)                                                                  \
	X("_p99", 0.99)                                                                  \
	X("_p999", 0.999)

#define COL_SCRAPE_QUANTILES 6

enum col_scrape_part {
	COL_SCRAPE_PART_BUCKET,
	COL_SCRAPE_PART_SUM,  /* of what was observed */
	COL_SCRAPE_PART_COUNT /* of observations */
};

struct col_scrape_bucket {
	double bound; /* "le" */
	double grown; /* of observations up to it */
};

/*
 * Several histograms of a target become one where a rule takes off what tells
 * them apart: growths add up, totals would not.  Owned by its user; all zeroes
 * but for the handles is an empty one.
 */
struct col_scrape_histogram {
	uint32_t mean;                           /* handle */
	uint32_t quantile[COL_SCRAPE_QUANTILES]; /* handles */
	bool wanted[COL_SCRAPE_QUANTILES];       /* which of them there are */
	double factor;
	double sum, count;                /* grown */
	bool touched;                     /* something was added */
	struct col_scrape_bucket *bucket; /* in the order of their bounds */
	size_t bucket_count;
	struct col_scrape_histogram *next;
};

/*
 * col_scrape_histogram_add adds the growth of a part; bound is that of a bucket.
 */
void col_scrape_histogram_add(struct col_scrape_histogram *histogram,
    enum col_scrape_part part, double bound, double grown);

/*
 * col_scrape_histogram_quantile estimates the value below which a share of what
 * was added lies, as Prometheus' histogram_quantile does: evenly spread within a
 * bucket, and the highest bound there is for what lies above all.  NaN if
 * nothing came or no bucket has it all.
 */
double col_scrape_histogram_quantile(
    const struct col_scrape_histogram *histogram, double share);

/* col_scrape_histogram_reset forgets what was added, _clear its buckets, too. */
void col_scrape_histogram_reset(struct col_scrape_histogram *histogram);
void col_scrape_histogram_clear(struct col_scrape_histogram *histogram);

#endif
