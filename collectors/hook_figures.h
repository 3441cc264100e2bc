/* SPDX-License-Identifier: Apache-2.0 */
/* What the webhook collector counts: on /metrics, and as samples of its own. */
#ifndef COL_HOOK_FIGURES_H
#define COL_HOOK_FIGURES_H

#include <stdint.h>

#include "buf.h"
#include "core.h"

/* X(id, metric, help): each is a metric of the catalog, too. */
#define COL_HOOK_FIGURE_TABLE(X)                                                         \
	X(requests, "webhook_requests", "Requests that brought something.")              \
	X(events, "webhook_events", "Events taken.")                                     \
	X(samples, "webhook_samples", "Samples taken.")                                  \
	X(duplicates, "webhook_duplicates", "Events of an id that was taken before.")    \
	X(ignored, "webhook_ignored", "Items of no type that the catalog has.")          \
	X(denied, "webhook_denied", "Requests with a wrong or no secret or signature.")  \
	X(replayed, "webhook_replayed", "Signed deliveries that came again.")            \
	X(malformed, "webhook_malformed", "Requests whose body cannot be read.")         \
	X(refused, "webhook_refused", "Requests with an item that the rules refuse.")    \
	X(busy, "webhook_busy", "Requests put off: ring full, or no aggregator.")        \
	X(limited, "webhook_limited", "Beacons over the rate of an address.")            \
	X(turned_away, "webhook_turned_away", "Connections over connections_max.")

struct col_hook_figures {
#define X(id, metric, help) uint64_t id;
	COL_HOOK_FIGURE_TABLE(X)
#undef X
};

/* col_hook_figures_render appends the counters as OpenMetrics text. */
void col_hook_figures_render(
    const struct col_hook_figures *figures, const char *source, struct sl_buf *out);

/* col_hook_figures_push writes them into the source's ring. */
void col_hook_figures_push(const struct col_hook_figures *figures, struct col_core *core);

#endif
