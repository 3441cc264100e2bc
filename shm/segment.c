/* SPDX-License-Identifier: Apache-2.0 */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "layout.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static bool power_of_two(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* Says why; a variable number of arguments keeps the callers to one line. */
#define refuse(reason, ...) (snprintf(reason, SL_SEGMENT_REASON, __VA_ARGS__), SL_EINVAL)

/*
 * Maps header, dictionary, ring and the ring once more, back to back.  The
 * producer writes everywhere, the consumer only the header.
 */
static int map(struct sl_segment *seg, int fd, bool producer)
{
	size_t file = SL_LAYOUT_HEADER_BYTES + seg->dict_bytes + seg->ring_bytes;
	size_t total = file + seg->ring_bytes;
	size_t body = file - SL_LAYOUT_HEADER_BYTES;
	off_t ring_at = (off_t)(file - seg->ring_bytes);
	int body_prot = producer ? PROT_READ | PROT_WRITE : PROT_READ;

	unsigned char *base = mmap(
	    NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return SL_ESYS;
	if (mmap(base, SL_LAYOUT_HEADER_BYTES, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(base + SL_LAYOUT_HEADER_BYTES, body, body_prot, MAP_SHARED | MAP_FIXED,
		fd, SL_LAYOUT_HEADER_BYTES) == MAP_FAILED ||
	    mmap(base + file, seg->ring_bytes, body_prot, MAP_SHARED | MAP_FIXED, fd,
		ring_at) == MAP_FAILED) {
		int saved = errno;
		munmap(base, total);
		errno = saved;
		return SL_ESYS;
	}
	seg->header = (void *)base;
	seg->dict = base + SL_LAYOUT_HEADER_BYTES;
	seg->ring = base + ring_at;
	seg->map_bytes = total;
	return SL_OK;
}

static int make_memfd(const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "sightline-%.50s", name);
	int fd = memfd_create(full, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create(full, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int sl_segment_create(struct sl_segment *seg, const char *name, size_t ring_bytes)
{
	memset(seg, 0, sizeof(*seg));
	seg->fd = -1;
	seg->ring_bytes = ring_bytes ? ring_bytes : SL_SEGMENT_RING_DEFAULT;
	seg->dict_bytes = SL_LAYOUT_DICT_MAX; /* pages exist once they are written */
	if (!power_of_two(seg->ring_bytes) || seg->ring_bytes < SL_LAYOUT_RING_MIN ||
	    seg->ring_bytes > SL_LAYOUT_RING_MAX)
		return SL_EINVAL;
	if (getrandom(&seg->id, sizeof(seg->id), 0) != (ssize_t)sizeof(seg->id))
		return SL_ESYS;

	seg->fd = make_memfd(name);
	if (seg->fd < 0)
		return SL_ESYS;
	off_t size = (off_t)(SL_LAYOUT_HEADER_BYTES + seg->dict_bytes + seg->ring_bytes);
	if (ftruncate(seg->fd, size) < 0 || fcntl(seg->fd, F_ADD_SEALS, SEALS) < 0 ||
	    map(seg, seg->fd, true) < 0) {
		int saved = errno;
		sl_segment_close(seg);
		errno = saved;
		return SL_ESYS;
	}
	seg->header->magic = SL_LAYOUT_MAGIC;
	seg->header->segment_id = seg->id;
	seg->header->dict_bytes = seg->dict_bytes;
	seg->header->ring_bytes = seg->ring_bytes;
	/* Pairs with the acquire in check_header: a version means that the
	 * fields before it are there. */
	atomic_store_explicit(
	    &seg->header->version, SL_LAYOUT_VERSION, memory_order_release);
	return SL_OK;
}

/* Is it a memfd that can neither shrink under us nor be refused pages at will? */
static int check_file(int fd, struct stat *st, char *reason)
{
	struct statfs fs;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return refuse(reason, "segment is not a memfd");
	if ((seals & SEALS) != SEALS)
		return refuse(reason,
		    "segment lacks seals: has 0x%x, needs shrink, grow and seal (0x%x)",
		    (unsigned)seals, (unsigned)SEALS);
	if (seals & ~(SEALS | 0x20)) /* 0x20: F_SEAL_EXEC */
		return refuse(
		    reason, "segment has seals against writing (0x%x)", (unsigned)seals);
	if (fstat(fd, st) < 0 || fstatfs(fd, &fs) < 0) {
		snprintf(reason, SL_SEGMENT_REASON, "segment: %s", strerror(errno));
		return SL_ESYS;
	}
	if (!S_ISREG(st->st_mode) || fs.f_type != TMPFS_MAGIC)
		return refuse(reason, "segment is not on tmpfs");
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return refuse(reason, "segment is not open for reading and writing");
	return SL_OK;
}

/* Copies the sizes out of the header, then checks the copies. */
static int check_header(
    struct sl_segment *seg, int fd, uint64_t file_bytes, size_t ring_max, char *reason)
{
	struct sl_layout_header *header =
	    mmap(NULL, SL_LAYOUT_HEADER_BYTES, PROT_READ, MAP_SHARED, fd, 0);

	if (header == MAP_FAILED) {
		snprintf(reason, SL_SEGMENT_REASON, "segment: %s", strerror(errno));
		return SL_ESYS;
	}
	/* Pairs with the release in sl_segment_create. */
	uint32_t version = atomic_load_explicit(&header->version, memory_order_acquire);
	uint64_t fields[4];
	memcpy(fields, header, sizeof(fields)); /* magic, id, dict, ring */
	munmap(header, SL_LAYOUT_HEADER_BYTES);

	if (fields[0] != SL_LAYOUT_MAGIC)
		return refuse(reason, "segment does not begin with the magic number");
	if (version != SL_LAYOUT_VERSION) {
		snprintf(reason, SL_SEGMENT_REASON,
		    "segment has layout version %u, need %u", version, SL_LAYOUT_VERSION);
		return SL_EVERSION;
	}
	if (!power_of_two(fields[3]) || fields[3] < SL_LAYOUT_RING_MIN ||
	    fields[3] > ring_max)
		return refuse(reason,
		    "ring of %llu bytes: must be a power of two from %u to %zu",
		    (unsigned long long)fields[3], SL_LAYOUT_RING_MIN, ring_max);
	if (fields[2] < SL_LAYOUT_DICT_MIN || fields[2] > SL_LAYOUT_DICT_MAX ||
	    fields[2] % SL_LAYOUT_HEADER_BYTES != 0)
		return refuse(reason, "dictionary of %llu bytes is outside its limits",
		    (unsigned long long)fields[2]);
	if (file_bytes != SL_LAYOUT_HEADER_BYTES + fields[2] + fields[3])
		return refuse(reason, "segment has %llu bytes, its header says %llu",
		    (unsigned long long)file_bytes,
		    (unsigned long long)(SL_LAYOUT_HEADER_BYTES + fields[2] + fields[3]));
	seg->id = fields[1];
	seg->dict_bytes = fields[2];
	seg->ring_bytes = fields[3];
	return SL_OK;
}

int sl_segment_adopt(
    struct sl_segment *seg, int fd, size_t ring_bytes_max, char reason[SL_SEGMENT_REASON])
{
	struct stat st;

	memset(seg, 0, sizeof(*seg));
	seg->fd = -1;
	if (ring_bytes_max > SL_LAYOUT_RING_MAX)
		ring_bytes_max = SL_LAYOUT_RING_MAX;
	int err = check_file(fd, &st, reason);
	if (err == SL_OK && st.st_size < (off_t)SL_LAYOUT_HEADER_BYTES)
		err =
		    refuse(reason, "segment has only %lld bytes", (long long)st.st_size);
	if (err == SL_OK)
		err = check_header(seg, fd, (uint64_t)st.st_size, ring_bytes_max, reason);
	if (err == SL_OK) {
		err = map(seg, fd, false);
		if (err < 0)
			snprintf(reason, SL_SEGMENT_REASON, "cannot map the segment: %s",
			    strerror(errno));
	}
	if (err < 0) {
		memset(seg, 0, sizeof(*seg));
		seg->fd = -1;
		return err;
	}
	seg->fd = fd;
	return SL_OK;
}

void sl_segment_close(struct sl_segment *seg)
{
	if (seg->map_bytes > 0)
		munmap(seg->header, seg->map_bytes);
	/* A zeroed segment has no mapping and fd 0, which is not its own. */
	if (seg->fd > 0 || (seg->fd == 0 && seg->map_bytes > 0))
		close(seg->fd);
	memset(seg, 0, sizeof(*seg));
	seg->fd = -1;
}
