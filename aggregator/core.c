/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

#include "common/clock.h"

void agg_core_pass(struct agg_core *core, int64_t wall_ns, int64_t mono_ns)
{
	agg_state_settle(core->state, mono_ns);
	agg_judge_pass(core->judge, wall_ns, mono_ns, false);
	agg_publish_pass(core->publish);
}

void agg_core_aggregate(struct agg_core *core)
{
	int64_t wall_ns = sl_clock_wall_ns(), mono_ns = sl_clock_mono_ns();

	agg_state_settle(core->state, mono_ns);
	if (!core->paused)
		agg_state_remember(core->state, wall_ns);
	agg_judge_pass(core->judge, wall_ns, mono_ns, true);
	agg_publish_keyframe(core->publish);
}

static void apply_pause(struct agg_core *core, bool paused)
{
	core->paused = paused;
	core->ingest.paused = paused;
	agg_judge_pause(core->judge, paused);
	agg_publish_paused(core->publish, paused);
}

int agg_core_pause(struct agg_core *core, bool paused)
{
	struct sl_slice kind = {.data = "paused", .len = 6};
	struct sl_slice body = {
	    .data = paused ? "{\"paused\":true}" : "{\"paused\":false}"};
	uint64_t seq;

	if (core->paused == paused)
		return 0;
	body.len = strlen(body.data);
	int error = agg_journal_control(core->journal, kind, body, 0, true, &seq);
	if (error != 0)
		return error;
	agg_table_flags_set(core->table, paused ? AGG_TABLE_PAUSED : 0);
	apply_pause(core, paused);
	agg_publish_control(core->publish, seq, kind, body);
	agg_publish_keyframe(core->publish);
	return 0;
}

void agg_core_resume_pause(struct agg_core *core)
{
	apply_pause(core, agg_table_flags(core->table) & AGG_TABLE_PAUSED);
}
