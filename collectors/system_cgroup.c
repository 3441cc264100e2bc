/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups (v2): CPU and memory of those at the top and of the members
 * of systemd's slices, which are its services.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "parse_disk.h"
#include "parse_process.h"
#include "procfile.h"
#include "system.h"

/* Slices within slices that are followed. */
#define DEPTH_MAX 2

static const struct col_device_metric metrics[] = {
    /* Microseconds per second, as percent of one core. */
    {"cgroup_cpu_usage", "percent", 1e-4},
};

struct cgroup {
	struct col_system *system;
	struct col_devices devices;
	char root[COL_PARSE_MOUNT_PATH]; /* "": cgroup v2 is not mounted */
};

static void *cgroup_open(struct col_system *system)
{
	struct cgroup *cgroup = col_system_alloc(sizeof(*cgroup));
	struct col_procfile file = COL_PROCFILE("/proc/self/mountinfo");
	struct sl_slice text;

	cgroup->system = system;
	cgroup->devices = (struct col_devices){.core = system->core,
	    .label = "cgroup",
	    .metric = metrics,
	    .metric_count = 1};
	if (col_procfile_read(&file, &system->text, &text) != 0 ||
	    col_parse_cgroup_mount(text, cgroup->root) != 0)
		cgroup->root[0] = '\0';
	col_procfile_close(&file);
	return cgroup;
}

static void cgroup_close(void *arg)
{
	struct cgroup *cgroup = arg;

	col_devices_clear(&cgroup->devices);
	free(cgroup);
}

/* Reads a file of a cgroup; it may go at any moment, which is not worth a line. */
static bool read_file(
    struct cgroup *cgroup, const char *name, const char *file, struct sl_slice *text)
{
	char path[COL_PARSE_MOUNT_PATH + COL_DEVICES_NAME + 32];

	snprintf(path, sizeof(path), "%s/%s/%s", cgroup->root, name, file);
	struct col_procfile procfile = {.path = path, .fd = -1, .failed = true};
	int rc = col_procfile_read(&procfile, &cgroup->system->text, text);
	col_procfile_close(&procfile);
	return rc == 0;
}

static void read_cgroup(
    struct cgroup *cgroup, const char *name, const struct col_tick *tick)
{
	struct col_core *core = cgroup->system->core;
	struct col_label label = {"cgroup", name};
	struct col_parse_cgroup_cpu cpu;
	struct sl_slice text;
	uint32_t handle;
	int64_t bytes;

	if (read_file(cgroup, name, "cpu.stat", &text) &&
	    col_parse_cgroup_cpu(text, &cpu) == 0)
		col_devices_update(&cgroup->devices, name, &cpu.usage_us, tick, NULL);
	if (read_file(cgroup, name, "memory.current", &text) &&
	    col_parse_number(text, &bytes) == 0 &&
	    col_core_gauge(core, "cgroup_memory_bytes", "bytes", &label, 1, &handle) == 0)
		col_core_push(core, handle, (double)bytes, tick);
}

static void read_below(
    struct cgroup *cgroup, const char *parent, int depth, const struct col_tick *tick)
{
	char path[COL_PARSE_MOUNT_PATH + COL_DEVICES_NAME], name[COL_DEVICES_NAME];
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%s/%s", cgroup->root, parent);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	while (
	    (entry = readdir(dir)) != NULL && cgroup->devices.count < COL_DEVICES_MAX) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		int len = snprintf(name, sizeof(name), "%s%s%s", parent,
		    parent[0] ? "/" : "", entry->d_name);
		if (len < 0 || (size_t)len >= sizeof(name))
			continue;
		read_cgroup(cgroup, name, tick);
		if (depth < DEPTH_MAX && col_parse_is_slice(entry->d_name))
			read_below(cgroup, name, depth + 1, tick);
	}
	closedir(dir);
}

static void cgroup_run(void *arg, const struct col_tick *tick)
{
	struct cgroup *cgroup = arg;

	if (cgroup->root[0] == '\0')
		return;
	col_devices_begin(&cgroup->devices);
	read_below(cgroup, "", 0, tick);
	col_devices_end(&cgroup->devices);
}

const struct col_system_group col_system_cgroup = {
    .name = "cgroup",
    .interval_offset = offsetof(struct sl_config_system, cgroup_interval_ms),
    .open = cgroup_open,
    .run = cgroup_run,
    .close = cgroup_close,
};
