/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's own counters, for /metrics and for its report. */
#ifndef GW_METRICS_H
#define GW_METRICS_H

#include "buf.h"
#include "gateway.h"

struct gw_metrics;

struct gw_metrics *gw_metrics_new(const char *process);
void gw_metrics_free(struct gw_metrics *metrics);

/* gw_metrics_hops returns the histograms that the hub records in. */
struct gw_hops *gw_metrics_hops(struct gw_metrics *metrics);

/* gw_metrics_render brings the counters up to date and appends OpenMetrics text. */
void gw_metrics_render(struct gateway *gw, struct sl_buf *out);

/* gw_metrics_report tells the aggregator what this gateway does. */
void gw_metrics_report(struct gateway *gw);

#endif
