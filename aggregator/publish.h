/* SPDX-License-Identifier: Apache-2.0 */
/* The aggregator's stream: when a batch leaves, and what is in it. */
#ifndef AGG_PUBLISH_H
#define AGG_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/stat.h"
#include "journal.h"
#include "state.h"

struct event_base;
struct sl_bus;

/*
 * Entries leave at the end of the pass that brought them; changed metrics at
 * once when the stream has been quiet for the publish interval, else together
 * when it ends.  Batches are at least a millisecond apart, so that a flood
 * makes larger batches instead of more.  Once a second something leaves, be it
 * an empty batch, and once per update interval a keyframe.
 */
struct agg_publish;

/*
 * The aggregator's part of the way of a log entry (the gateway has the rest:
 * gateway/hops.h), from the wall clock in microseconds:
 *
 *	ring       the time that the entry itself names .. taken from its ring
 *	aggregate  .. left in a batch: judged, journaled, waited for the batch
 */
struct agg_publish_hops {
	struct sl_stat *ring;
	struct sl_stat *aggregate;
};

struct agg_publish_options {
	struct event_base *loop;
	struct agg_state *state;     /* borrowed */
	struct agg_journal *journal; /* borrowed */
	int64_t publish_interval_ms;
	struct agg_publish_hops hops; /* NULL in tests */
	bool streaming; /* enable_real_time_streaming: off, nothing but keyframes */
};

/* agg_publish_new makes a publisher; NULL without memory.  _free sends nothing more. */
struct agg_publish *agg_publish_new(const struct agg_publish_options *options);
void agg_publish_free(struct agg_publish *publish);

/* agg_publish_connect names the bus, borrowed; before it nothing leaves. */
void agg_publish_connect(struct agg_publish *publish, struct sl_bus *bus);

/* agg_publish_configure follows a reload. */
void agg_publish_configure(
    struct agg_publish *publish, int64_t publish_interval_ms, bool streaming);

/* agg_publish_entry takes a packed entry into the next batch; copies. */
void agg_publish_entry(struct agg_publish *publish, const void *packed, size_t len);

/* agg_publish_control takes an entry of the control log into the next batch; copies. */
void agg_publish_control(struct agg_publish *publish, uint64_t seq, struct sl_slice kind,
    struct sl_slice body);

/* agg_publish_defs sends the definitions of all metrics with the next batch. */
void agg_publish_defs(struct agg_publish *publish);

/* agg_publish_pass is called after every pass and decides whether a batch leaves now. */
void agg_publish_pass(struct agg_publish *publish);

/* agg_publish_keyframe sends everything now. */
void agg_publish_keyframe(struct agg_publish *publish);

/* agg_publish_heartbeat sends a batch if none left within the last second. */
void agg_publish_heartbeat(struct agg_publish *publish);

/* agg_publish_paused sets the flag of the batches' head. */
void agg_publish_paused(struct agg_publish *publish, bool paused);

/*
 * agg_publish_state writes a keyframe batch into out, not counted in the
 * stream: what is the answer to a state request, with these entries.
 */
void agg_publish_state(struct agg_publish *publish,
    void (*entries)(void *arg, struct sl_msg_batch_writer *w), void *arg,
    struct sl_buf *out);

/* Figures for status. */
struct agg_publish_stats {
	uint64_t batches;
	uint64_t entries;
	uint64_t metrics;
	uint64_t keyframes;
	int64_t last_wall_ns; /* when the last batch left */
};
void agg_publish_stats(const struct agg_publish *publish, struct agg_publish_stats *out);

#endif
