/* SPDX-License-Identifier: Apache-2.0 */
/* What clients of a hub get: everything they may see, once, in order, or a gap. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fanout.h"
#include "gateway/pump.h"
#include "gateway/view.h"
#include "gw_fixture.h"

static void expect(struct gw_peer *p, const char *type, int stream, uint64_t seq)
{
	struct gw_got got;

	ck_assert_msg(gw_peer_take(p, &got), "no message, wanted %s", type);
	ck_assert_str_eq(got.type, type);
	if (stream >= 0) {
		ck_assert_int_eq(got.stream, stream);
		ck_assert_uint_eq(got.seq, seq);
	}
}

static void expect_nothing(struct gw_peer *p)
{
	struct gw_got got;

	ck_assert_msg(!gw_peer_take(p, &got), "unexpected: %s", got.text);
}

static struct gw_fixture f;

static void publish(enum sl_stream stream, const char *module)
{
	static const char *const topics[] = {"events.ea.x", "events.eb.x", "events.ec.x"};
	struct gw_publish what = {.stream = stream,
	    .module = module,
	    .topic = stream == SL_STREAM_ALERTS ? "alerts" : topics[module[0] - 'a']};

	gw_fixture_publish(&f, &what);
}

static void flush_and_read(struct gw_peer *p)
{
	gw_fanout_flush(&f.hub);
	gw_fixture_run(&f);
	while (gw_peer_read(p, 65536))
		gw_fixture_run(&f);
}

/* ---- tests
 * -------------------------------------------------------------------------------- */

