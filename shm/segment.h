/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that a collector shares with the aggregator: a sealed memfd. */
#ifndef SL_SEGMENT_H
#define SL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_layout_header;

/* Size of the buffer for one line that says why something was refused. */
#define SL_SEGMENT_REASON 160

#define SL_SEGMENT_RING_DEFAULT (4u * 1024u * 1024u)

/*
 * A mapped segment, owned by its user and pinned in memory while rings and
 * dictionaries over it live.  Sizes are this process's own checked copies:
 * what the header says later is not looked at again.
 */
struct sl_segment {
	int fd;
	uint64_t id;
	struct sl_layout_header *header;
	unsigned char *dict; /* read-only in an adopted segment */
	size_t dict_bytes;
	unsigned char *ring; /* mapped twice: ring[0 … 2 * ring_bytes) */
	size_t ring_bytes;
	size_t map_bytes;
};

/*
 * sl_segment_create makes a new segment (producer): memfd, random id, seals
 * against shrinking, growing and further sealing, mapped for writing.  name
 * shows up in /proc/PID/maps.  ring_bytes is a power of two within
 * SL_LAYOUT_RING_MIN … _MAX, 0 for the default.  End with sl_segment_close.
 * SL_EINVAL, SL_ESYS (errno).
 */
int sl_segment_create(struct sl_segment *seg, const char *name, size_t ring_bytes);

/*
 * sl_segment_adopt maps a segment that another process made (consumer).  It
 * trusts nothing: kind of file, seals, size and header are checked, header
 * fields after copying them.  Only the header page becomes writable.  On
 * success the segment owns fd; on SL_EINVAL (refused: reason says why, one
 * line), SL_EVERSION (reason) or SL_ESYS (reason) the caller keeps it.
 */
int sl_segment_adopt(struct sl_segment *seg, int fd, size_t ring_bytes_max,
    char reason[SL_SEGMENT_REASON]);

/* sl_segment_close unmaps and closes; a zeroed or closed segment is allowed. */
void sl_segment_close(struct sl_segment *seg);

#endif
