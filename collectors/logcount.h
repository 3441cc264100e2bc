/* SPDX-License-Identifier: Apache-2.0 */
/* What the patterns count: totals by labels, the lines of the last minute. */
#ifndef COL_LOGCOUNT_H
#define COL_LOGCOUNT_H

#include "core.h"
#include "logrule.h"
#include "logstate.h"
#include "name_index.h"

#define COL_LOGCOUNT_SECONDS 60

/* Lines by the second, of which some are shared. */
struct col_logcount_window {
	struct {
		int64_t second; /* on the monotonic clock, plus 1; 0: never used */
		uint64_t lines, shared;
	} slot[COL_LOGCOUNT_SECONDS];
};

struct col_logcount_series {
	struct col_logrule *rule; /* NULL: its pattern is no more */
	uint64_t total;
	uint32_t handle;
	bool defined;
	bool refused;
};

/* All zeroes is empty. */
struct col_logcount {
	struct col_logcount_series *series; /* beside those of the state, by index */
	size_t series_count;
	struct sl_name_index index; /* of their keys */
	size_t series_max;
	uint64_t refused; /* lines that would have made one series too many */
	struct col_logcount_window *window;
	struct col_logrule **window_rule;
	size_t window_count;
	struct sl_buf key;
};

/*
 * col_logcount_restore begins with the totals of a state.  rules are those that
 * count; a series whose pattern is not among them keeps its place.
 */
void col_logcount_restore(struct col_logcount *count, struct col_logstate *state,
    struct col_logrule *const *rules, size_t rule_count, size_t series_max);
void col_logcount_clear(struct col_logcount *count);

/*
 * col_logcount_add counts the line that a rule matched last, in the chunk that it
 * is of.  A new series is appended to records.
 */
void col_logcount_add(struct col_logcount *count, struct col_logstate *state,
    struct col_logstate_chunk *chunk, struct col_logrule *rule, int64_t mono_ns,
    struct sl_buf *records);

/* col_logcount_window sums up the last minute. */
void col_logcount_window_sum(const struct col_logcount_window *window, int64_t mono_ns,
    uint64_t *lines, uint64_t *shared);

/* col_logcount_push writes all figures as samples. */
void col_logcount_push(struct col_logcount *count, const struct col_logstate *state,
    struct col_core *core, const struct col_tick *tick);

#endif
