/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and swap. */
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "parse_memory.h"
#include "procfile.h"
#include "rate.h"
#include "system.h"

struct memory {
	struct col_system *system;
	struct col_procfile meminfo, vmstat;
	struct col_parse_vmstat before;
	int64_t before_ns; /* monotonic; 0: nothing before */
	double page_bytes;
	uint32_t usage, total, available, cached, dirty, committed, swap_usage, swap_used;
	uint32_t swap_in, swap_out, faults, major_faults, oom_kills;
};

static void *memory_open(struct col_system *system)
{
	struct memory *memory = col_system_alloc(sizeof(*memory));

	memory->system = system;
	memory->meminfo = (struct col_procfile)COL_PROCFILE("/proc/meminfo");
	memory->vmstat = (struct col_procfile)COL_PROCFILE("/proc/vmstat");
	memory->page_bytes = (double)sysconf(_SC_PAGESIZE);
	memory->usage = memory->total = memory->available = COL_SYSTEM_UNDEFINED;
	memory->cached = memory->dirty = memory->committed = COL_SYSTEM_UNDEFINED;
	memory->swap_usage = memory->swap_used = COL_SYSTEM_UNDEFINED;
	memory->swap_in = memory->swap_out = memory->faults = COL_SYSTEM_UNDEFINED;
	memory->major_faults = memory->oom_kills = COL_SYSTEM_UNDEFINED;
	return memory;
}

static void memory_close(void *arg)
{
	struct memory *memory = arg;

	col_procfile_close(&memory->meminfo);
	col_procfile_close(&memory->vmstat);
	free(memory);
}

static void read_meminfo(struct memory *memory, const struct col_tick *tick)
{
	struct col_system *system = memory->system;
	struct col_parse_memory now;
	struct sl_slice text;

	if (col_procfile_read(&memory->meminfo, &system->text, &text) != 0)
		return;
	if (col_parse_memory(text, &now) != 0) {
		col_procfile_reject(&memory->meminfo);
		return;
	}
	uint64_t used = now.total_bytes - now.available_bytes;
	uint64_t swap_used = now.swap_total_bytes - now.swap_free_bytes;
	col_system_push(system, &memory->usage, "memory_usage", "percent",
	    100.0 * (double)used / (double)now.total_bytes, tick);
	col_system_push(system, &memory->total, "memory_total_bytes", "bytes",
	    (double)now.total_bytes, tick);
	col_system_push(system, &memory->available, "memory_available_bytes", "bytes",
	    (double)now.available_bytes, tick);
	col_system_push(system, &memory->cached, "memory_cached_bytes", "bytes",
	    (double)(now.cached_bytes + now.buffers_bytes), tick);
	col_system_push(system, &memory->dirty, "memory_dirty_bytes", "bytes",
	    (double)(now.dirty_bytes + now.writeback_bytes), tick);
	col_system_push(system, &memory->committed, "memory_committed_bytes", "bytes",
	    (double)now.committed_bytes, tick);
	/* A machine without swap uses none of it. */
	col_system_push(system, &memory->swap_usage, "swap_usage", "percent",
	    now.swap_total_bytes == 0
		? 0.0
		: 100.0 * (double)swap_used / (double)now.swap_total_bytes,
	    tick);
	col_system_push(system, &memory->swap_used, "swap_used_bytes", "bytes",
	    (double)swap_used, tick);
}

static void read_vmstat(struct memory *memory, const struct col_tick *tick)
{
	struct col_system *system = memory->system;
	const struct col_parse_vmstat *before = &memory->before;
	struct col_parse_vmstat now;
	struct sl_slice text;

	if (col_procfile_read(&memory->vmstat, &system->text, &text) != 0)
		return;
	if (col_parse_vmstat(text, &now) != 0) {
		col_procfile_reject(&memory->vmstat);
		return;
	}
	double elapsed_s =
	    (double)(tick->mono_ns - memory->before_ns) / (double)SL_NS_PER_S;
	if (memory->before_ns != 0 && elapsed_s > 0) {
		col_system_push(system, &memory->swap_in, "swap_in_bytes_per_second",
		    "bytes_per_second",
		    (double)col_rate_step(before->swap_in_pages, now.swap_in_pages) *
			memory->page_bytes / elapsed_s,
		    tick);
		col_system_push(system, &memory->swap_out, "swap_out_bytes_per_second",
		    "bytes_per_second",
		    (double)col_rate_step(before->swap_out_pages, now.swap_out_pages) *
			memory->page_bytes / elapsed_s,
		    tick);
		col_system_push(system, &memory->faults, "page_faults_per_second",
		    "per_second",
		    (double)col_rate_step(before->faults, now.faults) / elapsed_s, tick);
		col_system_push(system, &memory->major_faults, "major_faults_per_second",
		    "per_second",
		    (double)col_rate_step(before->major_faults, now.major_faults) /
			elapsed_s,
		    tick);
	}
	col_system_push(system, &memory->oom_kills, "oom_kills", "processes",
	    (double)now.oom_kills, tick);
	memory->before = now;
	memory->before_ns = tick->mono_ns;
}

static void memory_run(void *arg, const struct col_tick *tick)
{
	struct memory *memory = arg;

	read_meminfo(memory, tick);
	read_vmstat(memory, tick);
}

const struct col_system_group col_system_memory = {
    .name = "memory",
    .interval_offset = offsetof(struct sl_config_system, memory_interval_ms),
    .open = memory_open,
    .run = memory_run,
    .close = memory_close,
};
