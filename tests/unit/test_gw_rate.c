/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions on terms: who shares a view, and what max_hz holds back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway/fanout.h"
#include "gateway/names.h"
#include "gateway/subscription.h"
#include "gateway/view.h"
#include "gw_fixture.h"
#include "json_in.h"

static struct gw_fixture f;

static const char *const metrics[] = {"a", "b"};

static void define_metrics(void)
{
	for (uint32_t id = 0; id < 2; id++) {
		struct sl_msg_metric_def def = {.id = id,
		    .tenant = sl_slice_text("default"),
		    .module = sl_slice_text(metrics[id]),
		    .name = sl_slice_text("load"),
		    .field = sl_slice_text("load"),
		    .in_snapshot = true};
		gw_mirror_def(f.hub.mirror, &def);
	}
}

static void change(uint32_t id, double value)
{
	struct sl_msg_metric m = {.id = id, .value = value, .ts_us = 5};

	gw_mirror_metric(f.hub.mirror, &m);
}

/* Subscribes on terms; filter may be NULL. */
static void subscribe(
    struct gw_peer *p, const char *list, const char *filter, double max_hz)
{
	struct gw_names *names = malloc(sizeof *names);

	ck_assert_ptr_nonnull(names);
	gw_names_init(names, f.catalog, p->client.who->modules);
	ck_assert_int_eq(gw_names_split(names, list, strlen(list)), 0);
	if (filter) {
		json_t *tree = sl_json_in_parse(filter, strlen(filter), NULL);
		ck_assert_int_eq(gw_names_filter(names, &f.hub.filters, tree), 0);
		json_decref(tree);
	}
	if (max_hz > 0)
		ck_assert_int_eq(gw_names_rate(names, max_hz), 0);
	struct gw_patterns *set = gw_names_patterns(names, &f.hub.patterns);
	gw_sub_add(&p->client, set);
	gw_patterns_unref(set);
	set = gw_sub_all(&p->client);
	gw_client_follow(&p->client, set, NULL);
	gw_patterns_unref(set);
	gw_names_clear(names);
	free(names);
}

static void read_all(struct gw_peer *p)
{
	gw_fixture_run(&f);
	while (gw_peer_read(p, 65536))
		gw_fixture_run(&f);
}

/* Takes every message; the newest value of each metric, and how many updates came. */
struct heard {
	double value[2];
	int updates;
};

static void hear(struct gw_peer *p, struct heard *h)
{
	struct gw_got got;

	read_all(p);
	while (gw_peer_take(p, &got)) {
		json_t *tree = sl_json_in_parse(got.text, strlen(got.text), NULL);
		const json_t *data = json_object_get(tree, "data");
		for (int id = 0; id < 2; id++)
			sl_json_in_number(
			    json_object_get(data, metrics[id]), "load", &h->value[id]);
		h->updates += strcmp(got.type, "metrics_update") == 0;
		json_decref(tree);
	}
}

/* ---- views ------------------------------------------------------------------------ */

