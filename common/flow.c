/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  Invariants, for every log:
 *
 *   next <= end; next is the first sequence not taken; [next, end) exists and
 *   is missing.  next moves by one with an entry taken, further only by a
 *   skip or when everything starts anew.  So nothing is taken twice, and
 *   nothing is passed over silently.
 *
 * flush: the bus neither repeats nor reorders, so a flush that is not above
 * the one that arrived before it means that the aggregator counts anew
 * (arrived is for that), and one that is not above the state's but still
 * rising left before the state was made.
 */
#include "flow.h"

#include <string.h>

void sl_flow_init(struct sl_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
}

static bool same_epoch(const struct sl_flow *flow, const struct sl_msg_batch_head *head)
{
	return flow->joined && flow->aggregator == head->aggregator &&
	       flow->epoch == head->epoch;
}

static void start_at(struct sl_flow *flow, int log, uint64_t next)
{
	flow->next[log] = flow->end[log] = next;
}

bool sl_flow_join(struct sl_flow *flow, const struct sl_msg_batch_head *head,
    const uint64_t next[SL_STREAM_COUNT], uint64_t control_next)
{
	bool anew = !same_epoch(flow, head);

	if (anew) {
		flow->joined = true;
		flow->aggregator = head->aggregator;
		flow->epoch = head->epoch;
		flow->arrived = 0;
		flow->run = 0;
	}
	flow->complete = true;
	flow->flush = head->flush;
	/* A state that the stream has overtaken without a loss takes nothing back. */
	if (head->flush < flow->arrived && flow->run <= head->flush + 1)
		flow->flush = flow->arrived;
	for (int log = 0; log < SL_STREAM_COUNT; log++) {
		if (anew)
			start_at(flow, log, next[log]);
		else if (next[log] > flow->end[log])
			flow->end[log] = next[log];
	}
	if (anew || control_next > flow->next[SL_FLOW_CONTROL])
		start_at(flow, SL_FLOW_CONTROL, control_next);
	return anew;
}

enum sl_flow_batch sl_flow_head(
    struct sl_flow *flow, const struct sl_msg_batch_head *head)
{
	uint64_t before = flow->arrived;

	if (!same_epoch(flow, head))
		return SL_FLOW_APART;
	flow->arrived = head->flush;
	if (head->flush != before + 1)
		flow->run = head->flush;
	if (head->flush > before && head->flush <= flow->flush)
		return SL_FLOW_OLD;
	bool follows = head->flush == flow->flush + 1;

	flow->flush = head->flush;
	if (head->keyframe)
		flow->complete = true;
	else if (!follows)
		flow->complete = false;
	return follows ? SL_FLOW_FOLLOWS : SL_FLOW_LOST;
}

enum sl_flow_entry sl_flow_entry(struct sl_flow *flow, int log, uint64_t seq)
{
	uint64_t *next = &flow->next[log];
	uint64_t *end = &flow->end[log];

	if (seq < *next)
		return SL_FLOW_DUPLICATE;
	if (seq == *next) {
		++*next;
		if (*end < *next)
			*end = *next;
		return SL_FLOW_NEXT;
	}
	bool known = *end > *next;

	if (*end <= seq)
		*end = seq + 1;
	return known ? SL_FLOW_HELD : SL_FLOW_GAP;
}

bool sl_flow_missing(const struct sl_flow *flow, int log, uint64_t *from, uint64_t *to)
{
	if (flow->next[log] >= flow->end[log])
		return false;
	*from = flow->next[log];
	*to = flow->end[log] - 1;
	return true;
}

uint64_t sl_flow_skip(struct sl_flow *flow, int log, uint64_t next)
{
	uint64_t was = flow->next[log];

	if (next <= was)
		return 0;
	flow->next[log] = next;
	if (flow->end[log] < next)
		flow->end[log] = next;
	return next - was;
}
