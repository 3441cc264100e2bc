/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that change what they see while older entries are on their way to them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/behind.h"
#include "gateway/fanout.h"
#include "gateway/subscription.h"
#include "gw_fixture.h"

#define ENTRIES 40u

static struct gw_fixture f;

/* A client whose socket takes little at once is still behind when it asks again. */
static void open_slow(struct gw_peer *p, const char *role)
{
	gw_fixture_init(&f, 8u << 20);
	gw_peer_open(p, &f, role, "u", 4096);
}

static void publish(enum sl_stream stream, const char *module, size_t pad)
{
	static const char *const topics[] = {"events.ea.x", "events.eb.x", "events.ec.x"};
	struct gw_publish what = {.stream = stream,
	    .module = module,
	    .topic = stream == SL_STREAM_ALERTS ? "alerts" : topics[module[0] - 'a'],
	    .pad = pad};

	gw_fixture_publish(&f, &what);
}

static void read_all(struct gw_peer *p)
{
	gw_fanout_flush(&f.hub);
	gw_fixture_run(&f);
	while (gw_peer_read(p, 65536))
		gw_fixture_run(&f);
}

/* Takes everything and counts how often each entry of the low log came. */
static void count_low(struct gw_peer *p, unsigned times[ENTRIES + 1])
{
	struct gw_got got;

	memset(times, 0, (ENTRIES + 1) * sizeof *times);
	while (gw_peer_take(p, &got)) {
		ck_assert_str_ne(got.type, "gap");
		if (strcmp(got.type, "event") != 0)
			continue;
		ck_assert_uint_le(got.seq, ENTRIES);
		times[got.seq]++;
	}
}

static void change_role(struct gw_peer *p, const char *role)
{
	struct sl_jwt_claims claims = {
	    .tenant = "default", .sub = "u", .exp_s = INT64_C(1) << 40};
	uint8_t hash[SL_JWT_HASH] = {0};

	strcpy(claims.role, role);
	gw_identity_unref(p->client.who);
	p->client.who = gw_identity_new(f.hub.mirror, f.users, &claims, hash);
	struct gw_patterns *all = gw_sub_all(&p->client);
	gw_client_follow(&p->client, all, NULL);
	gw_patterns_unref(all);
}

static const struct sl_cursor beginning = {
    .aggregator = 7, .epoch = 9, .next = {1, 1, 1, 1, 1}};

