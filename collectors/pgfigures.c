/* SPDX-License-Identifier: Apache-2.0 */
#include "pgfigures.h"

#include "clock.h"

void col_pgfigures_push(
    const struct col_pgchange *change, const struct col_pgslot *slot, bool streaming)
{
	const struct {
		const char *metric, *unit;
		double value;
	} figures[] = {
	    {"postgres_streaming", "", streaming},
	    {"postgres_changes", "changes", (double)change->changes},
	    {"postgres_events", "events", (double)change->events},
	    {"postgres_repeated", "changes", (double)change->repeated},
	    {"postgres_refused", "changes", (double)change->refused},
	    {"postgres_query_failures", "queries",
		(double)col_pgquery_failures(change->queries)},
	    {"postgres_slot_lag_bytes", "bytes", slot->lag_bytes},
	    {"postgres_slot_safe_bytes", "bytes", slot->safe_bytes},
	};
	struct col_tick tick = {sl_clock_wall_ns(), sl_clock_mono_ns()};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		uint32_t handle;
		if (col_core_gauge(change->core, figures[i].metric, figures[i].unit, NULL,
			0, &handle) == 0)
			col_core_push(change->core, handle, figures[i].value, &tick);
	}
	col_core_flush(change->core);
}
