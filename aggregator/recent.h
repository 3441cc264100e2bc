/* SPDX-License-Identifier: Apache-2.0 */
/* The short memory of series: ten minutes at one second, for expressions. */
#ifndef AGG_RECENT_H
#define AGG_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "expr_eval.h"
#include "labels.h"

/*
 * Only series whose metric somebody wants are remembered; a push to any other
 * handle costs a compare.  One sample per second is kept, the last of it.
 */
struct agg_recent;

struct agg_recent_options {
	size_t samples_per_series; /* 0: 1000 (bufferSizePerSource) */
	size_t total_bytes;        /* all samples together; 0: 16 MiB */
	int64_t span_ns;           /* 0: 10 minutes */
	int64_t resolution_ns;     /* 0: 1 second */
};

struct agg_recent_stats {
	size_t series;
	size_t bytes;         /* held by samples */
	uint64_t late;        /* dropped: older than the newest of their series */
	uint64_t overwritten; /* lost before their time because memory was full */
};

/* The handle of a series that nobody reads. */
#define AGG_RECENT_NONE UINT32_MAX

/* agg_recent_new makes an empty memory; options may be NULL. */
struct agg_recent *agg_recent_new(const struct agg_recent_options *options);
void agg_recent_free(struct agg_recent *recent);

/*
 * agg_recent_want says that expressions read a metric, of every tenant.  Call
 * it before the series of that metric are opened.
 */
void agg_recent_want(struct agg_recent *recent, const char *metric);

/*
 * agg_recent_open returns the handle of a series, the same one for the same
 * tenant, metric and labels; AGG_RECENT_NONE if nobody wants the metric.
 * Copies its arguments.  labels may be NULL.
 */
uint32_t agg_recent_open(struct agg_recent *recent, const char *tenant,
    const char *metric, const struct agg_labels *labels);

/*
 * agg_recent_push remembers a sample.  A few ns; allocates only while a series
 * grows to its size.  Samples must not be older than the newest of the series
 * (dropped and counted); one of the same second replaces it.  NaN says that the
 * series has no value any more: until the next sample selectors pass it over,
 * and ranges never hold it.
 */
void agg_recent_push(
    struct agg_recent *recent, uint32_t handle, int64_t ts_ns, double value);

/*
 * agg_recent_source fills *source with the series of one tenant.  tenant must
 * live as long as the source is used; no push in between an evaluation.
 */
struct agg_recent_view {
	struct agg_recent *recent;
	const char *tenant;
};
void agg_recent_source(struct agg_recent_view *view, struct agg_expr_source *source);

/* agg_recent_stats reads the counters. */
void agg_recent_stats(const struct agg_recent *recent, struct agg_recent_stats *stats);

#endif
