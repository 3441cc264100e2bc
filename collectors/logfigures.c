/* SPDX-License-Identifier: Apache-2.0 */
#include "logfigures.h"

static void push(struct col_core *core, const char *metric, uint64_t value,
    const struct col_tick *tick)
{
	uint32_t handle;

	if (col_core_gauge(core, metric, NULL, NULL, 0, &handle) == 0)
		col_core_push(core, handle, (double)value, tick);
}

void col_logfigures_push(const struct col_logfigures *figures, struct col_core *core,
    const struct col_tick *tick)
{
#define X(id, metric) push(core, metric, figures->id, tick);
	COL_LOGFIGURE_TABLE(X)
#undef X
}
