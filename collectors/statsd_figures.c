/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_figures.h"

void col_statsd_figures_push(const struct col_statsd_figures *figures,
    struct col_core *core, const struct col_tick *tick)
{
	static const struct {
		const char *metric;
		size_t offset;
	} table[] = {
#define X(member, metric) {metric, offsetof(struct col_statsd_figures, member)},
	    COL_STATSD_FIGURE_TABLE(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const uint64_t *value =
		    (const void *)((const char *)figures + table[i].offset);
		uint32_t handle;
		if (col_core_gauge(core, table[i].metric, NULL, NULL, 0, &handle) == 0)
			col_core_push(core, handle, (double)*value, tick);
	}
}
