/* SPDX-License-Identifier: Apache-2.0 */
/* Runs groups of readings at their intervals, within a share of a core. */
#ifndef COL_SCHEDULE_H
#define COL_SCHEDULE_H

#include <stdint.h>

#include "core.h"
#include "loop.h"

/*
 * Groups are due at whole multiples of their interval on the monotonic clock,
 * so that groups of equal intervals share one wake-up, and at least half an
 * interval apart, so that no rate is taken over a moment.  A turn that comes
 * late is run once, never caught up.
 *
 * A group whose reading costs CPU time c rests for at least
 * COL_SCHEDULE_REST × c, whatever its interval: watching a machine with very
 * many processes or sockets becomes coarser and never costs more than
 * 1 / COL_SCHEDULE_REST of a core per group.
 */
#define COL_SCHEDULE_REST 400

struct col_schedule;

typedef void col_schedule_fn(void *arg, const struct col_tick *tick);

/*
 * col_schedule_new makes an empty schedule on a loop; done is called after
 * each turn in which a group ran.  Freed with col_schedule_free.
 */
struct col_schedule *col_schedule_new(
    struct event_base *loop, void (*done)(void *arg), void *arg);
void col_schedule_free(struct col_schedule *schedule);

/*
 * col_schedule_add adds a group and gives its number: 0, 1, …  name is for
 * log lines and stays the caller's; interval_ms 0 turns it off.
 */
unsigned col_schedule_add(struct col_schedule *schedule, const char *name,
    int64_t interval_ms, col_schedule_fn *run, void *arg);

/* col_schedule_set changes a group's interval; 0 turns it off. */
void col_schedule_set(struct col_schedule *schedule, unsigned group, int64_t interval_ms);

/*
 * col_schedule_next says when a group is due that ran at ran_ns for cost_ns
 * of CPU time: the rule above, pure.  All on the monotonic clock.
 */
int64_t col_schedule_next(int64_t ran_ns, int64_t cost_ns, int64_t interval_ns);

#endif
