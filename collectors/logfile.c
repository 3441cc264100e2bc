/* SPDX-License-Identifier: Apache-2.0 */
#include "logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "crc32c.h"

#define ENTRIES_MAX 10000

static int identify(
    int folder, const char *path, int flags, struct col_logstate_id *id, uint64_t *size)
{
	struct statx info;

	if (statx(folder, path, flags, STATX_BASIC_STATS | STATX_BTIME, &info) != 0)
		return -1;
	if (!S_ISREG(info.stx_mode)) {
		errno = EINVAL;
		return -1;
	}
	*id = (struct col_logstate_id){
	    .device = makedev(info.stx_dev_major, info.stx_dev_minor),
	    .inode = info.stx_ino,
	};
	if (info.stx_mask & STATX_BTIME && info.stx_btime.tv_sec > 0)
		id->birth_ns =
		    info.stx_btime.tv_sec * SL_NS_PER_S + info.stx_btime.tv_nsec;
	*size = info.stx_size;
	return 0;
}

int col_logfile_identify(const char *path, struct col_logstate_id *id, uint64_t *size)
{
	return identify(AT_FDCWD, path, 0, id, size);
}

int col_logfile_open(const char *path, struct col_logstate_id *id, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (identify(fd, "", AT_EMPTY_PATH, id, size) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

bool col_logfile_is(const struct col_logstate_id *a, const struct col_logstate_id *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->birth_ns == b->birth_ns;
}

/* ---- what it begins with ------------------------------------------------------------
 */

static bool begins_with(int fd, const struct col_logstate_print *print)
{
	unsigned char bytes[COL_LOGSTATE_PRINT_MAX];

	return pread(fd, bytes, print->bytes, 0) == (ssize_t)print->bytes &&
	       sl_crc32c(0, bytes, print->bytes) == print->crc;
}

enum col_logfile_look col_logfile_look(struct col_logfile *file, int64_t wall_ns)
{
	struct col_logstate_id id;
	uint64_t before = file->size;

	if (identify(file->fd, "", AT_EMPTY_PATH, &id, &file->size) != 0)
		return COL_LOGFILE_FAILED;
	if (file->size < before || file->size < file->place.offset ||
	    !begins_with(file->fd, &file->print))
		return COL_LOGFILE_TRUNCATED;
	file->intact_ns = wall_ns;
	return COL_LOGFILE_SAME;
}

bool col_logfile_ready(struct col_logfile *file)
{
	struct col_logstate_id id;
	uint64_t size;

	if (file->leaving)
		return true;
	if (identify(file->fd, "", AT_EMPTY_PATH, &id, &size) != 0)
		return !file->failed;
	return size != file->size || (size > file->place.offset && !file->partial);
}

void col_logfile_print(struct col_logfile *file)
{
	unsigned char bytes[COL_LOGSTATE_PRINT_MAX];
	size_t want = file->place.offset < sizeof(bytes) ? (size_t)file->place.offset
							 : sizeof(bytes);

	if (want <= file->print.bytes || pread(file->fd, bytes, want, 0) != (ssize_t)want)
		return;
	file->print =
	    (struct col_logstate_print){(uint32_t)want, sl_crc32c(0, bytes, want)};
}

bool col_logfile_matches(const struct col_logfile *file, int fd, uint64_t size)
{
	return size > file->place.offset && begins_with(fd, &file->print);
}

/* ---- where it went ------------------------------------------------------------------
 */

/* Opens an entry of a folder if it is what is looked for; else -1. */
static int try_entry(int folder, const char *name, const struct col_logstate_id *id,
    const struct col_logfile *like, struct col_logfile_found *found)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	bool right = identify(fd, "", AT_EMPTY_PATH, &found->id, &found->size) == 0;
	if (right && id != NULL)
		right = col_logfile_is(&found->id, id);
	else if (right)
		right = !col_logfile_is(&found->id, &like->id) &&
			found->id.birth_ns >= like->intact_ns - SL_NS_PER_S &&
			col_logfile_matches(like, fd, found->size);
	if (right)
		return fd;
	close(fd);
	return -1;
}

int col_logfile_find(const char *path, const struct col_logstate_id *id,
    const struct col_logfile *like, struct col_logfile_found *found)
{
	const char *slash = strrchr(path, '/');
	size_t folder_len = slash != NULL ? (size_t)(slash - path) : 0;
	size_t name_len = slash != NULL ? strlen(slash + 1) : 0;
	struct dirent *entry;
	char folder[4096];
	int fd = -1;

	if (slash == NULL || folder_len >= sizeof(folder))
		return -1;
	memcpy(folder, path, folder_len);
	folder[folder_len] = '\0';
	DIR *dir = opendir(folder_len > 0 ? folder : "/");
	if (dir == NULL)
		return -1;
	for (unsigned n = 0; fd < 0 && n < ENTRIES_MAX; n++) {
		entry = readdir(dir);
		if (entry == NULL)
			break;
		if (id != NULL ? entry->d_ino != id->inode
			       : strncmp(entry->d_name, slash + 1, name_len) != 0)
			continue;
		int length = snprintf(
		    found->path, sizeof(found->path), "%s/%s", folder, entry->d_name);
		if (length > 0 && (size_t)length < sizeof(found->path))
			fd = try_entry(dirfd(dir), entry->d_name, id, like, found);
	}
	closedir(dir);
	return fd;
}