START_TEST(asking_again_while_older_entries_come_repeats_and_loses_none)
{
	static const char *const names[] = {"events.ea.>", "events.eb.>", "events.ec.>"};
	static const char *const modules[] = {"a", "b", "c"};
	unsigned times[ENTRIES + 1];
	struct gw_peer p;

	open_slow(&p, "all");
	for (unsigned i = 0; i < ENTRIES; i++)
		publish(SL_STREAM_LOW, modules[i % 3], 1000);
	gw_fanout_flush(&f.hub);
	/* The last one before the first has come, so that it is asked from a middle. */
	for (int i = 0; i < 3; i++)
		gw_peer_subscribe(&p, names[i], &beginning);
	ck_assert_ptr_nonnull(p.client.behind);
	read_all(&p);
	count_low(&p, times);
	for (unsigned seq = 1; seq <= ENTRIES; seq++)
		ck_assert_msg(times[seq] == 1, "%u came %u times", seq, times[seq]);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(what_a_former_role_hid_comes_when_it_is_asked_for)
{
	unsigned times[ENTRIES + 1];
	struct gw_peer p;

	open_slow(&p, "ra");
	gw_peer_subscribe(&p, "events.>", NULL);
	for (unsigned i = 0; i < ENTRIES; i++)
		publish(SL_STREAM_LOW, i % 2 ? "b" : "a", 0);
	read_all(&p);
	change_role(&p, "rab");
	gw_peer_subscribe(&p, "alerts", &beginning);
	read_all(&p);
	count_low(&p, times);
	for (unsigned seq = 1; seq <= ENTRIES; seq++)
		ck_assert_msg(times[seq] == 1, "%u came %u times", seq, times[seq]);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(another_role_while_it_resumes_is_told_its_open_alerts)
{
	struct gw_got got;
	bool told = false;
	struct gw_peer p;

	open_slow(&p, "ra");
	for (unsigned i = 0; i < ENTRIES; i++)
		publish(SL_STREAM_LOW, "a", 4000);
	gw_fanout_flush(&f.hub);
	gw_peer_subscribe(&p, "events.>,alerts", &beginning);
	ck_assert_ptr_nonnull(p.client.behind);
	change_role(&p, "rab");
	read_all(&p);
	while (gw_peer_take(&p, &got))
		told |= strcmp(got.type, "initial_metrics") == 0 &&
			strstr(got.text, "\"alerts\":[") != NULL;
	ck_assert(told);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(a_gap_not_told_yet_is_void_once_older_entries_are_asked_for)
{
	unsigned times[ENTRIES + 1];
	struct gw_peer p;

	open_slow(&p, "all");
	f.hub.limits.lag_messages = 5;
	gw_peer_subscribe(&p, "events.>", NULL);
	gw_fixture_run(&f);
	for (unsigned i = 0; i < ENTRIES; i++) {
		publish(SL_STREAM_LOW, "a", 1000);
		gw_fanout_flush(&f.hub);
	}
	ck_assert_uint_gt(f.hub.stats.skipped, 0);
	gw_peer_subscribe(&p, "alerts", &beginning);
	read_all(&p);
	count_low(&p, times);
	for (unsigned seq = 1; seq <= ENTRIES; seq++)
		ck_assert_msg(times[seq] == 1, "%u came %u times", seq, times[seq]);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(who_asks_for_older_entries_without_end_has_to_wait)
{
	static const char *const roles[] = {"ra", "rab", "all"};
	struct gw_peer p;
	int asked = 0;

	open_slow(&p, "all");
	for (unsigned i = 0; i < ENTRIES; i++)
		publish(SL_STREAM_LOW, "a", 1000);
	gw_fanout_flush(&f.hub);
	/* Each time with another sight. */
	while (gw_behind_may_resume(&p.client)) {
		char topic[32];
		ck_assert_int_lt(asked, 100);
		if (asked % 4 == 3)
			change_role(&p, roles[asked / 4 % 3]);
		snprintf(topic, sizeof topic, "events.ea.t%d", asked++);
		gw_peer_subscribe(&p, topic, &beginning);
	}
	ck_assert_int_ge(asked, GW_ALREADY_MAX);
	read_all(&p);
	ck_assert(gw_behind_may_resume(&p.client));
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

/* Counts each entry of the low log; returns how many gaps were told. */
static unsigned count_with_gaps(struct gw_peer *p, unsigned *times, unsigned max)
{
	struct gw_got got;
	unsigned gaps = 0;

	while (gw_peer_take(p, &got)) {
		gaps += strcmp(got.type, "gap") == 0;
		if (strcmp(got.type, "event") != 0)
			continue;
		ck_assert_uint_le(got.seq, max);
		times[got.seq]++;
	}
	return gaps;
}

START_TEST(what_a_slow_client_lost_comes_when_it_is_asked_for)
{
	enum { COUNT = 400 };
	unsigned times[COUNT + 1] = {0};
	struct gw_peer p;

	open_slow(&p, "all");
	gw_peer_subscribe(&p, "events.>", NULL);
	gw_fixture_run(&f);
	for (unsigned i = 0; i < COUNT; i++) {
		publish(SL_STREAM_LOW, "a", 1000);
		gw_fanout_flush(&f.hub);
	}
	ck_assert_uint_gt(f.hub.stats.skipped, 0);
	read_all(&p);
	ck_assert_uint_gt(count_with_gaps(&p, times, COUNT), 0);
	gw_peer_subscribe(&p, "alerts", &beginning);
	read_all(&p);
	ck_assert_uint_eq(count_with_gaps(&p, times, COUNT), 0);
	for (unsigned seq = 1; seq <= COUNT; seq++)
		ck_assert_msg(times[seq] == 1, "%u came %u times", seq, times[seq]);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_again");
	TCase *tc = tcase_create("sight");

	tcase_add_test(tc, asking_again_while_older_entries_come_repeats_and_loses_none);
	tcase_add_test(tc, what_a_former_role_hid_comes_when_it_is_asked_for);
	tcase_add_test(tc, another_role_while_it_resumes_is_told_its_open_alerts);
	tcase_add_test(tc, a_gap_not_told_yet_is_void_once_older_entries_are_asked_for);
	tcase_add_test(tc, what_a_slow_client_lost_comes_when_it_is_asked_for);
	tcase_add_test(tc, who_asks_for_older_entries_without_end_has_to_wait);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
