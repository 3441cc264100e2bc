/* SPDX-License-Identifier: Apache-2.0 */
#include "table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/error.h"
#include "common/log.h"

#define PAGE_SIZE 4096u

/* More than anybody configures; keeps the sizes far from overflow. */
#define COUNT_MAX (1u << 24)

static const char table_magic[8] = "SLTABLE\n";

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

/* Where the parts begin. */
struct layout {
	uint64_t values;
	uint64_t keys;
	uint64_t flags;
	uint64_t rings;
	uint64_t alerts;
	uint64_t size;
};

static struct layout layout_of(const struct agg_table_options *counts)
{
	uint64_t series = counts->series_max;
	struct layout at = {.values = PAGE_SIZE};

	at.keys = at.values + pages(series * sizeof(struct agg_table_value));
	at.flags = at.keys + pages(series * sizeof(struct agg_table_key));
	at.rings = at.flags + pages(agg_table_cell_size(AGG_TABLE_FLAGS_CAPACITY));
	at.alerts = at.rings + pages((uint64_t)counts->rings_max *
				     agg_table_cell_size(AGG_TABLE_RING_CAPACITY));
	at.size = at.alerts + pages((uint64_t)counts->alerts_max *
				    agg_table_cell_size(AGG_TABLE_ALERT_MAX));
	return at;
}

static uint32_t header_checksum(const struct agg_table_header *header)
{
	return sl_crc32c(0, header, offsetof(struct agg_table_header, crc));
}

static int map(
    int fd, const struct agg_table_options *counts, struct agg_table_file *file)
{
	struct layout at = layout_of(counts);
	uint8_t *base = mmap(NULL, at.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return SL_ESYS;
	file->base = base;
	file->size = at.size;
	file->header = (struct agg_table_header *)(void *)base;
	file->values = (struct agg_table_value *)(void *)(base + at.values);
	file->keys = (struct agg_table_key *)(void *)(base + at.keys);
	file->flags = (struct agg_table_cell *)(void *)(base + at.flags);
	file->rings = base + at.rings;
	file->alerts = base + at.alerts;
	return 0;
}

static int fill_new(int fd, const struct agg_table_options *options)
{
	struct agg_table_header header = {.version = AGG_TABLE_VERSION,
	    .series_max = options->series_max,
	    .rings_max = options->rings_max,
	    .alerts_max = options->alerts_max,
	    .size = layout_of(options).size};
	int error;

	do
		error = posix_fallocate(fd, 0, (off_t)header.size);
	while (error == EINTR);
	if (error != 0) {
		errno = error;
		return SL_ESYS;
	}
	memcpy(header.magic, table_magic, sizeof header.magic);
	header.crc = header_checksum(&header);
	return pwrite(fd, &header, sizeof header, 0) == sizeof header ? 0 : SL_ESYS;
}

int agg_table_file_create(const char *path, const struct agg_table_options *options,
    struct agg_table_file *file)
{
	int rc = SL_ESYS;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0) {
		rc = fill_new(fd, options);
		if (rc == 0)
			rc = map(fd, options, file);
		if (rc != 0) {
			int error = errno;
			unlink(path);
			errno = error;
		}
	}
	if (rc != 0)
		sl_log_error("table",
		    "cannot make the state table file=\"%s\" error=\"%s\"", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

static int check(int fd, struct agg_table_options *counts)
{
	struct agg_table_header header;
	struct stat st;

	if (fstat(fd, &st) != 0 || pread(fd, &header, sizeof header, 0) != sizeof header)
		return SL_ECORRUPT;
	*counts = (struct agg_table_options){
	    header.series_max, header.rings_max, header.alerts_max};
	if (memcmp(header.magic, table_magic, sizeof table_magic) != 0 ||
	    header.version != AGG_TABLE_VERSION ||
	    header.crc != header_checksum(&header) || counts->series_max > COUNT_MAX ||
	    counts->rings_max > COUNT_MAX || counts->alerts_max > COUNT_MAX ||
	    header.size != layout_of(counts).size || (uint64_t)st.st_size != header.size)
		return SL_ECORRUPT;
	return 0;
}

int agg_table_file_open(const char *path, struct agg_table_file *file)
{
	struct agg_table_options counts;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		return SL_ENOTFOUND;
	int rc = fd < 0 ? SL_ESYS : check(fd, &counts);
	if (rc == 0)
		rc = map(fd, &counts, file);
	if (rc == SL_ESYS)
		sl_log_error("table",
		    "cannot open the state table file=\"%s\" error=\"%s\"", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

void agg_table_file_close(struct agg_table_file *file)
{
	munmap(file->base, file->size);
	file->base = NULL;
}
