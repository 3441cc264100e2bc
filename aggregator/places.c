/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A hold is what one lease has for one user; it hangs in both
 * their lists.  user->total is the sum of the user's holds, and every change of
 * a hold goes through set_hold, which keeps it so.
 *
 * What was granted and is still held is never taken back.  So the total is over
 * a limit only where holds were claimed under a higher one; whatever is claimed
 * anew (a first claim, or one after a lease has ended) fits under the claim's
 * limit or is cut down to it, which the gateway sees by the answer.
 */
#include "places.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/msg.h"
#include "index.h"

/* After the start: gateways dial again every 10 to 100 ms and claim at once. */
#define SETTLE_NS (300 * SL_NS_PER_MS)
#define LEASE_NS  (2 * SL_NS_PER_S)
/* The aggregator itself stood still: nobody else's silence counts. */
#define STALL_NS (LEASE_NS - SL_NS_PER_S / 2)

/* A connection that was asked to end is not asked again for this long. */
#define CUT_NS   (2 * SL_NS_PER_S)
#define CUTS_MAX 256u

#define KEY_MAX (2 * SL_MSG_NAME_MAX + 1)

LIST_HEAD(hold_list, hold);

struct hold {
	LIST_ENTRY(hold) of_user;
	LIST_ENTRY(hold) of_lease;
	struct user *user;
	struct lease *lease;
	uint32_t places;
};

struct user {
	struct hold_list holds;
	uint64_t total;
	size_t key_len;
	char key[]; /* tenant, NUL, sub */
};

struct lease {
	LIST_ENTRY(lease) link;
	struct hold_list holds;
	uint64_t id;
	uint32_t peer;
	int64_t heard_ns;
};

struct agg_places {
	struct agg_index users;
	LIST_HEAD(, lease) leases;
	uint64_t last_lease; /* begins at random: no lease outlives a restart */
	int64_t settled_ns;
	int64_t tick_ns;
	agg_places_cut *cut;
	void *cut_arg;
	struct {
		char id[SL_MSG_CONNECTION_ID];
		int64_t mono_ns;
	} cuts[CUTS_MAX]; /* a ring */
	unsigned cut_next;
	struct agg_places_stats stats;
};

/* ---- users and holds --------------------------------------------------------- */

static struct user *find_user(struct agg_places *places, const struct sl_msg_claim *claim)
{
	char key[KEY_MAX];
	size_t len = claim->tenant.len + 1 + claim->sub.len;

	memcpy(key, claim->tenant.data, claim->tenant.len);
	key[claim->tenant.len] = '\0';
	memcpy(key + claim->tenant.len + 1, claim->sub.data, claim->sub.len);
	struct user *user = agg_index_find(&places->users, key, len);
	if (user)
		return user;
	user = calloc(1, sizeof *user + len + 1);
	if (!user)
		abort();
	LIST_INIT(&user->holds);
	user->key_len = len;
	memcpy(user->key, key, len);
	agg_index_put(&places->users, user->key, len, user);
	places->stats.users++;
	return user;
}

static void forget_if_unused(struct agg_places *places, struct user *user)
{
	if (!LIST_EMPTY(&user->holds))
		return;
	agg_index_remove(&places->users, user->key, user->key_len);
	places->stats.users--;
	free(user);
}

static struct hold *find_hold(struct user *user, const struct lease *lease)
{
	struct hold *hold;

	LIST_FOREACH (hold, &user->holds, of_user)
		if (hold->lease == lease)
			return hold;
	return NULL;
}

/* Sets what a lease has for a user; hold is the present one or NULL. */
static void set_hold(
    struct user *user, struct lease *lease, struct hold *hold, uint32_t places)
{
	if (!hold && places > 0) {
		hold = calloc(1, sizeof *hold);
		if (!hold)
			abort();
		hold->user = user;
		hold->lease = lease;
		LIST_INSERT_HEAD(&user->holds, hold, of_user);
		LIST_INSERT_HEAD(&lease->holds, hold, of_lease);
	}
	if (!hold)
		return;
	user->total += places;
	user->total -= hold->places;
	hold->places = places;
	if (places > 0)
		return;
	LIST_REMOVE(hold, of_user);
	LIST_REMOVE(hold, of_lease);
	free(hold);
}

/* ---- leases ------------------------------------------------------------------ */

static struct lease *find_lease(struct agg_places *places, uint32_t peer)
{
	struct lease *lease;

	LIST_FOREACH (lease, &places->leases, link)
		if (lease->peer == peer)
			return lease;
	return NULL;
}

static void end_lease(struct agg_places *places, struct lease *lease)
{
	struct hold *hold;

	while ((hold = LIST_FIRST(&lease->holds))) {
		struct user *user = hold->user;
		set_hold(user, lease, hold, 0);
		forget_if_unused(places, user);
	}
	LIST_REMOVE(lease, link);
	free(lease);
}

static struct lease *begin_lease(struct agg_places *places, uint32_t peer)
{
	struct lease *lease = calloc(1, sizeof *lease);

	if (!lease)
		abort();
	lease->peer = peer;
	lease->id = ++places->last_lease;
	LIST_INIT(&lease->holds);
	LIST_INSERT_HEAD(&places->leases, lease, link);
	return lease;
}

