/* SPDX-License-Identifier: Apache-2.0 */
/* The series of a StatsD collector and what came of each since the last flush. */
#ifndef COL_STATSD_SERIES_H
#define COL_STATSD_SERIES_H

#include "core.h"
#include "mapping.h"
#include "statsd_parse.h"

/*
 * A series is a kind of StatsD, a metric of the catalog with its labels, and how
 * its values become one.  There are at most so many as its maker says, and none
 * is ever given up: each has used its place among the ring's definitions.
 */
struct col_statsd_series;

/*
 * col_statsd_series_new: own names the statistic that a timer's own metric has
 * (statsd_timer.h).
 */
struct col_statsd_series *col_statsd_series_new(struct col_core *core, const char *own);
void col_statsd_series_free(struct col_statsd_series *series);

/* col_statsd_series_count returns how many there are. */
size_t col_statsd_series_count(const struct col_statsd_series *series);

/*
 * col_statsd_series_get gives the number of a series, which it makes at the
 * first call.  Returns 0, or SL_EFULL (there are max already, or the ring has
 * no room for one more definition).
 */
int col_statsd_series_get(struct col_statsd_series *series,
    const struct col_mapping *mapping, enum col_statsd_kind kind,
    const struct col_mapped *mapped, size_t max, uint32_t *number);

/*
 * col_statsd_series_add adds a value to a counter, gauge or timer, _member a
 * member to a set.  A relative gauge that was never set starts at 0.  False if
 * a double cannot hold what it would make; then nothing has changed.
 */
bool col_statsd_series_add(struct col_statsd_series *series, uint32_t number,
    const struct col_statsd_value *value, double rate);
void col_statsd_series_member(
    struct col_statsd_series *series, uint32_t number, struct sl_slice member);

/*
 * col_statsd_series_flush writes a sample of each series for the time since the
 * last flush: counters, gauges and sets also where nothing came, until nothing
 * has come for idle_ns; timers only where something did.
 */
void col_statsd_series_flush(
    struct col_statsd_series *series, const struct col_tick *tick, int64_t idle_ns);

#endif
