/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

#include "clock.h"

#define MINUTE_NS (60 * SL_NS_PER_S)

/* Takes a slot out of the sums. */
static void forget(struct col_window *window, int i)
{
	window->good -= window->slot[i].good;
	window->all -= window->slot[i].all;
	window->slot[i].good = window->slot[i].all = 0;
	window->slot[i].minute = 0;
}

void col_window_add(struct col_window *window, int64_t mono_ns, bool good)
{
	int64_t minute = mono_ns / MINUTE_NS;
	int i = (int)(minute % COL_WINDOW_MINUTES);

	if (window->slot[i].minute != minute + 1) {
		forget(window, i);
		window->slot[i].minute = minute + 1;
	}
	window->slot[i].good += good;
	window->slot[i].all++;
	window->good += good;
	window->all++;
}

bool col_window_percent(struct col_window *window, int64_t mono_ns, double *percent)
{
	int64_t oldest = mono_ns / MINUTE_NS - COL_WINDOW_MINUTES + 1;

	/* Slots that no probe has written over since: pauses of over a day are rare. */
	for (int i = 0; i < COL_WINDOW_MINUTES; i++)
		if (window->slot[i].minute != 0 && window->slot[i].minute - 1 < oldest)
			forget(window, i);
	if (window->all == 0)
		return false;
	*percent = 100.0 * (double)window->good / (double)window->all;
	return true;
}
