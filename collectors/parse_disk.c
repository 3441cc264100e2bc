/* SPDX-License-Identifier: Apache-2.0 */
#include "parse_disk.h"

#include <string.h>

#include "error.h"
#include "scan.h"

#define SECTOR_BYTES 512u /* diskstats counts these whatever the device has */

/* File systems on a local device, or of known local size. */
static const char *const real_types[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs",
    "jfs", "reiserfs", "bcachefs", "zfs", "vfat", "exfat", "ntfs3", "ntfs", "nilfs2",
    "ubifs", "hfsplus"};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * sda1, vda2, nvme0n1p3, mmcblk0p1 are partitions of sda, nvme0n1, mmcblk0;
 * dm-0, md0, nvme0n1, zram0 are whole.
 */
static bool is_partition(const char *name)
{
	size_t len = strlen(name), at = len;

	while (at > 0 && is_digit(name[at - 1]))
		at--;
	if (at == len || at == 0)
		return false;
	if (strncmp(name, "nvme", 4) == 0 || strncmp(name, "mmcblk", 6) == 0)
		return name[at - 1] == 'p' && at >= 2 && is_digit(name[at - 2]);
	return (name[0] == 's' || name[0] == 'v' || name[0] == 'h') && name[1] == 'd' &&
	       at > 2;
}

static bool is_watched(const char *name)
{
	return strncmp(name, "loop", 4) != 0 && strncmp(name, "ram", 3) != 0 &&
	       strncmp(name, "sr", 2) != 0 && strncmp(name, "fd", 2) != 0 &&
	       !is_partition(name);
}

static bool scan_sectors(struct sl_slice *line, uint64_t *bytes)
{
	if (!col_scan_u64(line, bytes) || *bytes > UINT64_MAX / SECTOR_BYTES)
		return false;
	*bytes *= SECTOR_BYTES;
	return true;
}

static int parse_disk(struct sl_slice line, struct col_parse_disk *out)
{
	struct sl_slice name;
	uint64_t ignored;

	if (!col_scan_u64(&line, &ignored) || !col_scan_u64(&line, &ignored) ||
	    !col_scan_word(&line, &name))
		return SL_EMALFORMED;
	if (!col_scan_copy(name, out->name, sizeof(out->name)))
		return SL_EMALFORMED;
	if (!col_scan_u64(&line, &out->reads) || !col_scan_u64(&line, &ignored) ||
	    !scan_sectors(&line, &out->read_bytes) ||
	    !col_scan_u64(&line, &out->read_ms) || !col_scan_u64(&line, &out->writes) ||
	    !col_scan_u64(&line, &ignored) || !scan_sectors(&line, &out->written_bytes) ||
	    !col_scan_u64(&line, &out->write_ms) || !col_scan_u64(&line, &ignored) ||
	    !col_scan_u64(&line, &out->busy_ms))
		return SL_EMALFORMED;
	return 0;
}

int col_parse_disks(struct sl_slice text, struct col_parse_disk *out, size_t max)
{
	struct col_parse_disk disk;
	struct sl_slice line;
	size_t n = 0;

	while (n < max && col_scan_line(&text, &line)) {
		if (parse_disk(line, &disk) != 0)
			return SL_EMALFORMED;
		if (is_watched(disk.name) && disk.reads + disk.writes > 0)
			out[n++] = disk;
	}
	return (int)n;
}

/* The parts of a line of mountinfo that decide. */
struct mount_line {
	uint64_t major, minor;
	struct sl_slice path; /* with \ooo escapes */
	struct sl_slice type;
};

/* "27 1 254:0 / /mnt rw,relatime shared:1 - ext4 /dev/vda rw" */
static bool scan_mount(struct sl_slice line, struct mount_line *out)
{
	struct sl_slice device, word;

	if (!col_scan_skip(&line, 2) || !col_scan_word(&line, &device) ||
	    !col_scan_skip(&line, 1) || !col_scan_word(&line, &out->path))
		return false;
	const char *colon = memchr(device.data, ':', device.len);
	if (colon == NULL)
		return false;
	struct sl_slice major = {device.data, (size_t)(colon - device.data)};
	struct sl_slice minor = {colon + 1, device.len - major.len - 1};
	if (!col_scan_u64(&major, &out->major) || !col_scan_u64(&minor, &out->minor) ||
	    out->major > UINT32_MAX || out->minor > UINT32_MAX)
		return false;
	do {
		if (!col_scan_word(&line, &word))
			return false;
	} while (!col_scan_is(word, "-"));
	return col_scan_word(&line, &out->type);
}

/* Copies a path and undoes the kernel's \ooo for blank, tab, newline and backslash. */
static bool copy_path(struct sl_slice in, char out[COL_PARSE_MOUNT_PATH])
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.data[i];
		if (c == '\\' && in.len - i > 3) {
			unsigned value = 0;
			for (size_t k = 1; k <= 3; k++)
				value = value * 8 + ((unsigned char)in.data[i + k] & 7u);
			c = (unsigned char)value;
			i += 3;
		}
		if (c == '\0' || n + 1 == COL_PARSE_MOUNT_PATH)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0 && out[0] == '/';
}

static bool is_real(struct sl_slice type)
{
	for (size_t i = 0; i < sizeof(real_types) / sizeof(real_types[0]); i++)
		if (col_scan_is(type, real_types[i]))
			return true;
	return false;
}

static bool is_known(
    const struct col_parse_mount *mounts, size_t n, const struct mount_line *line)
{
	for (size_t i = 0; i < n; i++)
		if (mounts[i].major == line->major && mounts[i].minor == line->minor)
			return true;
	return false;
}

int col_parse_mounts(struct sl_slice text, struct col_parse_mount *out, size_t max)
{
	struct mount_line mount;
	struct sl_slice line;
	size_t n = 0;

	while (n < max && col_scan_line(&text, &line)) {
		if (!scan_mount(line, &mount))
			return SL_EMALFORMED;
		if (!is_real(mount.type) || is_known(out, n, &mount) ||
		    !copy_path(mount.path, out[n].path))
			continue;
		out[n].major = (unsigned)mount.major;
		out[n].minor = (unsigned)mount.minor;
		n++;
	}
	return (int)n;
}

int col_parse_cgroup_mount(struct sl_slice text, char path[COL_PARSE_MOUNT_PATH])
{
	struct mount_line mount;
	struct sl_slice line;

	while (col_scan_line(&text, &line)) {
		if (!scan_mount(line, &mount))
			return SL_EMALFORMED;
		if (col_scan_is(mount.type, "cgroup2") && copy_path(mount.path, path))
			return 0;
	}
	return SL_ENOTFOUND;
}
