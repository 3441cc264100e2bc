/* SPDX-License-Identifier: Apache-2.0 */
/* One source: its attachment, its ring, what was taken from it. */
#ifndef AGG_SOURCE_H
#define AGG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "event.h"
#include "journal.h"
#include "shm/attach.h"
#include "state.h"
#include "table.h"

struct agg_dedup;
struct event;

/* What a source gets from its section of the configuration. */
struct agg_source_rights {
	char tenant[SL_MSG_NAME_MAX + 1];
	uint64_t modules;
	int64_t stale_after_ns;
	size_t series_max;
	int64_t events_per_second; /* 0: no limit */
	bool declared;             /* it has a section */
	bool expected;             /* the configuration says that it runs */
};

/*
 * The lives of a source.  It is made when a collector of its name first
 * attaches, or for its row in the table, and stays until the aggregator ends.
 */
#define AGG_SOURCE_STATE_TABLE(X)                                                        \
	X(AGG_SOURCE_GONE, "gone") /* nobody attached, ring drained */                   \
	X(AGG_SOURCE_ATTACHED, "attached")                                               \
	X(AGG_SOURCE_DRAINING,                                                           \
	    "draining") /* the collector is gone, its ring is not empty */

enum agg_source_state {
#define X(id, text) id,
	AGG_SOURCE_STATE_TABLE(X)
#undef X
};

/* agg_source_state_name returns "attached", …. */
const char *agg_source_state_name(enum agg_source_state state);

struct agg_sources;

/* A bucket of tokens that fills with time. */
struct agg_source_rate {
	double tokens;
	int64_t mono_ns;
};

struct agg_source {
	struct agg_sources *set;
	char name[SL_ATTACH_SOURCE_MAX + 1];
	enum agg_source_state state;
	struct agg_source_rights rights;
	struct agg_tenant *tenant;

	/* The attachment; consumer is mapped unless state is AGG_SOURCE_GONE. */
	int fd; /* -1 once the collector is gone */
	struct event *fd_event, *bell_event;
	struct sl_attach_peer peer;
	struct sl_attach_hello hello;
	struct sl_attach_consumer consumer;
	struct sl_attach_positions positions; /* as last sent */
	bool has_bare_position; /* newer than the position of its last event */
	uint8_t bare_position[SL_RING_POSITION_BYTES];
	struct agg_series **series; /* by handle; NULL: refused */
	size_t series_count, series_cap;

	/* Draining. */
	uint64_t drain_to;           /* while draining: it ends here at the latest */
	bool awake;                  /* on the list of those with something to read */
	bool blocked;                /* its next event cannot be journaled now */
	uint64_t journaled_tail;     /* events up to here are journaled already */
	int64_t retry_mono_ns;       /* while blocked: when it gets its next turn */
	struct sl_ring_reader ahead; /* while blocked: samples behind that event */
	uint64_t ahead_received;     /* of these, what the tail has not yet passed: */
	uint64_t ahead_refused;      /* the table's counts end where its tail does */
	struct agg_source_rate event_rate;
	struct agg_source_rate *type_rate; /* by event type; NULL: none is limited */
	struct agg_source *next_awake;

	/* Totals over all its segments; those of the present one are in ring. */
	uint32_t journal_source;
	uint32_t table_slot;
	struct agg_table_ring ring;
	int64_t attached_mono_ns;
	int64_t last_mono_ns; /* of its last record; 0: none in this process's life */
	bool stale;           /* as last reported */

	/* Refusals: one log line now and then, and a growing pause after corruption. */
	int64_t complained_mono_ns;
	uint64_t complained_refused;
	int64_t overflow_mono_ns;
	uint64_t overflow_dropped; /* as last said */
	int64_t limited_mono_ns;   /* when its throttling was last said */
	uint64_t shed;             /* events over the limit of their type */
	uint64_t shed_said;
	int64_t shed_mono_ns;
	int64_t barred_until_mono_ns;
	int64_t bar_ns;
};

/* What draining works on; owned by the aggregator. */
struct agg_ingest {
	const struct sl_catalog *catalog;
	struct agg_state *state;
	struct agg_journal *journal;
	struct agg_table *table;
	struct agg_dedup *dedup; /* NULL: no event is known by its id */
	/* An event was journaled: packed is its entry, valid during the call. */
	void (*published)(
	    void *arg, enum sl_stream stream, const void *packed, size_t len);
	void *arg;
	bool paused;                /* samples are taken and dropped */
	bool shared;                /* several sources are active: see ingest.c */
	bool crowded;               /* gateways are behind */
	unsigned defs_left;         /* definitions that the present turn may still read */
	struct sl_buf body, packed; /* scratch */
	struct sl_ring_sample *samples;           /* scratch [AGG_INGEST_SAMPLES] */
	unsigned char record[SL_RING_RECORD_MAX]; /* scratch */
};

#define AGG_INGEST_SAMPLES 2048u /* at most, of one source in one turn */
#define AGG_INGEST_EVENTS  256u
#define AGG_INGEST_DEFS    256u
#define AGG_INGEST_BYTES   (256u * 1024u) /* of records, or one if it is larger */

enum agg_ingest_result {
	AGG_INGEST_EMPTY,   /* nothing is left for now */
	AGG_INGEST_MORE,    /* the turn is over, there may be more */
	AGG_INGEST_BLOCKED, /* an event waits for space or for its rate: try again soon */
	AGG_INGEST_CORRUPT, /* the ring is corrupt: drop the source; reason in the reader
			     */
};

/*
 * agg_ingest_turn takes a bounded part of what a source has: samples into the
 * state (agg_state_settle is the caller's), events into the journal.  Never
 * blocks.  Nothing is given back to the producer before agg_source_release.
 */
enum agg_ingest_result agg_ingest_turn(struct agg_ingest *ingest,
    struct agg_source *source, int64_t wall_ns, int64_t mono_ns);

/*
 * agg_source_release records how far the ring was taken, in the table, and then
 * lets the producer have the space.
 */
void agg_source_release(struct agg_source *source, struct agg_table *table);

/* agg_source_dropped returns what the producer dropped, over all segments. */
uint64_t agg_source_dropped(const struct agg_source *source);

/* agg_source_check_drops says, every ten seconds at most, that a ring overflows. */
void agg_source_check_drops(struct agg_source *source, int64_t mono_ns);

/* agg_source_received returns how many records were taken, over all segments. */
uint64_t agg_source_received(const struct agg_source *source);

/* agg_source_refused returns how many records of them were invalid. */
uint64_t agg_source_refused(const struct agg_source *source);

/*
 * agg_source_refuse counts n refused records; says so at once and then every ten
 * seconds at most.
 */
void agg_source_refuse(struct agg_source *source, uint64_t n, const char *what,
    struct sl_slice name, const char *why, int64_t mono_ns);

#endif
