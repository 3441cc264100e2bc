/* SPDX-License-Identifier: Apache-2.0 */
/* Block devices. */
#include <stdlib.h>

#include "devices.h"
#include "parse_disk.h"
#include "procfile.h"
#include "system.h"

enum { READ_BYTES, WRITTEN_BYTES, READS, WRITES, BUSY, COUNTERS };

static const struct col_device_metric metrics[COUNTERS] = {
    [READ_BYTES] = {"device_read_bytes_per_second", "bytes_per_second", 1.0},
    [WRITTEN_BYTES] = {"device_write_bytes_per_second", "bytes_per_second", 1.0},
    [READS] = {"device_reads_per_second", "per_second", 1.0},
    [WRITES] = {"device_writes_per_second", "per_second", 1.0},
    /* Busy milliseconds per second are tenths of a percent. */
    [BUSY] = {"device_busy", "percent", 0.1},
};

struct disk {
	struct col_system *system;
	struct col_procfile file;
	struct col_devices devices;
	struct col_parse_disk now[COL_DEVICES_MAX];
	uint32_t read, write, busy;
};

static void *disk_open(struct col_system *system)
{
	struct disk *disk = col_system_alloc(sizeof(*disk));

	disk->system = system;
	disk->file = (struct col_procfile)COL_PROCFILE("/proc/diskstats");
	disk->devices = (struct col_devices){.core = system->core,
	    .label = "device",
	    .metric = metrics,
	    .metric_count = COUNTERS};
	disk->read = disk->write = disk->busy = COL_SYSTEM_UNDEFINED;
	return disk;
}

static void disk_close(void *arg)
{
	struct disk *disk = arg;

	col_procfile_close(&disk->file);
	col_devices_clear(&disk->devices);
	free(disk);
}

/* What lies on other devices would be counted twice in a sum. */
static bool is_stacked(const char *name)
{
	return (name[0] == 'd' && name[1] == 'm' && name[2] == '-') ||
	       (name[0] == 'm' && name[1] == 'd');
}

static void disk_run(void *arg, const struct col_tick *tick)
{
	struct disk *disk = arg;
	struct col_system *system = disk->system;
	double rate[COUNTERS], read = 0, write = 0, busiest = 0;
	bool known = false;
	struct sl_slice text;

	if (col_procfile_read(&disk->file, &system->text, &text) != 0)
		return;
	int count = col_parse_disks(text, disk->now, COL_DEVICES_MAX);
	if (count < 0) {
		col_procfile_reject(&disk->file);
		return;
	}
	col_devices_begin(&disk->devices);
	for (int i = 0; i < count; i++) {
		const struct col_parse_disk *now = &disk->now[i];
		const uint64_t counter[COUNTERS] = {[READ_BYTES] = now->read_bytes,
		    [WRITTEN_BYTES] = now->written_bytes,
		    [READS] = now->reads,
		    [WRITES] = now->writes,
		    [BUSY] = now->busy_ms};
		if (!col_devices_update(&disk->devices, now->name, counter, tick, rate))
			continue;
		known = true;
		if (rate[BUSY] > busiest)
			busiest = rate[BUSY];
		if (is_stacked(now->name))
			continue;
		read += rate[READ_BYTES];
		write += rate[WRITTEN_BYTES];
	}
	col_devices_end(&disk->devices);
	if (!known)
		return;
	col_system_push(system, &disk->read, "disk_read_bytes_per_second",
	    "bytes_per_second", read, tick);
	col_system_push(system, &disk->write, "disk_write_bytes_per_second",
	    "bytes_per_second", write, tick);
	col_system_push(system, &disk->busy, "disk_busy", "percent",
	    busiest > 100 ? 100 : busiest, tick);
}

const struct col_system_group col_system_disk = {
    .name = "disk",
    .interval_offset = offsetof(struct sl_config_system, disk_interval_ms),
    .open = disk_open,
    .run = disk_run,
    .close = disk_close,
};
