/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of places.c and what their answers do. */
#include <string.h>

#include "clock.h"
#include "log.h"
#include "places_state.h"

#define BATCH_BYTES (SL_MSG_BODY_MAX / 2)

/* Nobody is asked for again for longer than this: it is not known then. */
#define AGAIN_NS (3 * SL_NS_PER_S)

/* The claim of a user: what it holds, and the first who wait under one limit. */
static void add_claim(struct sl_msg_list_writer *w, struct gw_user *user)
{
	static char replaces[SL_MSG_REPLACES_MAX * SL_MSG_CONNECTION_ID];
	struct gw_wait *wait = user->waiting ? TAILQ_FIRST(&user->waits) : NULL;
	struct sl_msg_claim claim = {
	    .tenant = {user->name, user->tenant_len},
	    .sub = {gw_user_sub(user), user->sub_len},
	    .limit = wait ? wait->limit : user->limit,
	    .held = user->connections,
	    .replaces = {replaces, 0},
	};

	user->claimed = user->connections;
	for (; wait && wait->limit == claim.limit; wait = TAILQ_NEXT(wait, link)) {
		wait->asked = true;
		claim.wanted++;
		if (!wait->takes_over || claim.replaces.len == sizeof replaces)
			continue;
		memcpy(
		    replaces + claim.replaces.len, wait->replaces, SL_MSG_CONNECTION_ID);
		claim.replaces.len += SL_MSG_CONNECTION_ID;
	}
	sl_msg_claims_add(w, &claim);
}

static void on_answer(void *arg, const struct sl_msg_reply *reply);

void gw_places_send(struct gw_places *places)
{
	struct sl_msg_list_writer w;
	struct gw_user *user;

	if (places->question)
		return;
	sl_msg_claims_begin(&w, &places->packed, places->lease);
	places->claims = 0;
	while (places->claims < SL_MSG_CLAIMS_MAX && places->packed.len < BATCH_BYTES &&
	       (user = gw_places_take(places))) {
		add_claim(&w, user);
		places->claimed[places->claims++] = user;
	}
	sl_msg_list_end(&w);
	places->again = false;
	places->sent_ns = sl_clock_mono_ns();
	places->stats.asked++;
	struct sl_slice body = {places->packed.data, places->packed.len};
	places->question = gw_ask_send(places->ask, SL_REQ_PLACES,
	    (struct sl_slice){"", 0}, body, on_answer, places);
	if (!places->question)
		on_answer(places, NULL);
}

/* ---- the answer ---------------------------------------------------------------- */

/* Nobody decides for us: all who wait are let in as far as our own count allows. */
static void decide_all_alone(struct gw_places *places, struct gw_user *user)
{
	struct gw_wait *wait;

	while (user->waiting > 0 && (wait = TAILQ_FIRST(&user->waits))) {
		bool admitted = user->connections < wait->limit;
		places->stats.alone += admitted;
		gw_places_finish(wait, admitted ? GW_ADMISSION_YES : GW_ADMISSION_NO);
	}
}

static void lose_aggregator(struct gw_places *places)
{
	struct gw_user *user, *stop = NULL;

	if (!places->away)
		sl_log_warn("places",
		    "the aggregator does not answer: connections of a user are limited "
		    "by this gateway's own count");
	places->away = true;
	for (uint32_t i = 0; i < places->claims; i++) {
		gw_places_mark(places, places->claimed[i]);
		gw_user_unref(places->claimed[i]);
	}
	places->claims = 0;
	/* Each goes back to the end of the list: the first one comes twice. */
	while ((user = gw_places_take(places))) {
		decide_all_alone(places, user);
		gw_places_mark(places, user);
		gw_user_unref(user);
		if (user == stop)
			break;
		if (!stop)
			stop = user;
	}
}

static void grant(struct gw_places *places, struct gw_user *user,
    const struct sl_msg_grant *grant, int64_t now_ns)
{
	struct gw_wait *wait;

	user->granted = grant->places;
	while (user->waiting > 0 && (wait = TAILQ_FIRST(&user->waits))->asked) {
		if (user->connections < grant->places) {
			gw_places_finish(wait, GW_ADMISSION_YES);
		} else if (!grant->waiting) {
			gw_places_finish(wait, GW_ADMISSION_NO);
		} else if (now_ns - wait->since_ns > AGAIN_NS) {
			gw_places_finish(wait, GW_ADMISSION_UNKNOWN);
		} else {
			places->again = true;
			TAILQ_FOREACH (wait, &user->waits, link)
				wait->asked = false;
		}
	}
	/* Who was let in without asking, meanwhile, is judged by the next answer. */
	uint32_t held =
	    user->claimed < user->connections ? user->claimed : user->connections;
	if (held > grant->places) {
		uint32_t count = held - grant->places;
		places->stats.surplus += count;
		places->surplus(places->arg, user, count);
	}
	if (user->waiting > 0 || user->connections != grant->places)
		gw_places_mark(places, user);
}

struct answer {
	struct gw_places *places;
	uint32_t at;
	int64_t now_ns;
};

static int count_grant(void *arg, const struct sl_msg_grant *g)
{
	(void)g;
	++*(uint32_t *)arg;
	return 0;
}

static int on_grant(void *arg, const struct sl_msg_grant *g)
{
	struct answer *a = arg;

	grant(a->places, a->places->claimed[a->at++], g, a->now_ns);
	return 0;
}

static void mark_holder(void *arg, struct gw_user *user)
{
	if (user->connections > 0)
		gw_places_mark(arg, user);
}

static void on_answer(void *arg, const struct sl_msg_reply *reply)
{
	struct gw_places *places = arg;
	struct answer a = {.places = places, .now_ns = sl_clock_mono_ns()};
	uint32_t count = 0;
	uint64_t lease;

	places->question = NULL;
	if (!reply || reply->status != 200 ||
	    sl_msg_grants_read(
		reply->body.data, reply->body.len, &lease, count_grant, &count) != 0 ||
	    count != places->claims) {
		lose_aggregator(places);
		return;
	}
	if (places->away)
		sl_log_info("places", "the aggregator answers again");
	places->away = false;
	sl_msg_grants_read(reply->body.data, reply->body.len, &lease, on_grant, &a);
	for (uint32_t i = 0; i < places->claims; i++)
		gw_user_unref(places->claimed[i]);
	places->claims = 0;
	if (lease != places->lease)
		gw_users_each(places->users, mark_holder, places);
	places->lease = lease;
	if (places->changed_first)
		gw_places_schedule(places);
}
