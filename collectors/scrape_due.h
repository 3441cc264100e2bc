/* SPDX-License-Identifier: Apache-2.0 */
/* When a target is scraped next.  Pure. */
#ifndef COL_SCRAPE_DUE_H
#define COL_SCRAPE_DUE_H

#include <stdint.h>

/*
 * col_scrape_due_after says when a target is due that was scraped at ran_ns: at
 * offset_ns (less than the interval) in a whole multiple of the interval, and at
 * least half an interval later.  All on the monotonic clock.
 */
int64_t col_scrape_due_after(int64_t ran_ns, int64_t offset_ns, int64_t interval_ns);

#endif
