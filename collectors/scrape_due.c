/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_due.h"

int64_t col_scrape_due_after(int64_t ran_ns, int64_t offset_ns, int64_t interval_ns)
{
	int64_t due_ns = ran_ns - (ran_ns - offset_ns) % interval_ns + interval_ns;

	return due_ns - ran_ns < interval_ns / 2 ? due_ns + interval_ns : due_ns;
}
