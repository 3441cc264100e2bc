/* SPDX-License-Identifier: Apache-2.0 */
/* The file of the tallies: what was counted survives kill -9, each event once. */
#ifndef AGG_TALLY_FILE_H
#define AGG_TALLY_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/entry.h"

/*
 *   header, 16 KiB | blocks, as many as are in use
 *
 * A block is the buckets of one metric of one tenant, a circle over time.  A
 * change of several buckets by one event is one: what they held before stands
 * in the header until the event's sequence is stored, and opening takes an
 * unfinished change back.  Which entries of the journal were counted is the
 * sequence of each log; the rest is counted after opening.  After a power cut
 * the newest seconds may be missing.
 */
#define AGG_TALLY_BUCKETS    208u /* two local days of 25 h by quarters, and 8 */
#define AGG_TALLY_BLOCKS_MAX 4096u
#define AGG_TALLY_KEY_MAX    447u

struct agg_tally_bucket {
	int64_t period;
	uint64_t count;
	double sum;
};

struct agg_tally_block {
	char key[AGG_TALLY_KEY_MAX + 1]; /* "tenant\x1fmetric"; empty: free */
	int64_t width_ns;                /* of a bucket */
	uint64_t meaning;                /* hash of what is counted */
	struct agg_tally_bucket bucket[AGG_TALLY_BUCKETS];
};

struct agg_tally_file;

/*
 * agg_tally_file_open maps the file, made if it is not there or of another
 * layout.  Returns 0 or SL_ESYS (logged).  agg_tally_file_close unmaps it.
 */
int agg_tally_file_open(const char *path, struct agg_tally_file **file);
void agg_tally_file_close(struct agg_tally_file *file);

/* agg_tally_file_block gives block i; NULL past the last in use. */
struct agg_tally_block *agg_tally_file_block(const struct agg_tally_file *file, size_t i);

/* agg_tally_file_add gives a zeroed block; NULL if there is no room or no disk. */
struct agg_tally_block *agg_tally_file_add(struct agg_tally_file *file);

/*
 * agg_tally_file_next returns the sequence of a log that is to be counted next;
 * 0: never counted in this epoch, which becomes the file's.
 */
uint64_t agg_tally_file_next(
    struct agg_tally_file *file, uint64_t epoch, enum sl_stream stream);

/*
 * A change: begin, save each bucket before it is written, end with the sequence
 * that comes next.
 */
void agg_tally_file_begin(struct agg_tally_file *file, enum sl_stream stream);
void agg_tally_file_save(
    struct agg_tally_file *file, const struct agg_tally_bucket *bucket);
void agg_tally_file_end(
    struct agg_tally_file *file, enum sl_stream stream, uint64_t next_seq);

#endif
