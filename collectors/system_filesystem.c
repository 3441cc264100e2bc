/* SPDX-License-Identifier: Apache-2.0 */
/* How full the file systems are. */
#include <stdlib.h>
#include <sys/statvfs.h>

#include "error.h"
#include "parse_disk.h"
#include "procfile.h"
#include "system.h"

#define MOUNTS_MAX 128

struct filesystem {
	struct col_system *system;
	struct col_procfile mountinfo;
	struct col_parse_mount mount[MOUNTS_MAX];
	uint32_t usage; /* the fullest */
};

static void *filesystem_open(struct col_system *system)
{
	struct filesystem *filesystem = col_system_alloc(sizeof(*filesystem));

	filesystem->system = system;
	filesystem->mountinfo = (struct col_procfile)COL_PROCFILE("/proc/self/mountinfo");
	filesystem->usage = COL_SYSTEM_UNDEFINED;
	return filesystem;
}

static void filesystem_close(void *arg)
{
	struct filesystem *filesystem = arg;

	col_procfile_close(&filesystem->mountinfo);
	free(filesystem);
}

/* Percent as df(1) gives it: of what an unprivileged user can reach. */
static bool fill(const struct statvfs *st, double *percent)
{
	double used = (double)st->f_blocks - (double)st->f_bfree;
	double reachable = used + (double)st->f_bavail;

	if (st->f_blocks == 0 || reachable <= 0)
		return false;
	*percent = 100.0 * used / reachable;
	return true;
}

/* Pushes the series of one mount; false if it has no size. */
static bool read_mount(struct filesystem *filesystem, const char *path,
    const struct col_tick *tick, double *percent)
{
	struct col_core *core = filesystem->system->core;
	struct col_label label = {"mount", path};
	struct statvfs st;
	uint32_t handle;

	if (statvfs(path, &st) != 0 || !fill(&st, percent))
		return false;
	if (col_core_gauge(core, "filesystem_usage", "percent", &label, 1, &handle) == 0)
		col_core_push(core, handle, *percent, tick);
	if (col_core_gauge(core, "filesystem_free_bytes", "bytes", &label, 1, &handle) ==
	    0)
		col_core_push(
		    core, handle, (double)st.f_bavail * (double)st.f_frsize, tick);
	if (st.f_files > 0 && col_core_gauge(core, "filesystem_inodes_usage", "percent",
				  &label, 1, &handle) == 0)
		col_core_push(core, handle,
		    100.0 * ((double)st.f_files - (double)st.f_ffree) /
			(double)st.f_files,
		    tick);
	return true;
}

static void filesystem_run(void *arg, const struct col_tick *tick)
{
	struct filesystem *filesystem = arg;
	struct col_system *system = filesystem->system;
	double fullest = -1, percent;
	struct sl_slice text;

	if (col_procfile_read(&filesystem->mountinfo, &system->text, &text) != 0)
		return;
	int count = col_parse_mounts(text, filesystem->mount, MOUNTS_MAX);
	if (count < 0) {
		col_procfile_reject(&filesystem->mountinfo);
		return;
	}
	for (int i = 0; i < count; i++)
		if (read_mount(filesystem, filesystem->mount[i].path, tick, &percent) &&
		    percent > fullest)
			fullest = percent;
	/* In a chroot or container the root may be no mount of its own. */
	if (fullest < 0 && read_mount(filesystem, "/", tick, &percent))
		fullest = percent;
	if (fullest >= 0)
		col_system_push(
		    system, &filesystem->usage, "disk_usage", "percent", fullest, tick);
}

const struct col_system_group col_system_filesystem = {
    .name = "filesystem",
    .interval_offset = offsetof(struct sl_config_system, filesystem_interval_ms),
    .open = filesystem_open,
    .run = filesystem_run,
    .close = filesystem_close,
};
