/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_figures.h"

#include "clock.h"

static void push(struct col_core *core, const char *metric, uint64_t value,
    const struct col_tick *tick)
{
	uint32_t handle;

	if (col_core_gauge(core, metric, NULL, NULL, 0, &handle) == 0)
		col_core_push(core, handle, (double)value, tick);
}

void col_scrape_figures_push(
    const struct col_scrape_figures *figures, struct col_core *core)
{
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};

#define X(id, metric) push(core, metric, figures->id, &tick);
	COL_SCRAPE_FIGURE_TABLE(X)
#undef X
	col_core_flush(core);
}
