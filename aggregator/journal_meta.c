/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/error.h"

#define META_NAME    "meta"
#define META_NEW     "meta.new"
#define META_VERSION 1u
#define META_CLEAN   1u

static const char meta_magic[8] = "SLMETA\r\n";

struct meta_file {
	char magic[8];
	uint32_t version;
	uint32_t flags;
	uint64_t aggregator;
	uint64_t epoch;
	char boot_id[AGG_JOURNAL_BOOT_ID_SIZE];
	uint32_t reserved;
	uint32_t crc; /* CRC-32C of the fields before */
};

static uint32_t checksum(const struct meta_file *file)
{
	return sl_crc32c(0, file, offsetof(struct meta_file, crc));
}

int agg_journal_meta_read(int dirfd, struct agg_journal_meta *meta)
{
	struct meta_file file;

	int fd = openat(dirfd, META_NAME, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? SL_ENOTFOUND : SL_ECORRUPT;
	ssize_t got = read(fd, &file, sizeof file);
	close(fd);
	if (got != sizeof file ||
	    memcmp(file.magic, meta_magic, sizeof meta_magic) != 0 ||
	    file.version != META_VERSION || file.crc != checksum(&file))
		return SL_ECORRUPT;
	meta->aggregator = file.aggregator;
	meta->epoch = file.epoch;
	memcpy(meta->boot_id, file.boot_id, sizeof meta->boot_id);
	meta->boot_id[sizeof meta->boot_id - 1] = '\0';
	meta->clean = (file.flags & META_CLEAN) != 0;
	return 0;
}

static int write_file(int fd, const struct meta_file *file)
{
	ssize_t put = write(fd, file, sizeof *file);

	if (put >= 0 && put != sizeof *file)
		errno = ENOSPC;
	int rc = put == sizeof *file && fsync(fd) == 0 ? 0 : SL_ESYS;
	int error = errno;
	close(fd);
	errno = error;
	return rc;
}

int agg_journal_meta_write(int dirfd, const struct agg_journal_meta *meta)
{
	struct meta_file file = {.version = META_VERSION,
	    .flags = meta->clean ? META_CLEAN : 0,
	    .aggregator = meta->aggregator,
	    .epoch = meta->epoch};

	memcpy(file.magic, meta_magic, sizeof file.magic);
	memcpy(file.boot_id, meta->boot_id, sizeof file.boot_id);
	file.crc = checksum(&file);
	int fd = openat(dirfd, META_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && write_file(fd, &file) == 0) {
		bool done =
		    renameat(dirfd, META_NEW, dirfd, META_NAME) == 0 && fsync(dirfd) == 0;
		return done ? 0 : SL_ESYS;
	}
	/*
	 * On a full disk the file that is there still has its block: a restart
	 * must be possible then.  One sector is written whole or not at all.
	 */
	if (errno != ENOSPC && errno != EDQUOT)
		return SL_ESYS;
	fd = openat(dirfd, META_NAME, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		errno = ENOSPC;
		return SL_ESYS;
	}
	return write_file(fd, &file);
}

void agg_journal_meta_boot_id(char boot_id[AGG_JOURNAL_BOOT_ID_SIZE])
{
	memset(boot_id, 0, AGG_JOURNAL_BOOT_ID_SIZE);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t got = read(fd, boot_id, AGG_JOURNAL_BOOT_ID_SIZE - 1);
	close(fd);
	boot_id[got > 0 ? got : 0] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
}
