/* SPDX-License-Identifier: Apache-2.0 */
/* What a follower of batches has seen, and what it is missing. */
#ifndef SL_FLOW_H
#define SL_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "msg.h"

/*
 * A pure state machine: no I/O, no clock, no memory.  A follower (a gateway,
 * `sightlinectl tail`) feeds it the heads and the sequences of what arrives
 * and does what the verdicts say:
 *
 *   1. subscribe, then ask the state; until it has come drop what arrives
 *      (SL_FLOW_APART);
 *   2. sl_flow_join with the state's head and positions;
 *   3. per batch sl_flow_head, per entry sl_flow_entry.
 *
 * A log never moves over a hole: after SL_FLOW_GAP the follower asks a replay
 * from sl_flow_missing and passes the replayed entries through sl_flow_entry,
 * where they are SL_FLOW_NEXT; what arrives live behind the hole meanwhile is
 * SL_FLOW_HELD (drop it: the replay brings it).  What the aggregator no longer
 * keeps is jumped over by sl_flow_skip, and only that.
 */

/* The five logs and, as a sixth, the control log. */
#define SL_FLOW_CONTROL SL_STREAM_COUNT
#define SL_FLOW_LOGS    (SL_STREAM_COUNT + 1)

struct sl_flow {
	bool joined;
	bool complete; /* every metric value up to flush has been seen */
	uint64_t aggregator;
	uint64_t epoch;
	uint64_t flush;   /* of the newest batch or state taken */
	uint64_t arrived; /* flush of the newest batch that came by the stream */
	uint64_t run;     /* from this flush to arrived none is missing */
	uint64_t next[SL_FLOW_LOGS]; /* the sequence that each log waits for */
	uint64_t end[SL_FLOW_LOGS];  /* what is known to exist ends before this */
};

enum sl_flow_batch {
	/* Take everything in it. */
	SL_FLOW_FOLLOWS,
	/*
	 * It left before the state that was joined: its metrics are older than
	 * what is known, take only its entries and control (their verdicts are
	 * right in any case).
	 */
	SL_FLOW_OLD,
	/*
	 * Take everything in it, but batches before it are lost (or the aggregator
	 * has started anew): ask the state, whose positions show which logs miss
	 * something.  complete is false until a keyframe or a join.  Keyframes come
	 * by themselves, so ask at most once a second.
	 */
	SL_FLOW_LOST,
	/* Not joined, or another aggregator or epoch: take nothing, ask the state. */
	SL_FLOW_APART,
};

enum sl_flow_entry {
	SL_FLOW_NEXT,      /* take it */
	SL_FLOW_DUPLICATE, /* had it: ignore */
	SL_FLOW_GAP,       /* drop it and ask a replay: a hole is before it */
	SL_FLOW_HELD,      /* drop it: it is behind a hole that was reported */
};

/* sl_flow_init begins apart from any stream. */
void sl_flow_init(struct sl_flow *flow);

/*
 * sl_flow_join takes the head and the positions of a state.  Within the epoch
 * that is followed already, positions stay where they are and what the state
 * has beyond them becomes missing (control excepted: a state carries all that
 * is in force); otherwise everything starts at the state's positions.
 * Returns true if it started anew: all that was kept of entries is void then.
 * A state may come after batches that are newer: take a metric of it only where
 * its ts_us is not older than what is known.
 */
bool sl_flow_join(struct sl_flow *flow, const struct sl_msg_batch_head *head,
    const uint64_t next[SL_STREAM_COUNT], uint64_t control_next);

/* sl_flow_head judges a batch that came by the stream. */
enum sl_flow_batch sl_flow_head(
    struct sl_flow *flow, const struct sl_msg_batch_head *head);

/*
 * sl_flow_entry judges an entry of a log (SL_FLOW_CONTROL for the control log),
 * live or replayed.  log must be in range.
 */
enum sl_flow_entry sl_flow_entry(struct sl_flow *flow, int log, uint64_t seq);

/*
 * sl_flow_missing says whether entries of a log are known to exist that have
 * not come, and gives the range, both ends included.
 */
bool sl_flow_missing(const struct sl_flow *flow, int log, uint64_t *from, uint64_t *to);

/*
 * sl_flow_skip gives up what is before next in a log, because it is no longer
 * kept.  Returns the number of entries given up (0 if next is not ahead).
 */
uint64_t sl_flow_skip(struct sl_flow *flow, int log, uint64_t next);

#endif
