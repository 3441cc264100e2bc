/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "procfile.h"
#include "scan.h"

/* Slices within slices in which a unit is looked for. */
#define DEPTH_MAX 4

bool col_service_populated(struct sl_slice text)
{
	struct sl_slice line, name;
	uint64_t value;

	while (col_scan_line(&text, &line))
		if (col_scan_word(&line, &name) && col_scan_is(name, "populated"))
			return col_scan_u64(&line, &value) && value == 1;
	return false;
}

/* Reads a file that may well not exist; false then. */
static bool read_file(const char *path, struct sl_buf *buf, struct sl_slice *text)
{
	struct col_procfile file = {.path = path, .fd = -1, .failed = true};
	int rc = col_procfile_read(&file, buf, text);

	col_procfile_close(&file);
	return rc == 0;
}

/* ---- by process --------------------------------------------------------------- */

/* The process that was found last time still runs: one file instead of all of /proc. */
static bool still_runs(struct col_service *service, struct col_procs *procs)
{
	struct col_parse_process process;

	return service->pid != 0 && col_procs_find(procs, service->pid, &process) == 0 &&
	       process.start_ticks == service->start_ticks &&
	       col_procs_is_running(&process);
}

struct search {
	struct col_service *services;
	size_t count;
	size_t missing;
	struct col_procs *procs;
	bool *up;
};

static bool match_process(void *arg, const struct col_parse_process *process)
{
	struct search *search = arg;

	if (!col_procs_is_running(process))
		return true;
	for (size_t i = 0; i < search->count; i++) {
		struct col_service *service = &search->services[i];
		if (search->up[i] || service->process[0] == '\0' ||
		    !col_procs_is_program(search->procs, process, service->process))
			continue;
		service->pid = process->pid;
		service->start_ticks = process->start_ticks;
		search->up[i] = true;
		search->missing--;
	}
	return search->missing > 0;
}

/* ---- by pid file -------------------------------------------------------------- */

static bool pidfile_runs(const struct col_service *service, struct col_procs *procs)
{
	struct col_parse_process process;
	struct sl_slice text;
	int64_t pid;

	if (!read_file(service->pidfile, &procs->text, &text) ||
	    col_parse_number(text, &pid) != 0 || pid <= 0)
		return false;
	return col_procs_find(procs, (uint64_t)pid, &process) == 0 &&
	       col_procs_is_running(&process);
}

/* ---- by unit ------------------------------------------------------------------ */

static bool cgroup_populated(const char *path, struct col_procs *procs)
{
	char file[COL_SERVICE_PATH + 32];
	struct sl_slice text;

	snprintf(file, sizeof(file), "%s/cgroup.events", path);
	return read_file(file, &procs->text, &text) && col_service_populated(text);
}

/* Looks for the unit's directory in parent and the slices below it. */
static bool find_unit(struct col_service *service, const char *parent, int depth)
{
	const struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(parent);

	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		char path[COL_SERVICE_PATH];
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		int len = snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
		if (len < 0 || (size_t)len >= sizeof(path))
			continue;
		if (strcmp(entry->d_name, service->unit) == 0) {
			memcpy(service->unit_path, path, (size_t)len + 1);
			found = true;
		} else if (depth < DEPTH_MAX && col_parse_is_slice(entry->d_name)) {
			found = find_unit(service, path, depth + 1);
		}
	}
	closedir(dir);
	return found;
}

static bool unit_runs(
    struct col_service *service, struct col_procs *procs, const char *root)
{
	if (root[0] == '\0')
		return false;
	if (service->unit_path[0] != '\0' && cgroup_populated(service->unit_path, procs))
		return true;
	service->unit_path[0] = '\0';
	return find_unit(service, root, 0) && cgroup_populated(service->unit_path, procs);
}

void col_service_check(struct col_service *services, size_t count,
    struct col_procs *procs, const char *cgroup_root, bool *up)
{
	struct search search = {services, count, 0, procs, up};

	for (size_t i = 0; i < count; i++) {
		struct col_service *service = &services[i];
		if (service->process[0] != '\0') {
			up[i] = still_runs(service, procs);
			search.missing += !up[i];
		} else if (service->pidfile[0] != '\0') {
			up[i] = pidfile_runs(service, procs);
		} else {
			up[i] = unit_runs(service, procs, cgroup_root);
		}
	}
	if (search.missing > 0)
		col_procs_visit(procs, match_process, &search);
}
