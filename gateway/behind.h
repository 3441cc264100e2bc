/* SPDX-License-Identifier: Apache-2.0 */
/* Where a client stands that has not been handed everything. */
#ifndef GW_BEHIND_H
#define GW_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

#include "already.h"
#include "client.h"

enum gw_gap_reason { GW_GAP_NONE, GW_GAP_SLOW, GW_GAP_EXPIRED, GW_GAP_EPOCH };

enum gw_behind_list {
	GW_BEHIND_NOWHERE,
	GW_BEHIND_WAITING,
	GW_BEHIND_READY,
};

/*
 * pos[] is the
 * next entry of each log that it has not been handed; it moves past entries
 * that the client's view hides.
 */
struct gw_behind {
	struct gw_client *client;
	struct gw_behind *next;
	struct gw_behind *prev;
	uint8_t list;     /* enum gw_behind_list */
	bool resolving;   /* whether its positions are still kept is to be looked up */
	bool catching_up; /* reads the log: lag does not count */
	bool want_state;  /* initial_metrics is due */
	bool resumed;     /* since was given: alerts come from the log if it has no gap */
	bool missed_metrics;
	uint64_t metrics; /* a poll's position of these; 0: it needs all */
	uint32_t lag;     /* entries in sight that came while the socket took nothing */
	uint64_t pos[SL_STREAM_COUNT];
	uint64_t gap_to[SL_STREAM_COUNT]; /* where pos goes with the gap message */
	uint64_t gap_count[SL_STREAM_COUNT];
	uint8_t gap[SL_STREAM_COUNT]; /* enum gw_gap_reason */
	struct gw_already *already;   /* by subscriptions of before a resume */
};

/* gw_behind_begin puts a live client behind, standing at pos. */
void gw_behind_begin(struct gw_client *client, const uint64_t pos[SL_STREAM_COUNT]);

/* gw_behind_end makes it live again (or nothing, when it is gone). */
void gw_behind_end(struct gw_client *client);

/*
 * gw_behind_resume moves a client that is behind back to a cursor; former is
 * what it has seen by until now (a reference to its patterns is taken), NULL for
 * nothing, since the client's mark.  gw_behind_may_resume says whether that can be
 * remembered.
 */
void gw_behind_resume(struct gw_client *client, const struct sl_cursor *since,
    const struct gw_sight *former);
bool gw_behind_may_resume(const struct gw_client *client);

/*
 * gw_behind_mark notes that its sight is in force from its positions on.
 * gw_behind_past keeps what it was handed before that, as another role or up to a
 * gap.
 */
void gw_behind_mark(struct gw_client *client);
void gw_behind_past(struct gw_client *client, const struct gw_sight *former);

/* gw_behind_had says whether an entry in sight was handed out before a resume. */
bool gw_behind_had(const struct gw_behind *behind, const struct sl_catalog *catalog,
    const struct gw_entry *entry);

/* gw_behind_want_state asks for initial_metrics, before any further entry. */
void gw_behind_want_state(struct gw_client *client);

/*
 * gw_behind_want_changes asks for the metrics that have changed since a poll's
 * cursor instead; false if only the whole state will do.
 */
bool gw_behind_want_changes(struct gw_client *client, const struct sl_cursor *since);

/* gw_behind_restart is for a new epoch: a gap of every log, the state, then live. */
void gw_behind_restart(struct gw_client *client);

/*
 * gw_behind_lag tells a client that is behind that seen entries in its sight
 * (and metrics, if so) have been published; gw_pump_run is due.
 */
void gw_behind_lag(struct gw_client *client, uint32_t seen, bool metrics);

/*
 * gw_behind_bound is for a client whose socket takes nothing: what it lags
 * behind over the limit is skipped, the lowest log's oldest first.
 */
void gw_behind_bound(struct gw_client *client);

/* gw_behind_move puts it into one of the hub's lists, and out of the other. */
void gw_behind_move(struct gw_behind *behind, enum gw_behind_list list);

/* gw_behind_sees decides about an entry for one client, its audience included. */
bool gw_behind_sees(const struct gw_client *client, const struct sl_catalog *catalog,
    const struct gw_entry *entry);

/* gw_behind_position puts its positions into a hub's cursor. */
void gw_behind_position(const struct gw_behind *behind, struct sl_cursor *cursor);

#endif
