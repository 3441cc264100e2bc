/* SPDX-License-Identifier: Apache-2.0 */
/* What the scrape collector counts of itself, as samples of its own. */
#ifndef COL_SCRAPE_FIGURES_H
#define COL_SCRAPE_FIGURES_H

#include <stdint.h>

#include "core.h"

/* X(id, metric): counters over all targets since the start. */
#define COL_SCRAPE_FIGURE_TABLE(X)                                                       \
	X(scrapes, "scrape_scrapes")   /* that have ended */                             \
	X(failures, "scrape_failures") /* of these, without a sample taken */            \
	X(bytes, "scrape_bytes")       /* of answers, unpacked */                        \
	X(samples, "scrape_samples")   /* taken */                                       \
	X(left_out, "scrape_left_out") /* by a rule */                                   \
	X(unknown, "scrape_unknown")   /* the catalog has no such metric */              \
	X(refused, "scrape_refused")   /* labels, module, series_max, a time ahead */    \
	X(not_finite, "scrape_not_finite") /* NaN and infinities */                      \
	X(gone, "scrape_series_gone")      /* series that a target no longer had */

struct col_scrape_figures {
#define X(id, metric) uint64_t id;
	COL_SCRAPE_FIGURE_TABLE(X)
#undef X
};

/* col_scrape_figures_push writes them into the source's ring. */
void col_scrape_figures_push(
    const struct col_scrape_figures *figures, struct col_core *core);

#endif
