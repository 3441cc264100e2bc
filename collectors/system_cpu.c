/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time by mode and core, load, context switches, uptime. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "parse_stat.h"
#include "procfile.h"
#include "rate.h"
#include "system.h"

/* Past this many cores the modes of each core are left out: 8 series per core. */
#define CORE_MODES_MAX 64

static const char *const mode_name[COL_MODE_COUNT] = {
#define X(id, name) [id] = (name),
    COL_PARSE_MODE_TABLE(X)
#undef X
};

struct core_series {
	bool defined;
	uint32_t usage;
	uint32_t mode[COL_MODE_COUNT];
};

struct cpu {
	struct col_system *system;
	struct col_procfile stat, load, uptime;
	struct col_parse_stat now, before;
	int64_t before_ns; /* monotonic; 0: nothing before */
	uint32_t mode[COL_MODE_COUNT];
	struct core_series core[COL_PARSE_CORES_MAX];
	uint32_t usage, switches, forks, running, blocked;
	uint32_t load_1m, load_5m, load_15m, threads, up;
};

static void *cpu_open(struct col_system *system)
{
	struct cpu *cpu = col_system_alloc(sizeof(*cpu));

	cpu->system = system;
	cpu->stat = (struct col_procfile)COL_PROCFILE("/proc/stat");
	cpu->load = (struct col_procfile)COL_PROCFILE("/proc/loadavg");
	cpu->uptime = (struct col_procfile)COL_PROCFILE("/proc/uptime");
	cpu->usage = cpu->switches = cpu->forks = COL_SYSTEM_UNDEFINED;
	cpu->running = cpu->blocked = cpu->threads = cpu->up = COL_SYSTEM_UNDEFINED;
	cpu->load_1m = cpu->load_5m = cpu->load_15m = COL_SYSTEM_UNDEFINED;
	for (int i = 0; i < COL_MODE_COUNT; i++) {
		struct col_label label = {"mode", mode_name[i]};
		if (col_core_gauge(system->core, "cpu_mode", "percent", &label, 1,
			&cpu->mode[i]) != 0)
			cpu->mode[i] = COL_SYSTEM_UNDEFINED;
	}
	return cpu;
}

static void cpu_close(void *arg)
{
	struct cpu *cpu = arg;

	col_procfile_close(&cpu->stat);
	col_procfile_close(&cpu->load);
	col_procfile_close(&cpu->uptime);
	free(cpu);
}

/*
 * Writes each mode's share in percent of the time between two readings and
 * returns the busy share: all but idle and iowait.  False if no time passed.
 */
static bool shares(const struct col_cpu_times *before, const struct col_cpu_times *now,
    double share[COL_MODE_COUNT], double *busy)
{
	uint64_t step[COL_MODE_COUNT], total = 0;

	for (int i = 0; i < COL_MODE_COUNT; i++) {
		step[i] = col_rate_step(before->ticks[i], now->ticks[i]);
		total += step[i];
	}
	if (total == 0)
		return false;
	for (int i = 0; i < COL_MODE_COUNT; i++)
		share[i] = 100.0 * (double)step[i] / (double)total;
	*busy = 100.0 * (double)(total - step[COL_MODE_IDLE] - step[COL_MODE_IOWAIT]) /
		(double)total;
	return true;
}

static bool define_core(struct cpu *cpu, unsigned number, bool with_modes)
{
	struct core_series *series = &cpu->core[number];
	struct col_core *core = cpu->system->core;
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	struct col_label labels[2] = {{"core", text}, {"mode", ""}};
	if (col_core_gauge(
		core, "cpu_core_usage", "percent", labels, 1, &series->usage) != 0)
		return false;
	for (int i = 0; with_modes && i < COL_MODE_COUNT; i++) {
		labels[1].value = mode_name[i];
		if (col_core_gauge(core, "cpu_core_mode", "percent", labels, 2,
			&series->mode[i]) != 0)
			return false;
	}
	return true;
}

