/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_figures.h"

#include "clock.h"
#include "stat.h"

void col_hook_figures_render(
    const struct col_hook_figures *figures, const char *source, struct sl_buf *out)
{
	struct sl_stat_set *set = sl_stat_set_new(source);

#define X(id, metric, help)                                                              \
	sl_stat_count(sl_stat_register(set, SL_STAT_COUNTER, metric, "", help, NULL),    \
	    figures->id);
	COL_HOOK_FIGURE_TABLE(X)
#undef X
	sl_stat_render(set, out);
	sl_stat_set_free(set);
}

static void push(struct col_core *core, const char *metric, uint64_t value,
    const struct col_tick *tick)
{
	uint32_t handle;

	if (col_core_gauge(core, metric, NULL, NULL, 0, &handle) == 0)
		col_core_push(core, handle, (double)value, tick);
}

void col_hook_figures_push(const struct col_hook_figures *figures, struct col_core *core)
{
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};

#define X(id, metric, help) push(core, metric, figures->id, &tick);
	COL_HOOK_FIGURE_TABLE(X)
#undef X
	col_core_flush(core);
}
