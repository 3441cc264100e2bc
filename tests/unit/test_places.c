/* SPDX-License-Identifier: Apache-2.0 */
/* Places for users' connections: exact under any order of claims, ends and silence. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/places.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/msg.h"

#define LIMIT 5u
#define PEERS 4u

static struct agg_places *places;
static int64_t now;
static int cuts;
static char last_cut[SL_MSG_CONNECTION_ID];

static void on_cut(void *arg, const char *tenant, const char *sub, const char *id)
{
	(void)arg;
	ck_assert_str_eq(tenant, "default");
	ck_assert_str_eq(sub, "alice");
	memcpy(last_cut, id, sizeof last_cut);
	cuts++;
}

static void setup(void)
{
	ck_assert_int_eq(sl_crypto_init(), 0);
	now = 1000 * SL_NS_PER_S;
	cuts = 0;
	places = agg_places_new(now, on_cut, NULL);
	now += SL_NS_PER_S; /* the first moments are over */
}

static void teardown(void)
{
	agg_places_free(places);
}

struct got {
	uint64_t lease;
	struct sl_msg_grant grant;
	int count;
};

static int on_grant(void *arg, const struct sl_msg_grant *grant)
{
	struct got *got = arg;

	got->grant = *grant;
	got->count++;
	return 0;
}

/* One claim of alice's; the lease is the one to name. */
static struct got claim(
    uint32_t peer, uint64_t lease, uint32_t held, uint32_t wanted, const char *replaces)
{
	struct sl_msg_list_writer w;
	struct sl_buf out = {0}, answer = {0};
	struct got got = {0};
	struct sl_msg_claim c = {{"default", 7}, {"alice", 5}, LIMIT, held, wanted,
	    {replaces, replaces ? SL_MSG_CONNECTION_ID : 0}};

	sl_msg_claims_begin(&w, &out, lease);
	sl_msg_claims_add(&w, &c);
	sl_msg_list_end(&w);
	ck_assert_int_eq(agg_places_claim(places, peer,
			     (struct sl_slice){out.data, out.len}, now, &answer),
	    0);
	ck_assert_int_eq(
	    sl_msg_grants_read(answer.data, answer.len, &got.lease, on_grant, &got), 0);
	ck_assert_int_eq(got.count, 1);
	sl_buf_clear(&out);
	sl_buf_clear(&answer);
	return got;
}

static void assert_got(struct got got, uint32_t granted, bool waiting)
{
	ck_assert_uint_eq(got.grant.places, granted);
	ck_assert_int_eq(got.grant.waiting, waiting);
}

START_TEST(a_limit_holds_over_all_gateways)
{
	assert_got(claim(1, 0, 0, 3, NULL), 3, false);
	assert_got(claim(2, 0, 0, 3, NULL), 2, false);
	assert_got(claim(3, 0, 0, 1, NULL), 0, false);
	/* The same again changes nothing. */
	assert_got(claim(2, 0, 0, 3, NULL), 2, false);
	assert_got(claim(1, 0, 1, 0, NULL), 1, false);
	assert_got(claim(3, 0, 0, 9, NULL), 2, false);
	ck_assert_uint_eq(agg_places_stats(places)->users, 1);
}
END_TEST

START_TEST(a_user_without_connections_is_forgotten)
{
	assert_got(claim(1, 0, 0, 5, NULL), 5, false);
	assert_got(claim(1, 0, 0, 0, NULL), 0, false);
	ck_assert_uint_eq(agg_places_stats(places)->users, 0);
}
END_TEST

START_TEST(what_a_gateway_had_is_free_when_its_connection_ends)
{
	claim(1, 0, 0, 5, NULL);
	assert_got(claim(2, 0, 0, 1, NULL), 0, false);
	agg_places_gone(places, 1);
	assert_got(claim(2, 0, 0, 5, NULL), 5, false);
}
END_TEST

START_TEST(a_silent_gateway_loses_its_places_and_learns_it)
{
	uint64_t lease = claim(1, 0, 0, 5, NULL).lease;

	for (int s = 0; s < 4; s++) {
		claim(2, 0, 0, 0, NULL);
		now += SL_NS_PER_S;
		agg_places_tick(places, now);
	}
	assert_got(claim(2, 0, 0, 3, NULL), 3, false);
	/* It comes back with five: two fit, and the lease is another one. */
	struct got got = claim(1, lease, 5, 0, NULL);
	assert_got(got, 2, false);
	ck_assert_uint_ne(got.lease, lease);
	ck_assert_uint_eq(agg_places_stats(places)->lapsed, 1);
}
END_TEST

