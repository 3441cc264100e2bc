/* SPDX-License-Identifier: Apache-2.0 */
/* A StatsD timer: its values between two flushes, and what is told of them. */
#ifndef COL_STATSD_TIMER_H
#define COL_STATSD_TIMER_H

#include "core.h"
#include "mapping.h"

/* What a timer may be as one number; each but the chosen one is a sibling. */
#define COL_STATSD_STATISTIC_TABLE(X)                                                    \
	X(MEAN, "mean")                                                                  \
	X(MIN, "min")                                                                    \
	X(MAX, "max")                                                                    \
	X(SUM, "sum")                                                                    \
	X(COUNT, "count")                                                                \
	X(P50, "p50")                                                                    \
	X(P75, "p75")                                                                    \
	X(P90, "p90")                                                                    \
	X(P95, "p95")                                                                    \
	X(P99, "p99")                                                                    \
	X(P999, "p999")

struct col_statsd_timer;

/*
 * col_statsd_timer_new makes one whose statistic own goes to a handle, the
 * others to those siblings of its metric that the catalog has.  Freed with
 * col_statsd_timer_free, which ignores NULL.
 */
struct col_statsd_timer *col_statsd_timer_new(struct col_core *core, const char *own,
    uint32_t handle, const struct col_mapping *mapping, const struct col_mapped *mapped);
void col_statsd_timer_free(struct col_statsd_timer *timer);

/*
 * col_statsd_timer_add adds a value so many times; false if a double cannot hold
 * the sum any more, then nothing has changed.
 */
bool col_statsd_timer_add(struct col_statsd_timer *timer, double value, double weight);

/*
 * col_statsd_timer_flush pushes a sample of each statistic, values times factor,
 * of what came in so many seconds, and forgets it; nothing if nothing came.
 */
void col_statsd_timer_flush(struct col_statsd_timer *timer, struct col_core *core,
    double factor, double elapsed_s, const struct col_tick *tick);

#endif
