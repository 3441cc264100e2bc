/* SPDX-License-Identifier: Apache-2.0 */
/* Rates of counters that wrap and start anew.  Pure. */
#ifndef COL_RATE_H
#define COL_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * col_rate_delta gives how far a counter came from before to after.  A
 * counter of 32 bits that wrapped (it was in its last quarter and is now in
 * its first) is followed; any other step back means that it started anew,
 * and false.
 */
static inline bool col_rate_delta(uint64_t before, uint64_t after, uint64_t *delta)
{
	const uint64_t wrap = UINT64_C(1) << 32;

	if (after < before) {
		if (before >= wrap || before < wrap / 4 * 3 || after >= wrap / 4)
			return false;
		after += wrap;
	}
	*delta = after - before;
	return true;
}

/*
 * col_rate_step is the same for counters of 64 bits that may step back a
 * little, as the kernel's iowait does: then it did not move.
 */
static inline uint64_t col_rate_step(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

#endif