static void push_core(struct cpu *cpu, unsigned number, const struct col_tick *tick)
{
	struct core_series *series = &cpu->core[number];
	bool with_modes = cpu->now.cores <= CORE_MODES_MAX;
	double share[COL_MODE_COUNT], busy;

	if (!cpu->now.present[number] || !cpu->before.present[number] ||
	    !shares(&cpu->before.core[number], &cpu->now.core[number], share, &busy))
		return;
	if (!series->defined)
		series->defined = define_core(cpu, number, with_modes);
	if (!series->defined)
		return;
	col_core_push(cpu->system->core, series->usage, busy, tick);
	for (int i = 0; with_modes && i < COL_MODE_COUNT; i++)
		col_core_push(cpu->system->core, series->mode[i], share[i], tick);
}

static void push_rate(struct cpu *cpu, uint32_t *handle, const char *metric,
    uint64_t before, uint64_t now, const struct col_tick *tick)
{
	double elapsed_s = (double)(tick->mono_ns - cpu->before_ns) / (double)SL_NS_PER_S;

	if (elapsed_s > 0)
		col_system_push(cpu->system, handle, metric, "per_second",
		    (double)col_rate_step(before, now) / elapsed_s, tick);
}

static void push_times(struct cpu *cpu, const struct col_tick *tick)
{
	double share[COL_MODE_COUNT], busy;

	if (shares(&cpu->before.all, &cpu->now.all, share, &busy)) {
		col_system_push(
		    cpu->system, &cpu->usage, "cpu_usage", "percent", busy, tick);
		for (int i = 0; i < COL_MODE_COUNT; i++)
			if (cpu->mode[i] != COL_SYSTEM_UNDEFINED)
				col_core_push(
				    cpu->system->core, cpu->mode[i], share[i], tick);
	}
	for (unsigned i = 0; i < cpu->now.cores; i++)
		push_core(cpu, i, tick);
	push_rate(cpu, &cpu->switches, "context_switches_per_second",
	    cpu->before.context_switches, cpu->now.context_switches, tick);
	push_rate(cpu, &cpu->forks, "forks_per_second", cpu->before.forks, cpu->now.forks,
	    tick);
}

static void read_stat(struct cpu *cpu, const struct col_tick *tick)
{
	struct sl_slice text;

	if (col_procfile_read(&cpu->stat, &cpu->system->text, &text) != 0)
		return;
	if (col_parse_stat(text, &cpu->now) != 0) {
		col_procfile_reject(&cpu->stat);
		return;
	}
	if (cpu->before_ns != 0)
		push_times(cpu, tick);
	col_system_push(cpu->system, &cpu->running, "processes_running", "processes",
	    (double)cpu->now.running, tick);
	col_system_push(cpu->system, &cpu->blocked, "processes_blocked", "processes",
	    (double)cpu->now.blocked, tick);
	cpu->before = cpu->now;
	cpu->before_ns = tick->mono_ns;
}

static void read_load(struct cpu *cpu, const struct col_tick *tick)
{
	struct col_system *system = cpu->system;
	struct col_parse_load load;
	struct sl_slice text;

	if (col_procfile_read(&cpu->load, &system->text, &text) != 0)
		return;
	if (col_parse_load(text, &load) != 0) {
		col_procfile_reject(&cpu->load);
		return;
	}
	col_system_push(system, &cpu->load_1m, "load_1m", "", load.load_1m, tick);
	col_system_push(system, &cpu->load_5m, "load_5m", "", load.load_5m, tick);
	col_system_push(system, &cpu->load_15m, "load_15m", "", load.load_15m, tick);
	col_system_push(
	    system, &cpu->threads, "threads", "threads", (double)load.threads, tick);
}

static void cpu_run(void *arg, const struct col_tick *tick)
{
	struct cpu *cpu = arg;
	struct sl_slice text;
	double seconds;

	read_stat(cpu, tick);
	read_load(cpu, tick);
	if (col_procfile_read(&cpu->uptime, &cpu->system->text, &text) != 0)
		return;
	if (col_parse_uptime(text, &seconds) == 0)
		col_system_push(
		    cpu->system, &cpu->up, "uptime_seconds", "seconds", seconds, tick);
	else
		col_procfile_reject(&cpu->uptime);
}

const struct col_system_group col_system_cpu = {
    .name = "cpu",
    .interval_offset = offsetof(struct sl_config_system, cpu_interval_ms),
    .open = cpu_open,
    .run = cpu_run,
    .close = cpu_close,
};