/* ---- claims ------------------------------------------------------------------ */

struct claiming {
	struct agg_places *places;
	struct lease *lease;
	int64_t mono_ns;
	struct sl_msg_list_writer grants;
};

/* Asks for the end of a connection, unless that was asked a moment ago. */
static void cut_one(struct claiming *c, const struct user *user, const char *id)
{
	struct agg_places *places = c->places;
	const char *sub = user->key + strlen(user->key) + 1;

	for (unsigned i = 0; i < CUTS_MAX; i++)
		if (places->cuts[i].mono_ns > c->mono_ns - CUT_NS &&
		    memcmp(places->cuts[i].id, id, SL_MSG_CONNECTION_ID) == 0)
			return;
	unsigned slot = places->cut_next++ % CUTS_MAX;
	memcpy(places->cuts[slot].id, id, SL_MSG_CONNECTION_ID);
	places->cuts[slot].mono_ns = c->mono_ns;
	places->stats.replaced++;
	places->cut(places->cut_arg, user->key, sub, id);
}

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

static int on_claim(void *arg, const struct sl_msg_claim *claim)
{
	struct claiming *c = arg;
	struct agg_places *places = c->places;
	struct user *user = find_user(places, claim);
	struct hold *hold = find_hold(user, c->lease);
	uint32_t had = hold ? hold->places : 0;
	uint64_t others = user->total - had;
	uint64_t room = claim->limit > others ? claim->limit - others : 0;
	uint32_t keeps = least(had, claim->held);
	bool settling = c->mono_ns < places->settled_ns;
	uint32_t wanted = settling ? 0 : claim->wanted;
	uint32_t gets = least((uint64_t)claim->held + wanted, room);

	if (gets < keeps)
		gets = keeps;
	set_hold(user, c->lease, hold, gets);
	uint32_t served = gets > claim->held ? gets - claim->held : 0;
	uint32_t missing = claim->wanted - served;
	struct sl_msg_grant grant = {gets, missing > 0 && settling};
	if (missing > 0 && !settling && claim->replaces.len > 0) {
		grant.waiting = true;
		for (size_t i = 0; i < claim->replaces.len && missing > 0;
		     i += SL_MSG_CONNECTION_ID, missing--)
			cut_one(c, user, claim->replaces.data + i);
	}
	places->stats.granted += served;
	if (!grant.waiting)
		places->stats.refused += missing;
	forget_if_unused(places, user);
	sl_msg_grants_add(&c->grants, &grant);
	return 0;
}

int agg_places_claim(struct agg_places *places, uint32_t peer, struct sl_slice claims,
    int64_t mono_ns, struct sl_buf *out)
{
	struct claiming c = {.places = places, .mono_ns = mono_ns};
	uint64_t known;
	int rc = sl_msg_claims_read(claims.data, claims.len, &known, NULL, NULL);

	if (rc != 0)
		return rc;
	c.lease = find_lease(places, peer);
	if (c.lease && c.lease->id != known && known != 0) {
		end_lease(places, c.lease);
		c.lease = NULL;
	}
	if (!c.lease)
		c.lease = begin_lease(places, peer);
	c.lease->heard_ns = mono_ns;
	sl_msg_grants_begin(&c.grants, out, c.lease->id);
	sl_msg_claims_read(claims.data, claims.len, &known, on_claim, &c);
	sl_msg_list_end(&c.grants);
	return 0;
}

void agg_places_gone(struct agg_places *places, uint32_t peer)
{
	struct lease *lease = find_lease(places, peer);

	if (lease)
		end_lease(places, lease);
}

void agg_places_tick(struct agg_places *places, int64_t mono_ns)
{
	bool stalled = places->tick_ns && mono_ns - places->tick_ns > STALL_NS;
	struct lease *lease, *next;

	places->tick_ns = mono_ns;
	for (lease = LIST_FIRST(&places->leases); lease; lease = next) {
		next = LIST_NEXT(lease, link);
		if (stalled) {
			lease->heard_ns = mono_ns;
		} else if (mono_ns - lease->heard_ns > LEASE_NS) {
			sl_log_warn(
			    "places", "a gateway is silent: its users' places are free");
			places->stats.lapsed++;
			end_lease(places, lease);
		}
	}
}

const struct agg_places_stats *agg_places_stats(const struct agg_places *places)
{
	return &places->stats;
}

/* ---- the whole --------------------------------------------------------------- */

struct agg_places *agg_places_new(int64_t mono_ns, agg_places_cut *cut, void *arg)
{
	struct agg_places *places = calloc(1, sizeof *places);

	if (!places)
		abort();
	LIST_INIT(&places->leases);
	places->settled_ns = mono_ns + SETTLE_NS;
	places->cut = cut;
	places->cut_arg = arg;
	for (unsigned i = 0; i < CUTS_MAX; i++)
		places->cuts[i].mono_ns = mono_ns - CUT_NS;
	sl_crypto_random(&places->last_lease, sizeof places->last_lease);
	places->last_lease >>= 1; /* room to count without reaching 0 */
	return places;
}

void agg_places_free(struct agg_places *places)
{
	if (!places)
		return;
	while (!LIST_EMPTY(&places->leases))
		end_lease(places, LIST_FIRST(&places->leases));
	agg_index_clear(&places->users);
	free(places);
}
