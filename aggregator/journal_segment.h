/* SPDX-License-Identifier: Apache-2.0 */
/* One segment of the journal: a file of fixed size, allocated and mapped. */
#ifndef AGG_JOURNAL_SEGMENT_H
#define AGG_JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/journal_record.h"

/*
 * A place in the journal: the segment's number and the offset in it.  Numbers
 * only grow, so places compare as the appends came.
 */
#define AGG_JOURNAL_PLACE(number, offset) ((uint64_t)(number) << 32 | (offset))

/* Size of a buffer for a segment's file name. */
#define AGG_JOURNAL_SEGMENT_NAME 24

struct agg_journal_segment {
	uint32_t number; /* from 1 on */
	uint32_t size;   /* of the file, bytes */
	uint32_t salt;   /* of its checksums */
	uint8_t *base;   /* the mapping, size bytes */

	/* the loop's */
	uint32_t end;  /* where the next record goes */
	uint64_t live; /* bytes of records that a window still needs */

	/* the writer thread's, once the segment was handed to it */
	uint32_t synced;  /* everything before is on the disk */
	uint64_t retired; /* may go once this place is durable */
	struct agg_journal_segment *next_unsynced;
	struct agg_journal_segment *next_retired; /* a segment can be in both lists */
};

/*
 * agg_journal_segment_create makes the file with all its blocks allocated, its
 * header on the disk, and maps it.  dirfd is the journal's directory.  Blocks.
 * Returns 0, SL_EFULL (no space for it, *error gets the errno; nothing is left
 * behind), SL_ENOMEM or SL_ESYS (*error).
 */
int agg_journal_segment_create(int dirfd, uint32_t number, uint32_t size,
    struct agg_journal_segment **segment, int *error);

/*
 * agg_journal_segment_open maps an existing file.  Returns 0, SL_ECORRUPT (size
 * or header wrong), SL_ENOMEM or SL_ESYS (*error gets the errno).  The caller
 * finds where its records end.
 */
int agg_journal_segment_open(
    int dirfd, uint32_t number, struct agg_journal_segment **segment, int *error);

/* agg_journal_segment_close unmaps and frees; the file stays. */
void agg_journal_segment_close(struct agg_journal_segment *segment);

/* agg_journal_segment_remove closes it and removes its file. */
void agg_journal_segment_remove(int dirfd, struct agg_journal_segment *segment);

/*
 * agg_journal_segment_sync writes the bytes in [from, to) to the disk; other
 * threads may append meanwhile.  On failure it marks the pages as changed
 * again, so that the next try is one.  Returns 0 or an errno.
 */
int agg_journal_segment_sync(
    struct agg_journal_segment *segment, uint32_t from, uint32_t to);

/*
 * agg_journal_segment_wipe zeroes what is not zero from offset on.  Returns the
 * offset behind the last byte that was not zero, or 0 if all were.
 */
uint32_t agg_journal_segment_wipe(struct agg_journal_segment *segment, uint32_t from);

/*
 * agg_journal_segment_forget tells the kernel that the mapped pages are not
 * needed for now: they leave our footprint, the data stays in its cache.
 */
void agg_journal_segment_forget(struct agg_journal_segment *segment);

/* agg_journal_segment_name writes the file name of a number. */
void agg_journal_segment_name(uint32_t number, char name[AGG_JOURNAL_SEGMENT_NAME]);

/* agg_journal_segment_parse reads a number from a file name; 0 if it is none. */
uint32_t agg_journal_segment_parse(const char *name);

#endif
