/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/error.h"

#define PAGE_SIZE 4096u

static const char segment_magic[8] = "SLJRNL\r\n";

struct segment_header {
	char magic[8];
	uint32_t version;
	uint32_t number;
	uint32_t size;
	uint32_t salt;
	uint32_t reserved;
	uint32_t crc; /* CRC-32C of the fields before */
};

void agg_journal_segment_name(uint32_t number, char name[AGG_JOURNAL_SEGMENT_NAME])
{
	snprintf(name, AGG_JOURNAL_SEGMENT_NAME, "%010u.seg", number);
}

uint32_t agg_journal_segment_parse(const char *name)
{
	uint64_t number = 0;

	for (int i = 0; i < 10; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(name[i] - '0');
	}
	if (strcmp(name + 10, ".seg") != 0 || number > INT32_MAX)
		return 0;
	return (uint32_t)number;
}

static uint32_t header_checksum(const struct segment_header *header)
{
	return sl_crc32c(0, header, offsetof(struct segment_header, crc));
}

static int map_file(
    int fd, uint32_t number, uint32_t size, struct agg_journal_segment **out)
{
	struct agg_journal_segment *segment = calloc(1, sizeof *segment);

	if (!segment)
		return SL_ENOMEM;
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		free(segment);
		return SL_ENOMEM;
	}
	segment->number = number;
	segment->size = size;
	segment->base = base;
	segment->end = AGG_JOURNAL_HEADER_SIZE;
	segment->synced = AGG_JOURNAL_HEADER_SIZE;
	*out = segment;
	return 0;
}

static int allocate(int fd, uint32_t size)
{
	int error;

	do
		error = posix_fallocate(fd, 0, size);
	while (error == EINTR);
	return error;
}

static int allocate_and_head(int fd, uint32_t number, uint32_t size, int *error)
{
	struct segment_header header = {
	    .version = AGG_JOURNAL_VERSION, .number = number, .size = size};

	*error = allocate(fd, size);
	if (*error != 0)
		return *error == ENOSPC || *error == EDQUOT || *error == EFBIG ? SL_EFULL
									       : SL_ESYS;
	memcpy(header.magic, segment_magic, sizeof header.magic);
	if (getrandom(&header.salt, sizeof header.salt, 0) != sizeof header.salt)
		header.salt = number * 2654435761u;
	header.crc = header_checksum(&header);
	if (pwrite(fd, &header, sizeof header, 0) != sizeof header || fsync(fd) != 0) {
		*error = errno;
		return SL_ESYS;
	}
	return 0;
}

int agg_journal_segment_create(int dirfd, uint32_t number, uint32_t size,
    struct agg_journal_segment **segment, int *error)
{
	char name[AGG_JOURNAL_SEGMENT_NAME];

	*error = 0;
	agg_journal_segment_name(number, name);
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		*error = errno;
		return errno == ENOSPC || errno == EDQUOT ? SL_EFULL : SL_ESYS;
	}
	int rc = allocate_and_head(fd, number, size, error);
	if (rc == 0)
		rc = map_file(fd, number, size, segment);
	close(fd);
	if (rc == 0 && fsync(dirfd) != 0) {
		*error = errno;
		agg_journal_segment_close(*segment);
		rc = SL_ESYS;
	}
	if (rc != 0) {
		unlinkat(dirfd, name, 0);
		return rc;
	}
	(*segment)->salt = ((struct segment_header *)(void *)(*segment)->base)->salt;
	return 0;
}

static int check_header(int fd, uint32_t number, struct segment_header *header)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return SL_ECORRUPT;
	if (pread(fd, header, sizeof *header, 0) != sizeof *header)
		return SL_ECORRUPT;
	if (memcmp(header->magic, segment_magic, sizeof segment_magic) != 0 ||
	    header->crc != header_checksum(header) ||
	    header->version != AGG_JOURNAL_VERSION || header->number != number)
		return SL_ECORRUPT;
	if (header->size <= AGG_JOURNAL_HEADER_SIZE || header->size % PAGE_SIZE != 0 ||
	    (uint64_t)st.st_size != header->size)
		return SL_ECORRUPT;
	return 0;
}

int agg_journal_segment_open(
    int dirfd, uint32_t number, struct agg_journal_segment **segment, int *error)
{
	char name[AGG_JOURNAL_SEGMENT_NAME];
	struct segment_header header;

	*error = 0;
	agg_journal_segment_name(number, name);
	int fd = openat(dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*error = errno;
		return SL_ESYS;
	}
	int rc = check_header(fd, number, &header);
	/*
	 * A hole in the file would be a SIGBUS on a full disk: blocks that are
	 * there already are left alone by this.
	 */
	if (rc == 0 && (*error = allocate(fd, header.size)) != 0)
		rc = SL_ESYS;
	if (rc == 0)
		rc = map_file(fd, number, header.size, segment);
	close(fd);
	if (rc == 0)
		(*segment)->salt = header.salt;
	return rc;
}

void agg_journal_segment_close(struct agg_journal_segment *segment)
{
	munmap(segment->base, segment->size);
	free(segment);
}

void agg_journal_segment_remove(int dirfd, struct agg_journal_segment *segment)
{
	char name[AGG_JOURNAL_SEGMENT_NAME];

	agg_journal_segment_name(segment->number, name);
	agg_journal_segment_close(segment);
	unlinkat(dirfd, name, 0);
}

/*
 * After a failed write the kernel counts the pages as clean.  A word of each
 * page is written as it is: all of it lies before the last append, where
 * nobody stores any more.
 */
static void touch(struct agg_journal_segment *segment, uint32_t from, uint32_t to)
{
	for (uint32_t at = from; at < to; at += PAGE_SIZE)
		atomic_fetch_or_explicit((_Atomic uint64_t *)(void *)(segment->base + at),
		    0, memory_order_relaxed);
}

int agg_journal_segment_sync(
    struct agg_journal_segment *segment, uint32_t from, uint32_t to)
{
	uint32_t begin = from & ~(PAGE_SIZE - 1);

	if (to <= begin)
		return 0;
	if (msync(segment->base + begin, to - begin, MS_SYNC) == 0)
		return 0;
	int error = errno;
	touch(segment, begin, to);
	return error;
}

uint32_t agg_journal_segment_wipe(struct agg_journal_segment *segment, uint32_t from)
{
	static const uint8_t zeroes[PAGE_SIZE];
	uint32_t last = 0;

	for (uint32_t at = from; at < segment->size;) {
		uint32_t stop = (at / PAGE_SIZE + 1) * PAGE_SIZE;
		if (memcmp(segment->base + at, zeroes, stop - at) != 0) {
			last = stop;
			while (segment->base[last - 1] == 0)
				last--;
			memset(segment->base + at, 0, stop - at);
		}
		at = stop;
	}
	return last;
}

void agg_journal_segment_forget(struct agg_journal_segment *segment)
{
	madvise(segment->base, segment->size, MADV_DONTNEED);
}
