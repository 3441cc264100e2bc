/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A user whose claim is not what the aggregator knows (somebody
 * waits, or the connections are not those last granted) is in the list of the
 * changed.  One request takes all of them; while it is under way the next ones
 * gather, so the more come the larger the batches become, and one connection
 * costs no round trip of its own.  Claims are absolute (msg.h): a lost or
 * repeated one does no harm, and after a restart of the aggregator (it answers
 * with another lease) every user is simply changed.
 *
 * While the aggregator is away a request waits for it (bus.h), and so does who
 * has asked.  When that has taken the time of a request (2 s), the gateway is
 * on its own: it lets in by its own count until an answer comes.  What is then
 * too much is ended.
 *
 * Waits hang in their user, oldest first.  The asked ones stand in front: they
 * are what the request under way is about.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "loop.h"
#include "places_state.h"

#define HEARTBEAT_MS 1000 /* a lease lasts 2 s */
#define PACE_MS      2    /* between requests, when they come thick */
#define AGAIN_MS     10   /* until it is asked again for what may come soon */

/* More would be too much memory: who comes then is let in by our own count. */
#define WAITING_MAX 8192u

/* ---- the list of the changed --------------------------------------------------- */

/* At the end of the loop's turn, but not before the pace allows. */
void gw_places_schedule(struct gw_places *places)
{
	int64_t pace_ms = places->again ? AGAIN_MS : PACE_MS;
	int64_t passed_ns = sl_clock_mono_ns() - places->sent_ns;
	struct timeval rest = sl_loop_ms(pace_ms - passed_ns / SL_NS_PER_MS);

	if (places->question || evtimer_pending(places->turn, NULL))
		return;
	if (passed_ns >= pace_ms * SL_NS_PER_MS)
		event_active(places->turn, EV_TIMEOUT, 0);
	else
		evtimer_add(places->turn, &rest);
}

void gw_places_mark(struct gw_places *places, struct gw_user *user)
{
	if (user->changed)
		return;
	user->changed = true;
	user->changed_next = NULL;
	user->refs++;
	if (places->changed_last)
		places->changed_last->changed_next = user;
	else
		places->changed_first = user;
	places->changed_last = user;
}

/* Takes the first one out, with the list's reference; NULL if there is none. */
struct gw_user *gw_places_take(struct gw_places *places)
{
	struct gw_user *user = places->changed_first;

	if (!user)
		return NULL;
	places->changed_first = user->changed_next;
	if (!places->changed_first)
		places->changed_last = NULL;
	user->changed = false;
	return user;
}

/* ---- waits --------------------------------------------------------------------- */

static void let_in(struct gw_user *user, uint32_t limit)
{
	user->connections++;
	if (limit > user->limit)
		user->limit = limit;
}

static void release(struct gw_wait *wait)
{
	struct gw_user *user = wait->user;

	TAILQ_REMOVE(&user->waits, wait, link);
	user->waiting--;
	wait->places->stats.waiting--;
	gw_user_unref(user);
	free(wait);
}

void gw_places_finish(struct gw_wait *wait, enum gw_admission admission)
{
	gw_places_done *done = wait->done;
	void *arg = wait->arg;

	if (admission == GW_ADMISSION_YES)
		let_in(wait->user, wait->limit);
	release(wait);
	done(arg, admission);
}

static enum gw_admission decide_alone(
    struct gw_places *places, struct gw_user *user, uint32_t limit)
{
	if (user->connections >= limit)
		return GW_ADMISSION_NO;
	let_in(user, limit);
	places->stats.alone++;
	gw_places_mark(places, user);
	return GW_ADMISSION_YES;
}

enum gw_admission gw_places_ask(
    struct gw_places *places, const struct gw_want *want, struct gw_wait **wait)
{
	struct gw_user *user = want->user;
	uint64_t known = (uint64_t)user->connections + user->waiting;
	uint64_t most =
	    (uint64_t)want->limit + (want->replaces ? SL_MSG_REPLACES_MAX : 0);

	if (known >= most)
		return GW_ADMISSION_NO;
	if (places->away || places->stats.waiting >= WAITING_MAX)
		return decide_alone(places, user, want->limit);
	struct gw_wait *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	*w = (struct gw_wait){
	    .places = places,
	    .user = user,
	    .limit = want->limit,
	    .takes_over = want->replaces != NULL,
	    .since_ns = sl_clock_mono_ns(),
	    .done = want->done,
	    .arg = want->arg,
	};
	if (want->replaces)
		memcpy(w->replaces, want->replaces, sizeof w->replaces);
	if (user->waiting == 0)
		TAILQ_INIT(&user->waits);
	TAILQ_INSERT_TAIL(&user->waits, w, link);
	user->waiting++;
	user->refs++;
	places->stats.waiting++;
	gw_places_mark(places, user);
	gw_places_schedule(places);
	*wait = w;
	return GW_ADMISSION_WAIT;
}

void gw_places_cancel(struct gw_wait *wait)
{
	struct gw_places *places = wait->places;

	gw_places_mark(places, wait->user);
	release(wait);
	gw_places_schedule(places);
}

void gw_places_leave(struct gw_places *places, struct gw_user *user)
{
	if (--user->connections == 0)
		user->limit = 0;
	if (!places)
		return;
	gw_places_mark(places, user);
	gw_places_schedule(places);
}

/* ---- the whole ----------------------------------------------------------------- */

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct gw_places *places = arg;

	(void)fd;
	(void)what;
	if (places->changed_first)
		gw_places_send(places);
}

static void on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	gw_places_send(arg);
}

const struct gw_places_stats *gw_places_stats(const struct gw_places *places)
{
	return &places->stats;
}

struct gw_places *gw_places_new(struct event_base *loop, struct gw_ask *ask,
    struct gw_users *users, gw_places_surplus *surplus, void *arg)
{
	struct gw_places *places = calloc(1, sizeof *places);
	struct timeval beat = sl_loop_ms(HEARTBEAT_MS);

	if (!places)
		abort();
	places->ask = ask;
	places->users = users;
	places->surplus = surplus;
	places->arg = arg;
	places->turn = evtimer_new(loop, on_turn, places);
	places->heartbeat = event_new(loop, -1, EV_PERSIST, on_heartbeat, places);
	if (!places->turn || !places->heartbeat || event_add(places->heartbeat, &beat))
		abort();
	return places;
}

void gw_places_free(struct gw_places *places)
{
	struct gw_user *user;

	if (!places)
		return;
	event_free(places->turn);
	event_free(places->heartbeat);
	for (uint32_t i = 0; i < places->claims; i++)
		gw_places_mark(places, places->claimed[i]);
	for (uint32_t i = 0; i < places->claims; i++)
		gw_user_unref(places->claimed[i]);
	while ((user = gw_places_take(places))) {
		struct gw_wait *wait;
		while (user->waiting > 0 && (wait = TAILQ_FIRST(&user->waits)))
			release(wait);
		gw_user_unref(user);
	}
	sl_buf_clear(&places->packed);
	free(places);
}
