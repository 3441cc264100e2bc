/* SPDX-License-Identifier: Apache-2.0 */
/* What the log collector counts of itself: samples of its own. */
#ifndef COL_LOGFIGURES_H
#define COL_LOGFIGURES_H

#include <stdint.h>

#include "core.h"

/* X(id, metric): each is a metric of the catalog. */
#define COL_LOGFIGURE_TABLE(X)                                                           \
	X(files, "log_files")                                                            \
	X(lines, "log_lines")                                                            \
	X(bytes, "log_bytes")                                                            \
	X(events, "log_events")                                                          \
	X(refused, "log_refused")                                                        \
	X(too_long, "log_lines_cut")                                                     \
	X(limited, "log_matches_limited")                                                \
	X(series_refused, "log_series_refused")                                          \
	X(unreadable, "log_unreadable")                                                  \
	X(truncated, "log_truncated")                                                    \
	X(gaps, "log_gaps")

struct col_logfigures {
#define X(id, metric) uint64_t id;
	COL_LOGFIGURE_TABLE(X)
#undef X
};

/* col_logfigures_push writes them into the source's ring. */
void col_logfigures_push(const struct col_logfigures *figures, struct col_core *core,
    const struct col_tick *tick);

#endif
