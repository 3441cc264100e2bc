/* SPDX-License-Identifier: Apache-2.0 */
/* What the exec collector counts, as samples of its own. */
#ifndef COL_EXEC_FIGURES_H
#define COL_EXEC_FIGURES_H

#include <stdint.h>

#include "core.h"

/* X(id, metric): each is a metric of the catalog. */
#define COL_EXEC_FIGURE_TABLE(X)                                                         \
	X(lines, "exec_lines")           /* read */                                      \
	X(events, "exec_events")         /* taken */                                     \
	X(samples, "exec_samples")       /* taken */                                     \
	X(duplicates, "exec_duplicates") /* events of an id that was taken before */     \
	X(malformed, "exec_malformed")   /* lines that cannot be read */                 \
	X(overlong, "exec_overlong")     /* lines over line_bytes_max */                 \
	X(refused, "exec_refused")       /* items that catalog or rules refuse */        \
	X(ignored, "exec_ignored")       /* values that are no number, or left out */    \
	X(starts, "exec_starts")         /* of scripts */                                \
	X(failures, "exec_failures")     /* ends that were none of ours, or in error */  \
	X(timeouts, "exec_timeouts")     /* scripts that were ended for being late */    \
	X(messages, "exec_messages")     /* lines on standard error */

struct col_exec_figures {
#define X(id, metric) uint64_t id;
	COL_EXEC_FIGURE_TABLE(X)
#undef X
};

/* col_exec_figures_push writes them into the source's ring. */
void col_exec_figures_push(const struct col_exec_figures *figures, struct col_core *core);

/*
 * col_exec_figures_up says of one script whether it runs, or whether its last run
 * went well: 1 or 0 of exec_script_up.
 */
void col_exec_figures_up(struct col_core *core, const char *script, bool up);

#endif
