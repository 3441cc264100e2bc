/* SPDX-License-Identifier: Apache-2.0 */
/* The share of good outcomes over the last 24 hours, by the minute.  Pure. */
#ifndef COL_WINDOW_H
#define COL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define COL_WINDOW_MINUTES (24 * 60)

/* All zeroes is an empty window. */
struct col_window {
	struct {
		int64_t minute; /* number on the monotonic clock, plus 1; 0: never used */
		uint32_t good;
		uint32_t all;
	} slot[COL_WINDOW_MINUTES];
	uint64_t good, all; /* over all slots */
};

/* col_window_add counts an outcome at a time of the monotonic clock, which never steps
 * back. */
void col_window_add(struct col_window *window, int64_t mono_ns, bool good);

/* col_window_percent gives the share of good ones; false while there are none at all. */
bool col_window_percent(struct col_window *window, int64_t mono_ns, double *percent);

#endif
