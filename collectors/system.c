/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "error.h"
#include "log.h"
#include "source.h"

static const struct col_system_group *const groups[] = {
    &col_system_cpu,
    &col_system_memory,
    &col_system_pressure,
    &col_system_disk,
    &col_system_filesystem,
    &col_system_network,
    &col_system_tcp,
    &col_system_process,
    &col_system_cgroup,
    &col_system_temperature,
    &col_system_probe,
    &col_system_service,
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

void *col_system_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		abort();
	return memory;
}

void col_system_push(struct col_system *system, uint32_t *handle, const char *metric,
    const char *unit, double value, const struct col_tick *tick)
{
	if (*handle == COL_SYSTEM_UNDEFINED &&
	    col_core_gauge(system->core, metric, unit, NULL, 0, handle) != 0) {
		*handle = COL_SYSTEM_UNDEFINED;
		return;
	}
	col_core_push(system->core, *handle, value, tick);
}

static int64_t interval_ms(
    const struct col_system *system, const struct col_system_group *group)
{
	const struct sl_config_collector *section = col_core_section(system->core);
	const char *options = (const char *)&section->system;

	return *(const int64_t *)(const void *)(options + group->interval_offset);
}

static void on_turn_done(void *arg)
{
	struct col_system *system = arg;

	col_core_flush(system->core);
}

/* The sandbox is closed once: pid files that a later SIGHUP names are found in /run only.
 */
static void confine_pidfiles(const struct sl_process *process, struct sl_confine *out)
{
	struct col_system *system = process->state;
	const struct sl_config_collector *section = col_source_section(process);
	size_t dirs = 0;

	for (size_t i = 0; section != NULL && i < section->service_count; i++) {
		const char *pidfile = section->service[i].pidfile;
		char *dir = system->pidfile_dir[dirs];
		if (pidfile[0] == '\0' ||
		    sl_paths_resolve(&process->paths, pidfile, dir) != 0)
			continue;
		char *slash = strrchr(dir, '/');
		if (slash == NULL || slash == dir)
			continue;
		*slash = '\0';
		if (dirs + 1 == COL_SYSTEM_PIDFILE_DIRS) {
			sl_log_warn("config",
			    "too many directories of pid files, left out path=%s", dir);
			continue;
		}
		sl_confine_path(out, dir, false);
		dirs++;
	}
}

static void confine(const struct sl_process *process, struct sl_confine *out)
{
	out->grants = SL_CONFINE_INET_CONNECT | SL_CONFINE_NETLINK;
	sl_confine_path(out, "/proc", false);
	sl_confine_path(out, "/sys", false);
	/* Pid files, and who the probed names are. */
	sl_confine_path(out, "/run", false);
	sl_confine_path(out, "/etc", false);
	sl_confine_path(out, process->paths.run, true);
	confine_pidfiles(process, out);
}

static int start(struct sl_process *process)
{
	struct col_system *system = process->state;

	system->process = process;
	int code = col_core_open(
	    process, col_source_name(process), "system", true, &system->core);
	if (code != EX_OK)
		return code;
	system->schedule = col_schedule_new(process->loop, on_turn_done, system);
	system->state = col_system_alloc(GROUPS * sizeof(*system->state));
	for (size_t i = 0; i < GROUPS; i++) {
		system->state[i] = groups[i]->open(system);
		col_schedule_add(system->schedule, groups[i]->name,
		    interval_ms(system, groups[i]), groups[i]->run, system->state[i]);
	}
	return EX_OK;
}

static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	struct col_system *system = process->state;

	(void)old_config;
	(void)old_catalog;
	if (col_core_section(system->core) == NULL) {
		sl_log_warn("config", "the section of this collector is gone, ending");
		sl_process_end(process, EX_OK);
		return;
	}
	for (size_t i = 0; i < GROUPS; i++) {
		if (groups[i]->reload != NULL)
			groups[i]->reload(system->state[i]);
		col_schedule_set(
		    system->schedule, (unsigned)i, interval_ms(system, groups[i]));
	}
}

static void stop(struct sl_process *process)
{
	struct col_system *system = process->state;

	if (system->state != NULL)
		for (size_t i = 0; i < GROUPS; i++)
			if (system->state[i] != NULL)
				groups[i]->close(system->state[i]);
	free(system->state);
	col_schedule_free(system->schedule);
	col_core_close(system->core);
	sl_buf_clear(&system->text);
}

static const struct sl_flag flags[] = {
    COL_SOURCE_FLAG("system"),
    {.name = NULL},
};

static const struct sl_process_spec spec = {
    .program =
	{
	    .name = "sightline-collect-system",
	    .prose = "Collects the figures of this machine.",
	    .operands = "",
	    .flag = flags,
	},
    .scope = "system",
    .user = col_source_user,
    .confine = confine,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int col_system_main(int argc, char **argv)
{
	struct col_system system = {0};

	return sl_process_run(&spec, argc, argv, &system);
}