START_TEST(sends_one_flush_by_importance_whatever_order_it_came_in)
{
	/* Every order of the five logs. */
	static const int orders[][5] = {{4, 3, 2, 1, 0}, {0, 1, 2, 3, 4}, {2, 4, 0, 3, 1},
	    {3, 0, 4, 1, 2}, {1, 2, 3, 4, 0}};
	struct gw_peer p;

	gw_fixture_init(&f, 1u << 20);
	gw_peer_open(&p, &f, "all", "u", 0);
	gw_peer_subscribe(&p, "events.>,alerts", NULL);
	flush_and_read(&p);
	expect(&p, "initial_metrics", -1, 0);
	for (uint64_t round = 0; round < 5; round++) {
		for (int i = 0; i < 5; i++)
			publish((enum sl_stream)orders[round][i], "a");
		flush_and_read(&p);
		expect(&p, "alert_update", SL_STREAM_ALERTS, round + 1);
		for (int s = SL_STREAM_CRITICAL; s <= SL_STREAM_LOW; s++)
			expect(&p, "event", s, round + 1);
		expect_nothing(&p);
	}
	ck_assert_uint_eq(f.hub.stats.shared, 25);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(cursor_of_every_message_resumes_right_behind_it)
{
	struct gw_peer p;
	struct gw_got got[10];
	int count = 0;

	gw_fixture_init(&f, 1u << 20);
	gw_peer_open(&p, &f, "all", "u", 0);
	gw_peer_subscribe(&p, "events.>,alerts", NULL);
	for (int i = 0; i < 2; i++) {
		for (int s = SL_STREAM_LOW; s >= 0; s--)
			publish((enum sl_stream)s, "a");
	}
	flush_and_read(&p);
	expect(&p, "initial_metrics", -1, 0);
	while (count < 10 && gw_peer_take(&p, &got[count]))
		count++;
	ck_assert_int_eq(count, 10);
	for (int i = 0; i < count; i++) {
		struct gw_peer again;
		gw_peer_open(&again, &f, "all", "u", 0);
		gw_peer_subscribe(&again, "events.>,alerts", &got[i].cursor);
		flush_and_read(&again);
		expect(&again, "initial_metrics", -1, 0);
		for (int j = i + 1; j < count; j++)
			expect(&again, got[j].type, got[j].stream, got[j].seq);
		expect_nothing(&again);
		gw_peer_close(&again);
	}
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(entry_for_one_subject_reaches_that_one_alone_in_log_order)
{
	struct gw_peer p[2];
	struct gw_publish own = {.stream = SL_STREAM_NORMAL,
	    .module = "a",
	    .topic = "events.ea.x",
	    .sub = "u0"};

	gw_fixture_init(&f, 1u << 20);
	for (int i = 0; i < 2; i++) {
		gw_peer_open(&p[i], &f, "ra", i ? "u1" : "u0", 0);
		gw_peer_subscribe(&p[i], "events.>", NULL);
		flush_and_read(&p[i]);
		expect(&p[i], "initial_metrics", -1, 0);
	}
	publish(SL_STREAM_NORMAL, "a");
	gw_fixture_publish(&f, &own);
	publish(SL_STREAM_NORMAL, "a");
	flush_and_read(&p[0]);
	flush_and_read(&p[1]);
	for (uint64_t seq = 1; seq <= 3; seq++)
		expect(&p[0], "event", SL_STREAM_NORMAL, seq);
	expect(&p[1], "event", SL_STREAM_NORMAL, 1);
	expect(&p[1], "event", SL_STREAM_NORMAL, 3);
	for (int i = 0; i < 2; i++) {
		expect_nothing(&p[i]);
		gw_peer_close(&p[i]);
	}
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(entry_for_one_role_reaches_that_role_alone)
{
	struct gw_peer p[2];
	struct gw_publish what = {.stream = SL_STREAM_HIGH,
	    .module = "a",
	    .topic = "events.ea.x",
	    .role = "ra"};

	gw_fixture_init(&f, 1u << 20);
	for (int i = 0; i < 2; i++) {
		gw_peer_open(&p[i], &f, i ? "all" : "ra", "u", 0);
		gw_peer_subscribe(&p[i], "events.>", NULL);
	}
	gw_fixture_publish(&f, &what);
	flush_and_read(&p[0]);
	flush_and_read(&p[1]);
	expect(&p[0], "initial_metrics", -1, 0);
	expect(&p[0], "event", SL_STREAM_HIGH, 1);
	expect(&p[1], "initial_metrics", -1, 0);
	for (int i = 0; i < 2; i++) {
		expect_nothing(&p[i]);
		gw_peer_close(&p[i]);
	}
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(another_epoch_is_one_gap_for_each_log_and_the_state)
{
	struct sl_cursor since = {.aggregator = 7, .epoch = 1, .next = {5, 5, 5, 5, 5}};
	struct gw_peer p;

	gw_fixture_init(&f, 1u << 20);
	publish(SL_STREAM_LOW, "a");
	gw_fanout_flush(&f.hub);
	gw_peer_open(&p, &f, "all", "u", 0);
	gw_peer_subscribe(&p, "events.>,alerts", &since);
	flush_and_read(&p);
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		struct gw_got got;
		ck_assert(gw_peer_take(&p, &got));
		ck_assert_str_eq(got.type, "gap");
		ck_assert_int_eq(got.stream, s);
	}
	expect(&p, "initial_metrics", -1, 0);
	expect_nothing(&p);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(live_client_is_told_of_another_epoch_and_goes_on)
{
	static const uint64_t next[SL_STREAM_COUNT] = {4, 4, 4, 4, 4};
	struct gw_peer p;
	struct gw_got got;

	gw_fixture_init(&f, 1u << 20);
	gw_peer_open(&p, &f, "all", "u", 0);
	gw_peer_subscribe(&p, "events.>,alerts", NULL);
	publish(SL_STREAM_LOW, "a");
	flush_and_read(&p);
	expect(&p, "initial_metrics", -1, 0);
	expect(&p, "event", SL_STREAM_LOW, 1);
	gw_hub_join(&f.hub, 7, 10, next);
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		f.next[s] = 4;
	publish(SL_STREAM_LOW, "a");
	flush_and_read(&p);
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		ck_assert(gw_peer_take(&p, &got));
		ck_assert_str_eq(got.type, "gap");
		ck_assert_uint_eq(got.cursor.epoch, 10);
	}
	expect(&p, "initial_metrics", -1, 0);
	expect(&p, "event", SL_STREAM_LOW, 4);
	expect_nothing(&p);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(subscription_added_with_a_cursor_repeats_nothing_of_the_former_ones)
{
	struct sl_cursor since = {.aggregator = 7, .epoch = 9, .next = {1, 1, 1, 1, 1}};
	struct gw_peer p;

	gw_fixture_init(&f, 1u << 20);
	gw_peer_open(&p, &f, "all", "u", 0);
	gw_peer_subscribe(&p, "events.ea.>,alerts", NULL);
	publish(SL_STREAM_ALERTS, "a");
	publish(SL_STREAM_LOW, "a");
	publish(SL_STREAM_LOW, "b");
	flush_and_read(&p);
	expect(&p, "initial_metrics", -1, 0);
	expect(&p, "alert_update", SL_STREAM_ALERTS, 1);
	expect(&p, "event", SL_STREAM_LOW, 1);
	gw_peer_subscribe(&p, "events.eb.>", &since);
	flush_and_read(&p);
	expect(&p, "initial_metrics", -1, 0);
	expect(&p, "event", SL_STREAM_LOW, 2);
	expect_nothing(&p);
	publish(SL_STREAM_LOW, "a");
	flush_and_read(&p);
	expect(&p, "event", SL_STREAM_LOW, 3);
	expect_nothing(&p);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(what_the_window_no_longer_keeps_is_one_gap)
{
	struct sl_cursor since = {.aggregator = 7, .epoch = 9, .next = {1, 1, 1, 1, 1}};
	struct gw_peer p;
	struct gw_got got;

	gw_fixture_init(&f, 10000);
	for (int i = 0; i < 500; i++)
		publish(SL_STREAM_NORMAL, "a");
	gw_fanout_flush(&f.hub);
	uint64_t first = gw_window_first(f.hub.window, SL_STREAM_NORMAL);
	ck_assert_uint_gt(first, 1);
	gw_peer_open(&p, &f, "all", "u", 0);
	gw_peer_subscribe(&p, "events.>,alerts", &since);
	flush_and_read(&p);
	ck_assert(gw_peer_take(&p, &got));
	ck_assert_str_eq(got.type, "gap");
	ck_assert_int_eq(got.stream, SL_STREAM_NORMAL);
	ck_assert_uint_eq(got.from, 1);
	ck_assert_uint_eq(got.to, first - 1);
	expect(&p, "initial_metrics", -1, 0);
	for (uint64_t seq = first; seq <= 500; seq++)
		expect(&p, "event", SL_STREAM_NORMAL, seq);
	expect_nothing(&p);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(slow_client_loses_the_least_important_first_and_is_told)
{
	struct gw_peer p;
	struct gw_got got;
	uint64_t gap_low = 0;
	uint64_t low = 0;
	uint64_t high = 0;

	gw_fixture_init(&f, 8u << 20);
	gw_peer_open(&p, &f, "all", "u", 4096);
	gw_peer_subscribe(&p, "events.>", NULL);
	gw_fixture_run(&f);
	for (int i = 0; i < 400; i++) {
		struct gw_publish what = {
		    .stream = i % 10 ? SL_STREAM_LOW : SL_STREAM_HIGH,
		    .module = "a",
		    .topic = "events.ea.x",
		    .pad = 1000};
		gw_fixture_publish(&f, &what);
		gw_fanout_flush(&f.hub);
	}
	ck_assert_uint_gt(f.hub.stats.skipped, 0);
	flush_and_read(&p);
	while (gw_peer_take(&p, &got)) {
		if (strcmp(got.type, "gap") == 0) {
			ck_assert_int_eq(got.stream, SL_STREAM_LOW);
			ck_assert_uint_eq(gap_low, 0);
			gap_low = got.to - got.from + 1;
			ck_assert_uint_eq(got.from, low + 1);
			low = got.to;
		} else if (strcmp(got.type, "event") == 0) {
			uint64_t *last = got.stream == SL_STREAM_LOW ? &low : &high;
			ck_assert_uint_eq(got.seq, *last + 1);
			*last = got.seq;
		}
	}
	ck_assert_uint_gt(gap_low, 0);
	ck_assert_uint_eq(low, 360);
	ck_assert_uint_eq(high, 40);
	ck_assert_ptr_null(p.client.behind);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

static void set_load(double value, bool stale)
{
	struct sl_msg_metric m = {.id = 0, .value = value, .ts_us = 5, .stale = stale};

	gw_mirror_metric(f.hub.mirror, &m);
}

START_TEST(client_that_missed_metrics_gets_the_full_state_once)
{
	struct sl_msg_metric_def def = {.id = 0,
	    .tenant = {"default", 7},
	    .module = {"a", 1},
	    .name = {"load", 4},
	    .in_snapshot = true};
	struct gw_peer p;
	struct gw_got got;
	struct gw_got last = {0};
	int updates = 0;

	gw_fixture_init(&f, 8u << 20);
	gw_mirror_def(f.hub.mirror, &def);
	gw_peer_open(&p, &f, "ra", "u", 4096);
	gw_peer_subscribe(&p, "metrics.>,events.>", NULL);
	gw_fixture_run(&f);
	struct gw_publish big = {
	    .stream = SL_STREAM_LOW, .module = "a", .topic = "events.ea.x", .pad = 30000};
	gw_fixture_publish(&f, &big);
	for (int i = 0; i < 50; i++) {
		set_load(i + 0.5, false);
		gw_fanout_flush(&f.hub);
	}
	flush_and_read(&p);
	while (gw_peer_take(&p, &got)) {
		if (strcmp(got.type, "metrics_update") == 0) {
			updates++;
			last = got;
		}
	}
	/* The first with the event that filled the socket, then one for all the rest. */
	ck_assert_int_le(updates, 2);
	ck_assert_ptr_nonnull(strstr(last.text, "\"load\":49.5"));
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(metrics_update_has_what_changed_and_what_became_stale)
{
	struct sl_msg_metric_def def = {.id = 0,
	    .tenant = {"default", 7},
	    .module = {"a", 1},
	    .name = {"load", 4},
	    .in_snapshot = true};
	struct gw_peer p;
	struct gw_peer other;
	struct gw_got got;

	gw_fixture_init(&f, 8u << 20);
	gw_mirror_def(f.hub.mirror, &def);
	set_load(1, false);
	gw_peer_open(&p, &f, "ra", "u", 0);
	gw_peer_subscribe(&p, "metrics.>", NULL);
	gw_peer_open(&other, &f, "all", "u", 0);
	gw_peer_subscribe(&other, "metrics.b.>", NULL);
	flush_and_read(&p);
	ck_assert(gw_peer_take(&p, &got));
	ck_assert_ptr_nonnull(strstr(got.text, "\"a\":{\"load\":1,\"stale\":[]}"));
	while (gw_peer_take(&p, &got))
		;
	set_load(2, false);
	flush_and_read(&p);
	ck_assert(gw_peer_take(&p, &got));
	ck_assert_ptr_nonnull(strstr(got.text, "\"a\":{\"load\":2}"));
	set_load(2, true);
	flush_and_read(&p);
	ck_assert(gw_peer_take(&p, &got));
	ck_assert_ptr_nonnull(strstr(got.text, "\"a\":{\"stale\":[\"load\"]}"));
	set_load(2, true);
	flush_and_read(&p);
	expect_nothing(&p);
	flush_and_read(&other);
	expect(&other, "initial_metrics", -1, 0);
	expect_nothing(&other);
	gw_peer_close(&p);
	gw_peer_close(&other);
	gw_fixture_clear(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_delivery");
	TCase *tc = tcase_create("delivery");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, sends_one_flush_by_importance_whatever_order_it_came_in);
	tcase_add_test(tc, cursor_of_every_message_resumes_right_behind_it);
	tcase_add_test(tc, entry_for_one_subject_reaches_that_one_alone_in_log_order);
	tcase_add_test(tc, entry_for_one_role_reaches_that_role_alone);
	tcase_add_test(tc, another_epoch_is_one_gap_for_each_log_and_the_state);
	tcase_add_test(tc, live_client_is_told_of_another_epoch_and_goes_on);
	tcase_add_test(
	    tc, subscription_added_with_a_cursor_repeats_nothing_of_the_former_ones);
	tcase_add_test(tc, what_the_window_no_longer_keeps_is_one_gap);
	tcase_add_test(tc, slow_client_loses_the_least_important_first_and_is_told);
	tcase_add_test(tc, client_that_missed_metrics_gets_the_full_state_once);
	tcase_add_test(tc, metrics_update_has_what_changed_and_what_became_stale);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
