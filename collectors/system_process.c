/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by state. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "procs.h"
#include "system.h"

static const struct {
	char letter;
	const char *name;
} states[] = {
    {'R', "running"},
    {'S', "sleeping"},
    {'D', "waiting"},
    {'I', "idle"},
    {'T', "stopped"},
    {'Z', "zombie"},
};

#define STATES (sizeof(states) / sizeof(states[0]))

struct process {
	struct col_system *system;
	struct col_procs procs;
	uint64_t count[STATES], all;
	uint32_t state[STATES];
	uint32_t processes;
};

static void *process_open(struct col_system *system)
{
	struct process *process = col_system_alloc(sizeof(*process));

	process->system = system;
	process->processes = COL_SYSTEM_UNDEFINED;
	if (col_procs_open(&process->procs) != 0)
		sl_log_warn(
		    "process", "cannot open path=/proc error=\"%s\"", strerror(errno));
	for (size_t i = 0; i < STATES; i++) {
		struct col_label label = {"state", states[i].name};
		if (col_core_gauge(system->core, "processes_state", "processes", &label,
			1, &process->state[i]) != 0)
			process->state[i] = COL_SYSTEM_UNDEFINED;
	}
	return process;
}

static void process_close(void *arg)
{
	struct process *process = arg;

	col_procs_close(&process->procs);
	free(process);
}

static bool count_process(void *arg, const struct col_parse_process *found)
{
	struct process *process = arg;

	process->all++;
	/* 't', stopped by a debugger, counts as stopped. */
	char letter = found->state == 't' ? 'T' : found->state;
	for (size_t i = 0; i < STATES; i++)
		if (states[i].letter == letter)
			process->count[i]++;
	return true;
}

static void process_run(void *arg, const struct col_tick *tick)
{
	struct process *process = arg;

	if (process->procs.dir == NULL)
		return;
	memset(process->count, 0, sizeof(process->count));
	process->all = 0;
	if (col_procs_visit(&process->procs, count_process, process) != 0)
		return;
	col_system_push(process->system, &process->processes, "processes", "processes",
	    (double)process->all, tick);
	for (size_t i = 0; i < STATES; i++)
		if (process->state[i] != COL_SYSTEM_UNDEFINED)
			col_core_push(process->system->core, process->state[i],
			    (double)process->count[i], tick);
}

const struct col_system_group col_system_process = {
    .name = "process",
    .interval_offset = offsetof(struct sl_config_system, process_interval_ms),
    .open = process_open,
    .run = process_run,
    .close = process_close,
};
