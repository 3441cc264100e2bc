/* SPDX-License-Identifier: Apache-2.0 */
/* What places.c and places_claim.c share and nobody else may see. */
#ifndef GW_PLACES_STATE_H
#define GW_PLACES_STATE_H

#include <event2/event.h>
#include <sys/queue.h>

#include "places.h"

struct gw_wait {
	TAILQ_ENTRY(gw_wait) link;
	struct gw_places *places;
	struct gw_user *user;
	uint32_t limit;
	bool asked;
	bool takes_over;
	uint8_t replaces[SL_MSG_CONNECTION_ID];
	int64_t since_ns;
	gw_places_done *done;
	void *arg;
};

struct gw_places {
	struct gw_ask *ask;
	struct gw_users *users;
	gw_places_surplus *surplus;
	void *arg;
	struct event *turn;
	struct event *heartbeat;
	struct gw_question *question; /* the request under way */
	bool away;                    /* the last one was not answered */
	bool again;                   /* somebody waits for what may come soon */
	uint64_t lease;
	int64_t sent_ns;
	struct gw_user *changed_first;
	struct gw_user *changed_last;
	struct gw_user *claimed[SL_MSG_CLAIMS_MAX]; /* in the order of the request */
	uint32_t claims;
	struct sl_buf packed;
	struct gw_places_stats stats;
};

/* gw_places_mark puts a user into the list of the changed, with a reference. */
void gw_places_mark(struct gw_places *places, struct gw_user *user);

/* gw_places_take takes the first one out with its reference; NULL if there is none. */
struct gw_user *gw_places_take(struct gw_places *places);

/* gw_places_finish ends a wait and tells its owner. */
void gw_places_finish(struct gw_wait *wait, enum gw_admission admission);

/* gw_places_schedule asks at the end of the loop's turn, but not before the pace allows.
 */
void gw_places_schedule(struct gw_places *places);

/* gw_places_send asks now, unless a request is under way: its answer comes first. */
void gw_places_send(struct gw_places *places);

#endif
