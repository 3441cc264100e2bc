/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The mapping spans the largest file from the start, so blocks
 * never move; only what is allocated on the disk is touched.  The order of stores
 * matters to a process that is killed between two of them, not to other
 * processors: a compiler fence is all that keeps it.
 */
#include "tally_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"

#define MAGIC        "SLTALLY1"
#define HEADER_BYTES 16384u
#define FILE_MAX                                                                         \
	(HEADER_BYTES + (size_t)AGG_TALLY_BLOCKS_MAX * sizeof(struct agg_tally_block))

struct saved {
	uint64_t offset; /* of the bucket in the file */
	struct agg_tally_bucket was;
};

struct header {
	char magic[8];
	uint64_t epoch;
	uint64_t blocks;
	uint64_t next[SL_STREAM_COUNT];
	/* The change under way. */
	uint64_t changing; /* 1 + its log; 0: none */
	uint64_t next_was;
	uint64_t saved_count;
	struct saved saved[SL_CATALOG_TALLIES_MAX];
};
static_assert(sizeof(struct header) <= HEADER_BYTES, "the header has its pages");

struct agg_tally_file {
	int fd;
	uint8_t *base;
	struct header *header;
};

static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static struct agg_tally_block *block_at(const struct agg_tally_file *file, size_t i)
{
	return (struct agg_tally_block *)(void *)(file->base + HEADER_BYTES) + i;
}

/* Takes an unfinished change back.  Every number in the file is checked. */
static void take_back(struct agg_tally_file *file, size_t size)
{
	struct header *header = file->header;

	if (header->changing == 0 || header->changing > SL_STREAM_COUNT ||
	    header->saved_count > SL_CATALOG_TALLIES_MAX) {
		header->changing = header->saved_count = 0;
		return;
	}
	for (size_t i = header->saved_count; i-- > 0;) {
		const struct saved *saved = &header->saved[i];
		if (saved->offset >= HEADER_BYTES && saved->offset % 8 == 0 &&
		    saved->offset <= size - sizeof saved->was)
			memcpy(
			    file->base + saved->offset, &saved->was, sizeof saved->was);
	}
	header->next[header->changing - 1] = header->next_was;
	in_order();
	header->changing = header->saved_count = 0;
}

static int start_anew(struct agg_tally_file *file)
{
	if (ftruncate(file->fd, 0) != 0 ||
	    (errno = posix_fallocate(file->fd, 0, HEADER_BYTES)) != 0)
		return SL_ESYS;
	memcpy(file->header->magic, MAGIC, sizeof file->header->magic);
	return 0;
}

static int map(struct agg_tally_file *file, const char *path)
{
	struct stat st;

	file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (file->fd < 0 || fstat(file->fd, &st) != 0)
		return SL_ESYS;
	file->base =
	    mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (file->base == MAP_FAILED)
		return SL_ESYS;
	file->header = (struct header *)(void *)file->base;
	size_t size = (size_t)st.st_size;
	if (size < HEADER_BYTES ||
	    memcmp(file->header->magic, MAGIC, sizeof file->header->magic) != 0 ||
	    file->header->blocks >
		(size - HEADER_BYTES) / sizeof(struct agg_tally_block) ||
	    file->header->blocks > AGG_TALLY_BLOCKS_MAX)
		return start_anew(file);
	take_back(file, size);
	return 0;
}

int agg_tally_file_open(const char *path, struct agg_tally_file **out)
{
	struct agg_tally_file *file = calloc(1, sizeof *file);

	if (!file)
		abort();
	file->fd = -1;
	file->base = MAP_FAILED;
	if (map(file, path) != 0) {
		sl_log_error("tally", "cannot open path=\"%s\" error=\"%s\"", path,
		    strerror(errno));
		agg_tally_file_close(file);
		return SL_ESYS;
	}
	*out = file;
	return 0;
}

void agg_tally_file_close(struct agg_tally_file *file)
{
	if (!file)
		return;
	if (file->base != MAP_FAILED)
		munmap(file->base, FILE_MAX);
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

struct agg_tally_block *agg_tally_file_block(const struct agg_tally_file *file, size_t i)
{
	return i < file->header->blocks ? block_at(file, i) : NULL;
}

struct agg_tally_block *agg_tally_file_add(struct agg_tally_file *file)
{
	size_t i = (size_t)file->header->blocks;
	struct agg_tally_block *block = block_at(file, i);

	if (i >= AGG_TALLY_BLOCKS_MAX ||
	    posix_fallocate(file->fd, (off_t)((uint8_t *)block - file->base),
		(off_t)sizeof *block) != 0)
		return NULL;
	memset(block, 0, sizeof *block);
	in_order();
	file->header->blocks = i + 1;
	return block;
}

uint64_t agg_tally_file_next(
    struct agg_tally_file *file, uint64_t epoch, enum sl_stream stream)
{
	struct header *header = file->header;

	if (header->epoch != epoch) {
		memset(header->next, 0, sizeof header->next);
		in_order();
		header->epoch = epoch;
	}
	return header->next[stream];
}

void agg_tally_file_begin(struct agg_tally_file *file, enum sl_stream stream)
{
	struct header *header = file->header;

	header->saved_count = 0;
	header->next_was = header->next[stream];
	in_order();
	header->changing = 1 + (uint64_t)stream;
	in_order();
}

void agg_tally_file_save(
    struct agg_tally_file *file, const struct agg_tally_bucket *bucket)
{
	struct header *header = file->header;
	struct saved *saved = &header->saved[header->saved_count];

	saved->offset = (uint64_t)((const uint8_t *)bucket - file->base);
	saved->was = *bucket;
	in_order();
	header->saved_count++;
	in_order();
}

void agg_tally_file_end(
    struct agg_tally_file *file, enum sl_stream stream, uint64_t next_seq)
{
	struct header *header = file->header;

	in_order();
	header->next[stream] = next_seq;
	in_order();
	header->changing = 0;
}
