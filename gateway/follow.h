/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the aggregator: batches, states and replays into the hub. */
#ifndef GW_FOLLOW_H
#define GW_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ask.h"
#include "hub.h"

struct event_base;
struct gw_follow;

struct gw_follow_options {
	struct event_base *loop;
	struct gw_hub *hub;
	int64_t silence_ms; /* without a batch: every metric is stale */
	int64_t tick_ms;    /* between two gw_follow_tick; 0: the usual 100 */
	/* Entries of the control log; also those in force, with each state. */
	void (*control)(void *arg, const struct sl_msg_control *control);
	/* The first state has come: everything can be served. */
	void (*ready)(void *arg);
	void *arg;
};

struct gw_follow_stats {
	uint64_t batches;
	uint64_t bytes;
	uint64_t malformed;
	uint64_t states;    /* asked after the first */
	uint64_t replays;   /* pages asked for missing entries */
	uint64_t lost;      /* entries that nobody has any more */
	int64_t publish_us; /* of the newest batch */
};

/*
 * gw_follow_new makes a follower and the hub's replay, which asks through ask
 * (both borrowed; set with gw_follow_start).
 */
struct gw_follow *gw_follow_new(const struct gw_follow_options *options);
void gw_follow_free(struct gw_follow *follow);

/* gw_follow_start begins to ask for the state. */
void gw_follow_start(struct gw_follow *follow, struct gw_ask *ask);

/* gw_follow_batch takes a batch from the bus; what changed goes out after this turn. */
void gw_follow_batch(struct gw_follow *follow, const void *data, size_t len);

/* gw_follow_tick asks again what failed; called by a timer of its own. */
void gw_follow_tick(struct gw_follow *follow);

/* gw_follow_link is told when the request connection comes or goes. */
void gw_follow_link(struct gw_follow *follow, bool up);

/* gw_follow_silence changes the time after which the bus counts as silent. */
void gw_follow_silence(struct gw_follow *follow, int64_t silence_ms);

bool gw_follow_ready(const struct gw_follow *follow);
bool gw_follow_silent(const struct gw_follow *follow);
bool gw_follow_paused(const struct gw_follow *follow);
const struct gw_follow_stats *gw_follow_stats(const struct gw_follow *follow);

#endif
