/* SPDX-License-Identifier: Apache-2.0 */
/* A process's counters, gauges and latency histograms, shown as OpenMetrics. */
#ifndef SL_STAT_H
#define SL_STAT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

/*
 * A set holds the families of one process; each sample carries its label
 * process="…".  A process declares its rows in one table and registers them
 * once at start:
 *
 *	#define GW_STATS(X) \
 *		X(bytes_sent, COUNTER, "client_sent", "bytes", "Sent to clients.")
 *
 * One thread writes a given stat; any thread may read and render.  Writing is
 * a relaxed load and store (no lock prefix), a histogram's record a few ns.
 */

enum sl_stat_kind {
	SL_STAT_COUNTER,
	SL_STAT_GAUGE,
	SL_STAT_HISTOGRAM, /* of durations: recorded in ns, shown in seconds */
};

struct sl_stat_set;

/* One sample of a family (name and labels).  Lives as long as its set. */
struct sl_stat;

/*
 * sl_stat_set_new makes an empty set for the process named ("aggregator",
 * "gateway-1"); copied.  sl_stat_set_free frees it with all its stats.
 */
struct sl_stat_set *sl_stat_set_new(const char *process);
void sl_stat_set_free(struct sl_stat_set *set);

/*
 * sl_stat_register adds a stat and returns it, or the one that was registered
 * with the same name and labels.  name is without prefix, unit and "_total":
 * ("bus_published", "bytes") is shown as sightline_bus_published_bytes_total.
 * unit is "" for a plain number; a histogram's is always "seconds" (pass it).
 * labels is NULL or `key="value",…` as it is to be shown: label values from
 * outside go through sl_stat_label.  Strings are copied.  Aborts if name or
 * unit is no metric name, or one name is registered with two kinds or units:
 * both are defects.
 */
struct sl_stat *sl_stat_register(struct sl_stat_set *set, enum sl_stat_kind kind,
    const char *name, const char *unit, const char *help, const char *labels);

/* sl_stat_label appends `key="value"` with the value escaped. */
void sl_stat_label(struct sl_buf *out, const char *key, struct sl_slice value);

/* sl_stat_remove takes one stat out of its set and frees it (a gone source's). */
void sl_stat_remove(struct sl_stat_set *set, struct sl_stat *stat);

/* sl_stat_add raises a counter or gauge by n. */
void sl_stat_add(struct sl_stat *stat, uint64_t n);

/* sl_stat_count sets a counter that somebody else keeps (it must only grow). */
void sl_stat_count(struct sl_stat *stat, uint64_t total);

/* sl_stat_set_value sets a gauge. */
void sl_stat_set_value(struct sl_stat *stat, double value);

/* sl_stat_value reads a counter or gauge. */
double sl_stat_value(const struct sl_stat *stat);

/* sl_stat_record adds one duration to a histogram; negative counts as 0. */
void sl_stat_record(struct sl_stat *stat, int64_t duration_ns);

/* sl_stat_record_n adds the same duration n times. */
void sl_stat_record_n(struct sl_stat *stat, int64_t duration_ns, uint64_t n);

/*
 * sl_stat_quantile returns the duration in ns below which the share q (0..1)
 * of what was recorded lies, at most 6.25 % too high; 0 if nothing was.
 */
int64_t sl_stat_quantile(const struct sl_stat *stat, double q);

/* sl_stat_recorded and _sum return how many durations were recorded and their sum in ns.
 */
uint64_t sl_stat_recorded(const struct sl_stat *stat);
int64_t sl_stat_sum(const struct sl_stat *stat);

/* sl_stat_render appends the whole set as OpenMetrics text with its "# EOF". */
void sl_stat_render(const struct sl_stat_set *set, struct sl_buf *out);

/*
 * sl_stat_merge appends one OpenMetrics text made of several: a family that is
 * in more than one is declared once (by the first) with the samples of all.
 * Lines that belong to no family of their text are left out.  Pure.
 */
void sl_stat_merge(struct sl_buf *out, const struct sl_slice *texts, size_t count);

/* The media type of the text. */
#define SL_STAT_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

#endif
