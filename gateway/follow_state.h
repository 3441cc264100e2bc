/* SPDX-License-Identifier: Apache-2.0 */
/* What follow.c and follow_ask.c share and nobody else may see. */
#ifndef GW_FOLLOW_STATE_H
#define GW_FOLLOW_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"
#include "follow.h"

struct event;
struct gw_older;

/* A log, as the argument of a question about it. */
struct log_question {
	struct gw_follow *follow;
	enum sl_stream stream;
};

struct gw_follow {
	struct gw_follow_options options;
	struct log_question log[SL_STREAM_COUNT];
	struct gw_hub *hub;
	struct gw_ask *ask;
	struct sl_flow flow;
	struct event *tick;
	struct event *flush;
	bool flush_due;
	bool ready;
	bool paused;
	bool state_open; /* a question is under way */
	bool state_due;  /* ask as soon as none is */
	bool replay_open[SL_STREAM_COUNT];
	struct gw_older *older;
	int64_t heard_ns; /* last batch */
	int64_t read_us;  /* wall clock, of the batch that is being read; 0: none is */
	struct gw_follow_stats stats;
	enum sl_flow_batch verdict; /* of the batch that is being read */
	bool anew;
	bool old_metrics; /* of the state that is being read */
	bool old_alerts;
	uint64_t next[SL_STREAM_COUNT];
	uint64_t control_next;
	uint64_t aggregator;
	uint64_t epoch;
};

/* gw_follow_entry and _def take one part of a batch, page or state. */
int gw_follow_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed);
int gw_follow_def(void *arg, const struct sl_msg_metric_def *def);

/* gw_follow_flush lets clients be told in the loop's next turn. */
void gw_follow_flush(struct gw_follow *follow);

/* gw_follow_ask_state asks for the state, once the question under way is over. */
void gw_follow_ask_state(struct gw_follow *follow);

/* gw_follow_fill asks for what is known to be missing. */
void gw_follow_fill(struct gw_follow *follow);

#endif
