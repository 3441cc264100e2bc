/* SPDX-License-Identifier: Apache-2.0 */
/* Places for users' connections: asked for in batches, given back when they end. */
#ifndef GW_PLACES_H
#define GW_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "msg.h"
#include "user.h"

struct event_base;
struct gw_places;
struct gw_wait;

/* Whether a connection is let in. */
enum gw_admission {
	GW_ADMISSION_OPEN, /* not asked yet */
	GW_ADMISSION_YES,  /* it has a place of its user's: gw_places_leave is due */
	GW_ADMISSION_NO,
	GW_ADMISSION_UNKNOWN, /* nobody could say it in time: 503 */
	GW_ADMISSION_WAIT,    /* the aggregator is being asked */
};

/*
 * gw_places_new makes the asking side of a gateway over ask (borrowed).  surplus
 * is called when a user holds more places here than the aggregator grants (some
 * were given without it): so many of its newest connections have to end.
 */
typedef void gw_places_surplus(void *arg, struct gw_user *user, uint32_t count);
struct gw_places *gw_places_new(struct event_base *loop, struct gw_ask *ask,
    struct gw_users *users, gw_places_surplus *surplus, void *arg);

/* gw_places_free forgets who waits (done is not called); ask must be gone already. */
void gw_places_free(struct gw_places *places);

/* The end of a wait, from the loop: YES, NO or UNKNOWN; the wait itself is gone. */
typedef void gw_places_done(void *arg, enum gw_admission admission);

struct gw_want {
	struct gw_user *user;
	uint32_t limit;
	const uint8_t
	    *replaces; /* id of the connection whose place it takes over; or NULL */
	gw_places_done *done;
	void *arg;
};

/*
 * gw_places_ask asks for a place.  YES or NO at once where that is known here:
 * the user has no place left even by this gateway's own count, or the aggregator
 * has been away for so long that the gateway decides by that count alone.  Else
 * WAIT, *wait is set, and done comes later unless gw_places_cancel comes first.
 */
enum gw_admission gw_places_ask(
    struct gw_places *places, const struct gw_want *want, struct gw_wait **wait);
void gw_places_cancel(struct gw_wait *wait);

/* gw_places_leave gives a place back; places may be NULL in tests without a bus. */
void gw_places_leave(struct gw_places *places, struct gw_user *user);

struct gw_places_stats {
	uint64_t asked;   /* requests to the aggregator */
	uint64_t alone;   /* let in without it */
	uint64_t surplus; /* ended afterwards because of that */
	uint32_t waiting; /* now */
};
const struct gw_places_stats *gw_places_stats(const struct gw_places *places);

#endif
