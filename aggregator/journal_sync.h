/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's writer thread: syncs, makes segments ahead, removes old ones. */
#ifndef AGG_JOURNAL_SYNC_H
#define AGG_JOURNAL_SYNC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "aggregator/journal.h"
#include "aggregator/journal_segment.h"

/*
 * The loop appends and never waits for the disk; everything that does is done
 * here.  Segments are handed over under the mutex, which is never held during
 * I/O; progress is told by three places in the journal that only grow.
 */
struct agg_journal_sync {
	/* set before the thread starts */
	int dirfd;
	uint32_t segment_bytes;
	int64_t period_ns;
	pthread_t thread;
	bool running;
	int event_fd; /* written whenever more is durable */

	/* The loop stores, the thread loads: where appending has come. */
	_Atomic uint64_t appended;
	/*
	 * The thread stores, the loop loads: where the sync that runs (or ran
	 * last) ends, and where the last complete one ended.
	 */
	_Atomic uint64_t begun;
	_Atomic uint64_t durable;

	pthread_mutex_t mutex; /* for the rest */
	pthread_cond_t cond;   /* something to do for the thread */
	bool stop;
	bool hurry;      /* sync now */
	uint32_t wanted; /* number of the segment to make; 0: none */
	struct agg_journal_segment *ready;
	int space_errno; /* why the last try to make one failed; 0 if it did not */
	struct agg_journal_segment *unsynced; /* oldest first; the last is appended to */
	struct agg_journal_segment *retired;
	uint64_t syncs;
	uint64_t failures;
	int64_t worst_ns;
};

/*
 * agg_journal_sync_start starts the thread.  active is the segment that is
 * appended to, durable up to its end.  Returns 0 or SL_ESYS (logged).
 */
int agg_journal_sync_start(struct agg_journal_sync *sync, int dirfd,
    uint32_t segment_bytes, int64_t period_ns, struct agg_journal_segment *active);

/*
 * agg_journal_sync_stop ends the thread after a last sync and frees what the
 * thread holds: the segment made ahead (its file too) and the retired ones.
 * Returns whether everything is durable.
 */
bool agg_journal_sync_stop(struct agg_journal_sync *sync);

/* agg_journal_sync_publish tells that the journal now ends at this place. */
static inline void agg_journal_sync_publish(struct agg_journal_sync *sync, uint64_t place)
{
	/* Release: pairs with the acquire in the thread's sync_once. */
	atomic_store_explicit(&sync->appended, place, memory_order_release);
}

/*
 * agg_journal_sync_take gives the segment made ahead, or NULL while there is
 * none, and has the next one made.  The caller appends to it from now on.
 */
struct agg_journal_segment *agg_journal_sync_take(struct agg_journal_sync *sync);

/*
 * agg_journal_sync_retire hands over a segment that is no longer needed; it is
 * removed once everything before place (its copies) is durable.
 */
void agg_journal_sync_retire(
    struct agg_journal_sync *sync, struct agg_journal_segment *segment, uint64_t place);

/* agg_journal_sync_stats fills in what the thread counts. */
void agg_journal_sync_stats(struct agg_journal_sync *sync, struct agg_journal_stats *out);

/* agg_journal_sync_hurry asks for a sync now. */
void agg_journal_sync_hurry(struct agg_journal_sync *sync);

#endif
