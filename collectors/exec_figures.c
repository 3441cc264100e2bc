/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_figures.h"

#include "clock.h"

static void push(struct col_core *core, const char *metric, const struct col_label *label,
    size_t label_count, double value)
{
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};
	uint32_t handle;

	if (col_core_gauge(core, metric, NULL, label, label_count, &handle) == 0)
		col_core_push(core, handle, value, &tick);
}

void col_exec_figures_push(const struct col_exec_figures *figures, struct col_core *core)
{
#define X(id, metric) push(core, metric, NULL, 0, (double)figures->id);
	COL_EXEC_FIGURE_TABLE(X)
#undef X
	col_core_flush(core);
}

void col_exec_figures_up(struct col_core *core, const char *script, bool up)
{
	push(core, "exec_script_up", &(struct col_label){"script", script}, 1, up);
	col_core_flush(core);
}
