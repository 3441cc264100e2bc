/* SPDX-License-Identifier: Apache-2.0 */
/* Taking in again what the records of the journal say. */
#ifndef AGG_JOURNAL_REPLAY_H
#define AGG_JOURNAL_REPLAY_H

#include "aggregator/journal_state.h"

struct agg_journal_early_copy {
	uint64_t seq;
	struct agg_journal_slot slot;
};

struct agg_journal_early_copies {
	struct agg_journal_early_copy *items;
	size_t count;
	size_t capacity;
};

struct agg_journal_replay {
	struct agg_journal *journal;
	int64_t now_ns;
	uint64_t entries;   /* of the five logs, copies not counted */
	const char *damage; /* what is wrong, a static text; NULL: nothing so far */
	uint32_t sealed_to; /* the segment that the last record read names; 0: none */
	bool ready;         /* the segment's checkpoint is complete */
	struct agg_journal_early_copies early[SL_STREAM_COUNT];
};

/*
 * agg_journal_replay_segment takes in the records of the journal's newest segment
 * from its begin on and sets its end, sealed_to, ready and, at a record that is
 * not what it should be, damage.  A segment without a complete checkpoint counts
 * as empty.  Returns 0 or SL_ENOMEM.
 */
int agg_journal_replay_segment(
    struct agg_journal_replay *replay, struct agg_journal_segment *segment);

/*
 * agg_journal_replay_end completes the windows after the last segment and frees
 * what the replay holds.  Returns 0 or SL_ENOMEM.
 */
int agg_journal_replay_end(struct agg_journal_replay *replay);

#endif
