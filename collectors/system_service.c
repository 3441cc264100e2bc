/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the configured services run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "parse_disk.h"
#include "procfile.h"
#include "service.h"
#include "system.h"

struct services {
	struct col_system *system;
	struct col_procs procs;
	char cgroup_root[COL_PARSE_MOUNT_PATH];
	struct col_service *service;
	const char **name; /* the configuration's */
	char **pidfile;    /* resolved; owned */
	bool *up, *was_up; /* as now and as last logged */
	uint32_t *handle;
	size_t count;
	uint32_t active, failed;
};

static void drop_all(struct services *services)
{
	for (size_t i = 0; i < services->count; i++)
		free(services->pidfile[i]);
	free(services->service);
	free(services->name);
	free(services->pidfile);
	free(services->up);
	free(services->was_up);
	free(services->handle);
	services->count = 0;
}

static void add(
    struct services *services, size_t i, const struct sl_config_service *config)
{
	struct col_system *system = services->system;
	struct col_label label = {"service", config->title};
	char path[SL_PATHS_MAX];

	if (config->process[0] == '\0' && config->unit[0] == '\0' &&
	    config->pidfile[0] == '\0')
		sl_log_error("config",
		    "service \"%s\" needs a process, a unit or a pidfile and counts as "
		    "failed file=%s",
		    config->title, system->process->paths.config);
	if (config->pidfile[0] != '\0' &&
	    sl_paths_resolve(&system->process->paths, config->pidfile, path) == 0)
		services->pidfile[i] = strdup(path);
	services->name[i] = config->title;
	services->service[i] = (struct col_service){.process = config->process,
	    .unit = config->unit,
	    .pidfile = services->pidfile[i] != NULL ? services->pidfile[i] : ""};
	services->was_up[i] = true; /* so that a service that is down is logged once */
	if (col_core_gauge(
		system->core, "service_up", "", &label, 1, &services->handle[i]) != 0)
		services->handle[i] = COL_SYSTEM_UNDEFINED;
}

static void service_reload(void *arg)
{
	struct services *services = arg;
	const struct sl_config_collector *section =
	    col_core_section(services->system->core);
	size_t count = section->service_count;

	drop_all(services);
	services->service = col_system_alloc((count + 1) * sizeof(*services->service));
	services->name = col_system_alloc((count + 1) * sizeof(*services->name));
	services->pidfile = col_system_alloc((count + 1) * sizeof(*services->pidfile));
	services->up = col_system_alloc((count + 1) * sizeof(*services->up));
	services->was_up = col_system_alloc((count + 1) * sizeof(*services->was_up));
	services->handle = col_system_alloc((count + 1) * sizeof(*services->handle));
	services->count = count;
	for (size_t i = 0; i < count; i++)
		add(services, i, &section->service[i]);
}

static void *service_open(struct col_system *system)
{
	struct services *services = col_system_alloc(sizeof(*services));
	struct col_procfile file = COL_PROCFILE("/proc/self/mountinfo");
	struct sl_slice text;

	services->system = system;
	services->active = services->failed = COL_SYSTEM_UNDEFINED;
	if (col_procs_open(&services->procs) != 0)
		sl_log_warn(
		    "service", "cannot open path=/proc error=\"%s\"", strerror(errno));
	if (col_procfile_read(&file, &system->text, &text) != 0 ||
	    col_parse_cgroup_mount(text, services->cgroup_root) != 0)
		services->cgroup_root[0] = '\0';
	col_procfile_close(&file);
	service_reload(services);
	return services;
}

static void service_close(void *arg)
{
	struct services *services = arg;

	drop_all(services);
	col_procs_close(&services->procs);
	free(services);
}

static void service_run(void *arg, const struct col_tick *tick)
{
	struct services *services = arg;
	struct col_system *system = services->system;
	size_t active = 0;

	/* Nothing to watch is not the same as nothing has failed. */
	if (services->count == 0 || services->procs.dir == NULL)
		return;
	col_service_check(services->service, services->count, &services->procs,
	    services->cgroup_root, services->up);
	for (size_t i = 0; i < services->count; i++) {
		active += services->up[i];
		if (services->handle[i] != COL_SYSTEM_UNDEFINED)
			col_core_push(
			    system->core, services->handle[i], services->up[i], tick);
		if (services->up[i] == services->was_up[i])
			continue;
		sl_log(services->up[i] ? SL_LOG_INFO : SL_LOG_WARN, "service",
		    "%s name=\"%s\"", services->up[i] ? "runs again" : "does not run",
		    services->name[i]);
		services->was_up[i] = services->up[i];
	}
	col_system_push(system, &services->active, "active_services", "services",
	    (double)active, tick);
	col_system_push(system, &services->failed, "failed_services", "services",
	    (double)(services->count - active), tick);
}

const struct col_system_group col_system_service = {
    .name = "service",
    .interval_offset = offsetof(struct sl_config_system, service_interval_ms),
    .open = service_open,
    .run = service_run,
    .reload = service_reload,
    .close = service_close,
};
