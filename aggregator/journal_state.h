/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the journal: for its own .c files only. */
#ifndef AGG_JOURNAL_STATE_H
#define AGG_JOURNAL_STATE_H

#include "aggregator/journal.h"
#include "aggregator/journal_meta.h"
#include "aggregator/journal_orders.h"
#include "aggregator/journal_segment.h"
#include "aggregator/journal_sources.h"
#include "aggregator/journal_sync.h"
#include "aggregator/journal_window.h"

/* Kept free in a segment for alerts and control, while no further one can be had. */
#define AGG_JOURNAL_RESERVE (64u * 1024u)

/*
 * Invariants.
 *
 * - segments[] have numbers without a hole, oldest first; the last is active:
 *   the one that is appended to.  All others end with a SEAL.
 * - live of a segment is the sum of the sizes of its records that a window or
 *   the control index points at; a segment whose live is 0 is needed by nobody.
 * - The active segment always has room for a SEAL behind its end.
 */
struct agg_journal {
	uint32_t segment_bytes;
	int64_t sync_ns;
	struct agg_journal_limits limits;
	int dirfd;
	char *path; /* of the directory, for messages */
	struct agg_journal_meta meta;

	struct agg_journal_segment **segments;
	uint32_t segment_count;
	uint32_t segment_capacity;
	uint32_t segment_cap;  /* more than so many are cleaned away */
	uint32_t clean_offset; /* how far the oldest segment was gone through */

	struct agg_journal_window windows[SL_STREAM_COUNT];
	struct agg_journal_orders orders;
	struct agg_journal_sources sources;
	struct agg_journal_sync sync;

	uint64_t appended;
	uint64_t appended_bytes;
	bool full;
};

/* agg_journal_active returns the segment that is appended to. */
static inline struct agg_journal_segment *agg_journal_active(
    const struct agg_journal *journal)
{
	return journal->segments[journal->segment_count - 1];
}

/* agg_journal_segment_at returns the segment of a place: it is kept. */
static inline struct agg_journal_segment *agg_journal_segment_at(
    const struct agg_journal *journal, uint64_t place)
{
	return journal->segments[(uint32_t)(place >> 32) - journal->segments[0]->number];
}

/* agg_journal_push_segment makes a segment the active one: 0 or SL_ENOMEM. */
int agg_journal_push_segment(
    struct agg_journal *journal, struct agg_journal_segment *segment);

/*
 * agg_journal_make_room sees to it that the active segment has room for records
 * of so many bytes, going on to the next one if need be.  urgent records may
 * use the reserve.  Returns 0 or SL_EFULL.
 */
int agg_journal_make_room(struct agg_journal *journal, uint32_t bytes, bool urgent);

/* agg_journal_put writes a record for which there is room; returns its place. */
uint64_t agg_journal_put(struct agg_journal *journal, const struct agg_journal_head *head,
    const struct agg_journal_from *from, const struct sl_slice *parts, int part_count);

/* agg_journal_put_source writes a source's name and state, for which there is room. */
void agg_journal_put_source(struct agg_journal *journal, uint32_t number);

/* agg_journal_put_checkpoint writes what a segment begins with. */
void agg_journal_put_checkpoint(struct agg_journal *journal);

/* agg_journal_read_at reads a record that is known to be whole. */
void agg_journal_read_at(
    const struct agg_journal *journal, uint64_t place, struct agg_journal_record *record);

/* agg_journal_add_order takes a control record into the index; room is reserved. */
void agg_journal_add_order(
    struct agg_journal *journal, uint64_t place, const struct agg_journal_record *record);

/* agg_journal_trim lets the entries go that have left the window of a log. */
void agg_journal_trim(struct agg_journal *journal, int stream, int64_t now_ns);

/*
 * agg_journal_clean lets the oldest segments go: at once if nobody needs them,
 * else by copying what is needed forward, going through about budget bytes.
 */
void agg_journal_clean(struct agg_journal *journal, uint32_t budget);

/* What recovery found that its caller has to act upon. */
struct agg_journal_found {
	const char *damage; /* what was wrong, a static text; NULL: nothing */
	bool sealed;        /* the newest segment is sealed and its successor gone */
};

/*
 * agg_journal_recover maps the segments of the directory, takes in what they
 * hold and puts out of the way what is damaged.  Returns 0, SL_ESYS (logged) or
 * SL_ENOMEM.
 */
int agg_journal_recover(struct agg_journal *journal, struct agg_journal_report *report,
    struct agg_journal_found *found);

#endif