START_TEST(equal_terms_share_a_view_and_others_do_not)
{
	static const struct {
		const char *role, *list, *filter;
		double max_hz;
		int like; /* the first row with the same view */
	} rows[] = {
	    {"all", "events.>", "{\"x\":1,\"y\":[2,3]}", 0, 0},
	    {"all", "events.>", "{\"and\":[{\"payload.y\":[3,2,2]},{\"x\":1.0}]}", 0, 0},
	    {"all", "events.>", "{\"x\":1}", 0, 2},
	    {"all", "events.>", NULL, 0, 3},
	    {"all", "events.>", "{}", 5, 3},
	    {"ra", "events.>", "{\"x\":1}", 0, 5},
	    {"all", "metrics.>", NULL, 2, 6},
	    {"all", "metrics.>", NULL, 4, 7},
	    {"all", "metrics.>", NULL, 0, 8},
	    {"all", "metrics.>,events.>", "{\"x\":1}", 2, 9},
	    {"all", "events.>,metrics.>", "{\"x\":1}", 2, 9},
	};
	enum { ROWS = sizeof rows / sizeof *rows };
	static struct gw_peer p[ROWS];

	gw_fixture_init(&f, 1u << 20);
	for (int i = 0; i < ROWS; i++) {
		gw_peer_open(&p[i], &f, rows[i].role, "u", 0);
		subscribe(&p[i], rows[i].list, rows[i].filter, rows[i].max_hz);
	}
	for (int i = 0; i < ROWS; i++) {
		for (int j = 0; j < ROWS; j++)
			ck_assert_msg((p[i].client.view == p[j].client.view) ==
					  (rows[i].like == rows[j].like),
			    "%d %d", i, j);
	}
	for (int i = 0; i < ROWS; i++)
		gw_peer_close(&p[i]);
	ck_assert_uint_eq(f.hub.filters.count, 0);
	ck_assert_uint_eq(f.hub.patterns.count, 0);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(a_filter_hides_events_and_lets_alerts_through)
{
	struct gw_publish event = {
	    .stream = SL_STREAM_NORMAL, .module = "a", .topic = "events.ea.x"};
	struct gw_publish alert = {
	    .stream = SL_STREAM_ALERTS, .module = "a", .topic = "alerts"};
	struct gw_peer p;
	struct gw_got got;

	/* The fixture's bodies have no payload: a path of the event's own. */
	gw_fixture_init(&f, 1u << 20);
	gw_peer_open(&p, &f, "all", "u", 0);
	subscribe(&p, ">", "{\"type\":\"none\"}", 0);
	gw_fixture_publish(&f, &event);
	gw_fixture_publish(&f, &alert);
	gw_fixture_publish(&f, &event);
	gw_fanout_flush(&f.hub);
	read_all(&p);
	ck_assert(gw_peer_take(&p, &got));
	ck_assert_str_eq(got.type, "initial_metrics");
	ck_assert(gw_peer_take(&p, &got));
	ck_assert_str_eq(got.type, "alert_update");
	ck_assert(!gw_peer_take(&p, &got));
	/* What it hid counts as seen. */
	struct sl_cursor at;
	gw_client_position(&p.client, &at);
	ck_assert_uint_eq(at.next[SL_STREAM_NORMAL], 3);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

/* ---- rates --------------------------------------------------------------------------
 */

START_TEST(the_first_change_goes_at_once_and_the_next_ones_wait)
{
	struct gw_peer slow, fast;
	struct heard of_slow = {.updates = 0}, of_fast = {.updates = 0};

	gw_fixture_init(&f, 1u << 20);
	define_metrics();
	gw_peer_open(&slow, &f, "all", "u", 0);
	gw_peer_open(&fast, &f, "all", "u", 0);
	subscribe(&slow, "metrics.a.>", NULL, 0.001);
	subscribe(&slow, "metrics.b.>", NULL, 0);
	subscribe(&fast, "metrics.>", NULL, 0);
	for (int i = 1; i <= 5; i++) {
		change(0, i);
		change(1, 10 * i);
		gw_fanout_flush(&f.hub);
		hear(&slow, &of_slow);
		hear(&fast, &of_fast);
		ck_assert_double_eq(of_fast.value[0], i);
		ck_assert_double_eq(of_slow.value[0], 1);
		ck_assert_double_eq(of_slow.value[1], 10 * i);
	}
	ck_assert_int_eq(of_fast.updates, 5);
	/* Another subscription at a higher rate counts from then on. */
	subscribe(&slow, "metrics.a.>", NULL, 0);
	hear(&slow, &of_slow);
	ck_assert_double_eq(of_slow.value[0], 5);
	change(0, 6);
	gw_fanout_flush(&f.hub);
	hear(&slow, &of_slow);
	ck_assert_double_eq(of_slow.value[0], 6);
	gw_peer_close(&slow);
	gw_peer_close(&fast);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(what_is_held_back_is_not_lost_with_a_subscription)
{
	struct gw_peer p;
	struct heard heard = {.updates = 0};

	gw_fixture_init(&f, 1u << 20);
	define_metrics();
	gw_peer_open(&p, &f, "all", "u", 0);
	subscribe(&p, "metrics.a.>", NULL, 0.001);
	subscribe(&p, "events.>", NULL, 0);
	for (int i = 1; i <= 2; i++) {
		change(0, i);
		gw_fanout_flush(&f.hub);
		hear(&p, &heard);
		ck_assert_double_eq(heard.value[0], 1);
	}
	ck_assert(gw_sub_remove(&p.client, p.client.last_sub));
	struct gw_patterns *left = gw_sub_all(&p.client);
	gw_client_narrow(&p.client, left);
	gw_patterns_unref(left);
	hear(&p, &heard);
	ck_assert_double_eq(heard.value[0], 2);
	gw_peer_close(&p);
	gw_fixture_clear(&f);
}
END_TEST

/* Flushes without news pass whole views; who comes to one meanwhile misses nothing. */
START_TEST(views_passed_as_a_whole_get_what_comes_next)
{
	struct gw_publish event = {
	    .stream = SL_STREAM_NORMAL, .module = "a", .topic = "events.ea.x"};
	struct gw_peer p[4];
	uint64_t next[4] = {1, 1, 1, 1};
	struct gw_got got;

	gw_fixture_init(&f, 1u << 20);
	f.hub.limits.slice_clients = (uint32_t)_i;
	define_metrics();
	for (int i = 0; i < 4; i++) {
		gw_peer_open(&p[i], &f, "all", "u", 0);
		subscribe(&p[i], "events.>", NULL, 0);
		if (i % 2)
			subscribe(&p[i], "metrics.>", NULL, 1000);
	}
	for (int turn = 0; turn < 40; turn++) {
		if (turn % 3 == 0)
			gw_fixture_publish(&f, &event);
		if (turn % 4 == 0)
			change(0, turn);
		gw_fanout_flush(&f.hub);
		/* One leaves its view in the middle of a sweep. */
		if (turn % 5 == 0)
			subscribe(
			    &p[turn % 4], turn % 2 ? "alerts" : "metrics.a.>", NULL, 0);
		if (turn % 7 == 0)
			gw_fanout_flush(&f.hub);
		for (int i = 0; i < 4; i++) {
			read_all(&p[i]);
			while (gw_peer_take(&p[i], &got)) {
				if (strcmp(got.type, "event") == 0)
					ck_assert_uint_eq(got.seq, next[i]++);
			}
			ck_assert_uint_eq(next[i], (uint64_t)turn / 3 + 2);
		}
	}
	for (int i = 0; i < 4; i++)
		gw_peer_close(&p[i]);
	gw_fixture_clear(&f);
}
END_TEST

START_TEST(a_sweep_in_slices_tells_each_view_what_had_changed_and_what_changed_since)
{
	static const char *const names[] = {
	    "metrics.>", "metrics.>,alerts", "metrics.>,events.>"};
	struct gw_peer p[3];
	struct heard heard[3] = {{.updates = 0}};

	gw_fixture_init(&f, 1u << 20);
	f.hub.limits.slice_clients = 1;
	define_metrics();
	for (int i = 0; i < 3; i++) {
		gw_peer_open(&p[i], &f, "all", "u", 0);
		subscribe(&p[i], names[i], NULL, 0);
	}
	for (int i = 0; i < 3; i++)
		hear(&p[i], &heard[i]);
	change(0, 1);
	gw_fanout_flush(&f.hub); /* the first view's turn */
	change(0, 2);
	change(1, 3);
	gw_fanout_flush(&f.hub);
	for (int i = 0; i < 3; i++) {
		hear(&p[i], &heard[i]);
		ck_assert_double_eq(heard[i].value[0], 2);
		ck_assert_double_eq(heard[i].value[1], 3);
		ck_assert_int_eq(heard[i].updates, 2);
	}
	for (int i = 0; i < 3; i++)
		gw_peer_close(&p[i]);
	gw_fixture_clear(&f);
}
END_TEST

/* Whoever is quick or slow or joins late ends with the newest values. */
START_TEST(random_bursts_end_with_the_newest_values_everywhere)
{
	static const double rates[] = {0, 1000, 200, 50, 20};
	enum { PEERS = sizeof rates / sizeof *rates };
	static struct gw_peer p[PEERS];
	static struct heard heard[PEERS];
	unsigned seed = (unsigned)_i + 1;
	double value[2] = {0};

	gw_fixture_init(&f, 1u << 20);
	define_metrics();
	for (int i = 0; i < PEERS; i++) {
		gw_peer_open(&p[i], &f, "all", "u", i % 2 ? 2048 : 0);
		subscribe(&p[i], "metrics.a.>", NULL, rates[i]);
		subscribe(&p[i], "metrics.b.>", NULL, rates[(i + 1) % PEERS]);
	}
	for (int step = 0; step < 300; step++) {
		int id = rand_r(&seed) % 2;
		value[id] = step;
		change((uint32_t)id, step);
		if (rand_r(&seed) % 3 == 0)
			gw_fanout_flush(&f.hub);
		if (rand_r(&seed) % 5 == 0)
			hear(&p[rand_r(&seed) % PEERS], &heard[0]);
		event_base_loop(f.loop, EVLOOP_NONBLOCK);
	}
	gw_fanout_flush(&f.hub);
	memset(heard, 0, sizeof heard);
	int64_t deadline = sl_clock_mono_ns() + 20 * SL_NS_PER_S;
	/* A last change of each, so that every peer has one to tell. */
	change(0, value[0] += 1000);
	change(1, value[1] += 1000);
	gw_fanout_flush(&f.hub);
	for (int i = 0; i < PEERS; i++) {
		while (heard[i].value[0] != value[0] || heard[i].value[1] != value[1]) {
			hear(&p[i], &heard[i]);
			ck_assert_msg(sl_clock_mono_ns() < deadline,
			    "peer %d has %g %g, not %g %g", i, heard[i].value[0],
			    heard[i].value[1], value[0], value[1]);
			event_base_loop(f.loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		}
	}
	for (int i = 0; i < PEERS; i++)
		gw_peer_close(&p[i]);
	gw_fixture_clear(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_rate");
	TCase *tc = tcase_create("rate");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, equal_terms_share_a_view_and_others_do_not);
	tcase_add_test(tc, a_filter_hides_events_and_lets_alerts_through);
	tcase_add_test(tc, the_first_change_goes_at_once_and_the_next_ones_wait);
	tcase_add_test(tc, what_is_held_back_is_not_lost_with_a_subscription);
	tcase_add_loop_test(tc, views_passed_as_a_whole_get_what_comes_next, 0, 4);
	tcase_add_test(tc,
	    a_sweep_in_slices_tells_each_view_what_had_changed_and_what_changed_since);
	tcase_add_loop_test(
	    tc, random_bursts_end_with_the_newest_values_everywhere, 0, 10);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
