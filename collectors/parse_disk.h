/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/diskstats and /proc/self/mountinfo: bytes in, structs out. */
#ifndef COL_PARSE_DISK_H
#define COL_PARSE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"

#define COL_PARSE_DISK_NAME  64
#define COL_PARSE_MOUNT_PATH 256

/* One block device; counters since boot. */
struct col_parse_disk {
	char name[COL_PARSE_DISK_NAME];
	uint64_t reads;
	uint64_t read_bytes;
	uint64_t read_ms; /* summed over requests */
	uint64_t writes;
	uint64_t written_bytes;
	uint64_t write_ms;
	uint64_t busy_ms; /* with at least one request in flight */
};

/*
 * col_parse_disks reads /proc/diskstats: whole devices that have done
 * anything; partitions, loop and ram devices are left out.  Fills at most
 * max entries and returns how many, or SL_EMALFORMED at the first line that
 * is not one of diskstats.
 */
int col_parse_disks(struct sl_slice text, struct col_parse_disk *out, size_t max);

/* One mounted file system worth watching. */
struct col_parse_mount {
	char path[COL_PARSE_MOUNT_PATH]; /* to be given to statvfs(3) */
	unsigned major, minor;
};

/*
 * col_parse_mounts reads /proc/self/mountinfo: file systems with space of
 * their own.  Left out: pseudo file systems, read-only images (squashfs,
 * iso9660, erofs), network and FUSE file systems (statvfs of a dead server
 * blocks for ever), overlays, and every mount but the first
 * of one device.  A path longer than the limit is left out.  Fills at most
 * max entries and returns how many, or SL_EMALFORMED at the first line that
 * is not one of mountinfo.
 */
int col_parse_mounts(struct sl_slice text, struct col_parse_mount *out, size_t max);

/*
 * col_parse_cgroup_mount finds where cgroup v2 is mounted (mountinfo, type
 * cgroup2).  Returns 0 with the path, SL_ENOTFOUND if it is not,
 * SL_EMALFORMED as above.
 */
int col_parse_cgroup_mount(struct sl_slice text, char path[COL_PARSE_MOUNT_PATH]);

#endif
