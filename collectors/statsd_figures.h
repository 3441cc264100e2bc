/* SPDX-License-Identifier: Apache-2.0 */
/* What the StatsD collector counts of itself, as samples of its own. */
#ifndef COL_STATSD_FIGURES_H
#define COL_STATSD_FIGURES_H

#include <stdint.h>

#include "core.h"

/*
 * X(member, metric): each is a counter of the catalog.  A metric is a value: a
 * line with three values is three.  What was sent is
 *   metrics + malformed + unknown + denied + left_out + overflow
 * and, of datagrams, datagrams + dropped.
 */
#define COL_STATSD_FIGURE_TABLE(X)                                                       \
	X(datagrams, "statsd_datagrams") /* read */                                      \
	X(dropped, "statsd_dropped")     /* datagrams that the kernel had no room for */ \
	X(bytes, "statsd_bytes")         /* of datagrams and streams */                  \
	X(metrics, "statsd_metrics")     /* taken */                                     \
	X(malformed, "statsd_malformed") /* no line, or no number */                     \
	X(unknown, "statsd_unknown")     /* of no metric that the catalog has */         \
	X(denied, "statsd_denied")       /* of a module that is not the source's */      \
	X(left_out, "statsd_left_out")   /* by a rule */                                 \
	X(overflow, "statsd_overflow")   /* would be one more than series_max */         \
	X(events, "statsd_events")       /* and service checks: given on */              \
	X(events_lost, "statsd_events_lost") /* refused, or the ring was full */         \
	X(turned_away, "statsd_turned_away") /* connections over connections_max */      \
	X(series, "statsd_series")           /* there are now */

struct col_statsd_figures {
#define X(member, metric) uint64_t member;
	COL_STATSD_FIGURE_TABLE(X)
#undef X
};

/* col_statsd_figures_push writes them into the source's ring. */
void col_statsd_figures_push(const struct col_statsd_figures *figures,
    struct col_core *core, const struct col_tick *tick);

#endif