START_TEST(a_gateway_is_not_silent_while_the_aggregator_stood_still)
{
	claim(1, 0, 0, 5, NULL);
	agg_places_tick(places, now);
	now += 60 * SL_NS_PER_S;
	agg_places_tick(places, now);
	assert_got(claim(2, 0, 0, 1, NULL), 0, false);
}
END_TEST

START_TEST(after_a_start_what_is_held_comes_before_what_is_wanted)
{
	agg_places_free(places);
	places = agg_places_new(now, on_cut, NULL);
	assert_got(claim(1, 77, 2, 1, NULL), 2, true);
	assert_got(claim(2, 78, 3, 0, NULL), 3, false);
	now += SL_NS_PER_S;
	assert_got(claim(1, 77, 2, 1, NULL), 2, false);
}
END_TEST

START_TEST(a_resumed_connection_is_asked_to_make_room_once)
{
	const char *id = "0123456789abcdef";

	claim(1, 0, 0, 5, NULL);
	assert_got(claim(2, 0, 0, 1, id), 0, true);
	assert_got(claim(2, 0, 0, 1, id), 0, true);
	ck_assert_int_eq(cuts, 1);
	ck_assert_mem_eq(last_cut, id, sizeof last_cut);
	claim(1, 0, 4, 0, NULL);
	assert_got(claim(2, 0, 0, 1, id), 1, false);
}
END_TEST

START_TEST(nobody_is_asked_to_make_room_where_there_is_some)
{
	assert_got(claim(1, 0, 0, 1, "0123456789abcdef"), 1, false);
	ck_assert_int_eq(cuts, 0);
}
END_TEST

START_TEST(malformed_claims_change_nothing)
{
	struct sl_buf answer = {0};

	ck_assert_int_ne(agg_places_claim(places, 1, (struct sl_slice){"\x94\x01\x06", 3},
			     now, &answer),
	    0);
	ck_assert_uint_eq(agg_places_stats(places)->users, 0);
	sl_buf_clear(&answer);
}
END_TEST

/* Gateways that come, ask, leave and fall silent in any order, against a count. */
START_TEST(never_more_than_the_limit_whatever_happens)
{
	uint32_t held[PEERS] = {0};
	uint64_t lease[PEERS] = {0};

	srandom(4);
	for (int step = 0; step < 200000; step++) {
		uint32_t peer = (uint32_t)random() % PEERS;
		uint32_t total = 0;
		switch (random() % 8) {
		case 0:
			agg_places_gone(places, peer);
			held[peer] = 0;
			lease[peer] = 0;
			break;
		case 1:
		case 2:
			held[peer] -= held[peer] > 0;
			break;
		default: {
			uint32_t wanted = (uint32_t)random() % 4;
			struct got got =
			    claim(peer, lease[peer], held[peer], wanted, NULL);
			ck_assert_uint_ge(got.grant.places, held[peer]);
			ck_assert_uint_le(got.grant.places, held[peer] + wanted);
			held[peer] = got.grant.places;
			lease[peer] = got.lease;
		}
		}
		for (uint32_t i = 0; i < PEERS; i++)
			total += held[i];
		ck_assert_uint_le(total, LIMIT);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("places");
	TCase *tcase = tcase_create("places");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_limit_holds_over_all_gateways);
	tcase_add_test(tcase, a_user_without_connections_is_forgotten);
	tcase_add_test(tcase, what_a_gateway_had_is_free_when_its_connection_ends);
	tcase_add_test(tcase, a_silent_gateway_loses_its_places_and_learns_it);
	tcase_add_test(tcase, a_gateway_is_not_silent_while_the_aggregator_stood_still);
	tcase_add_test(tcase, after_a_start_what_is_held_comes_before_what_is_wanted);
	tcase_add_test(tcase, a_resumed_connection_is_asked_to_make_room_once);
	tcase_add_test(tcase, nobody_is_asked_to_make_room_where_there_is_some);
	tcase_add_test(tcase, malformed_claims_change_nothing);
	tcase_add_test(tcase, never_more_than_the_limit_whatever_happens);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
