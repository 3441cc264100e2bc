/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the records of a ring: taken, refused or ignored, each once. */
#include "agg_sources_fixture.h"

static struct collector a;

static void setup(void)
{
	sources_setup();
	collector_make(&a, "system");
}

static void teardown(void)
{
	collector_close(&a);
	sources_teardown();
}

static void assert_counts(uint64_t received, uint64_t refused, uint64_t ignored)
{
	const struct agg_source *source = source_of("system");

	ck_assert_uint_eq(agg_source_received(source), received);
	ck_assert_uint_eq(source->ring.refused, refused);
	ck_assert_uint_eq(source->ring.ignored, ignored);
}

START_TEST(a_sample_without_a_definition_that_holds_is_refused)
{
	collector_must_attach(&a);
	push(&a, define(&a, "unknown", NULL), 1, 0);
	push(&a, define(&a, "twice", NULL), 1, 0); /* derived: nobody feeds it */
	push(&a, 77, 1, 0);
	push(&a, define(&a, "errors", NULL), 4, 0);
	run();
	assert_counts(1, 3, 0);
	ck_assert_double_eq(metric_of("default", "errors")->value, 4);
}
END_TEST

START_TEST(a_module_outside_the_sources_section_is_refused)
{
	static char *names[] = {(char *)(uintptr_t) "business_metrics"};

	sections[0].modules = (struct sl_names){.name = names, .count = 1};
	agg_sources_configure(sources, &config);
	collector_must_attach(&a);
	push(&a, define(&a, "errors", NULL), 1, 0);
	push(&a, define(&a, "sales", NULL), 2, 0);
	push_event(&a, "bench.x", 0);
	push_event(&a, "orders.placed", 0);
	run();
	assert_counts(2, 2, 0);
}
END_TEST

START_TEST(a_time_more_than_five_seconds_ahead_is_refused)
{
	uint32_t errors = define(&a, "errors", NULL);

	collector_must_attach(&a);
	push(&a, errors, 1, 5);
	push(&a, errors, 2, 6);
	run();
	assert_counts(1, 1, 0);
	ck_assert_double_eq(metric_of("default", "errors")->value, 1);
}
END_TEST

START_TEST(a_position_counts_once_within_its_line)
{
	collector_must_attach(&a);
	push_event(&a, "bench.x", 1);
	push_event(&a, "bench.x", 2);
	push_event(&a, "bench.x", 2);
	push_event(&a, "bench.x", 1);
	push_event(&a, "bench.x", 3);
	run();
	assert_counts(3, 0, 2);
	collector_close(&a);
	run();
	collector_make(&a, "system");
	a.hello.line = 8; /* the upstream began anew */
	collector_must_attach(&a);
	push_event(&a, "bench.x", 1);
	run();
	ck_assert_uint_eq(seen.events, 4);
}
END_TEST

/* The window of the fixture holds four ids. */
START_TEST(an_id_counts_once_while_it_is_in_the_window)
{
	collector_must_attach(&a);
	push_id(&a, "bench.x", 1);
	push_id(&a, "bench.x", 1);
	push_id(&a, "orders.placed", 1);
	push_id(&a, "bench.x", 2);
	run();
	assert_counts(2, 0, 2);
	for (uint8_t n = 3; n <= 5; n++)
		push_id(&a, "bench.x", n);
	push_id(&a, "bench.x", 2);
	push_id(&a, "bench.x", 1); /* left the window: taken again */
	run();
	assert_counts(6, 0, 3);
	for (uint8_t n = 10; n < 200; n++) /* far more than the window has slots */
		push_id(&a, "bench.x", n);
	push_id(&a, "bench.x", 199);
	run();
	assert_counts(6 + 190, 0, 4);
}
END_TEST

START_TEST(an_id_is_known_after_a_restart_and_from_another_source)
{
	collector_must_attach(&a);
	push_id(&a, "bench.x", 1);
	push_id(&a, "orders.placed", 2);
	run();
	collector_close(&a);
	restart();
	collector_make(&a, "other");
	collector_must_attach(&a);
	push_id(&a, "bench.x", 1);
	push_id(&a, "orders.placed", 2);
	push_id(&a, "bench.x", 3);
	run();
	ck_assert_uint_eq(source_of("other")->ring.ignored, 2);
	ck_assert_uint_eq(agg_source_received(source_of("other")), 1);
	collector_close(&a);
	run();
	collector_make(&a, "shop"); /* of another tenant */
	collector_must_attach(&a);
	push_id(&a, "bench.x", 3);
	run();
	ck_assert_uint_eq(agg_source_received(source_of("shop")), 1);
}
END_TEST

/* orders.viewed has a rate_limit of 2. */
START_TEST(what_is_over_the_rate_of_its_type_is_shed_and_counted)
{
	collector_must_attach(&a);
	for (int i = 0; i < 5; i++)
		push_event(&a, "orders.viewed", 0);
	push_event(&a, "orders.placed", 0);
	run();
	assert_counts(3, 0, 0);
	ck_assert_uint_eq(source_of("system")->shed, 3);
	ck_assert(!source_of("system")->blocked);
	sl_clock_fake(START_WALL, START_MONO + SL_NS_PER_S);
	for (int i = 0; i < 3; i++)
		push_event(&a, "orders.viewed", 0);
	run();
	assert_counts(5, 0, 0);
	ck_assert_uint_eq(source_of("system")->shed, 4);
}
END_TEST

START_TEST(a_payload_without_its_fields_is_refused_and_counted)
{
	struct sl_ring_event event = {.time_ns = START_WALL,
	    .type = SLICE("orders.viewed"),
	    .payload = SLICE("{\"n\":\"1\"}")};

	collector_must_attach(&a);
	ck_assert_int_eq(sl_ring_push_event(&a.ring, &event), 0);
	event.payload = SLICE("{}");
	ck_assert_int_eq(sl_ring_push_event(&a.ring, &event), 0);
	push_event(&a, "orders.viewed", 0);
	run();
	assert_counts(1, 2, 0);
}
END_TEST

START_TEST(an_event_is_journaled_before_the_tail_moves_past_it)
{
	struct agg_table_ring ring;
	uint32_t slot;

	collector_must_attach(&a);
	push_event(&a, "bench.x", 0);
	run();
	ck_assert_int_eq(agg_table_ring_find(agg_table, "system", 6, &slot), 0);
	ck_assert_int_eq(agg_table_ring_get(agg_table, slot, &ring), 0);
	ck_assert_uint_eq(seen.tail_at_event, 0);
	ck_assert_uint_gt(ring.tail, 0);
	ck_assert(sl_ring_drained(&a.ring));
}
END_TEST

/* What the state table would tell a restarted aggregator. */
static void assert_kept(const char *name, uint64_t received)
{
	struct agg_table_ring ring;
	uint32_t slot;

	ck_assert_int_eq(agg_table_ring_find(agg_table, name, strlen(name), &slot), 0);
	ck_assert_int_eq(agg_table_ring_get(agg_table, slot, &ring), 0);
	ck_assert_uint_eq(ring.received, received);
}

/* The second event is over the rate; the samples behind it must not wait. */
START_TEST(samples_go_ahead_of_an_event_that_waits_and_count_once)
{
	uint32_t errors = define(&a, "errors", NULL);

	config.aggregator.event_rate_limit = 1;
	collector_must_attach(&a);
	push_event(&a, "bench.x", 0);
	push_event(&a, "bench.x", 0);
	push(&a, errors, 8, 0);
	push(&a, errors, 9, 1);
	run();
	ck_assert_uint_eq(seen.events, 1);
	ck_assert(source_of("system")->blocked);
	ck_assert_double_eq(metric_of("default", "errors")->value, 9);
	assert_counts(3, 0, 0);
	ck_assert(!sl_ring_drained(&a.ring)); /* the event is still only there */
	/* A restart reads the samples again: they are not in its count yet. */
	assert_kept("system", 1);
	sl_clock_fake(START_WALL, START_MONO + SL_NS_PER_S);
	push(&a, errors, 10, 2);
	while (seen.events < 2)
		event_base_loop(loop, EVLOOP_ONCE);
	run();
	ck_assert(!source_of("system")->blocked);
	assert_counts(5, 0, 0);
	ck_assert_double_eq(metric_of("default", "errors")->value, 10);
	ck_assert(sl_ring_drained(&a.ring));
	assert_kept("system", 5);
}
END_TEST

START_TEST(a_flood_of_definitions_is_read_a_share_per_turn)
{
	enum { MANY = 900 };
	uint32_t handle = 0;
	char host[16];

	collector_must_attach(&a);
	for (int i = 0; i < MANY; i++) {
		snprintf(host, sizeof host, "h%d", i);
		handle = define(&a, "errors", host);
	}
	push(&a, handle, 3, 0);
	event_base_loop(loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	ck_assert_uint_eq(source_of("system")->consumer.dict.next, AGG_INGEST_DEFS);
	assert_counts(0, 0, 0);
	run();
	assert_counts(1, 0, 0);
	ck_assert_double_eq(metric_of("default", "errors")->value, 3);
}
END_TEST

START_TEST(samples_of_a_pause_are_taken_and_dropped_and_events_go_on)
{
	ingest.paused = true;
	collector_must_attach(&a);
	push(&a, define(&a, "errors", NULL), 3, 0);
	push_event(&a, "bench.x", 0);
	run();
	ck_assert_uint_eq(seen.events, 1);
	assert_counts(2, 0, 0);
	ck_assert(!metric_of("default", "errors")->fed);
	ingest.paused = false;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drain");
	TCase *tc = tcase_create("drain");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sample_without_a_definition_that_holds_is_refused);
	tcase_add_test(tc, a_module_outside_the_sources_section_is_refused);
	tcase_add_test(tc, a_time_more_than_five_seconds_ahead_is_refused);
	tcase_add_test(tc, a_position_counts_once_within_its_line);
	tcase_add_test(tc, an_id_counts_once_while_it_is_in_the_window);
	tcase_add_test(tc, an_id_is_known_after_a_restart_and_from_another_source);
	tcase_add_test(tc, what_is_over_the_rate_of_its_type_is_shed_and_counted);
	tcase_add_test(tc, a_payload_without_its_fields_is_refused_and_counted);
	tcase_add_test(tc, an_event_is_journaled_before_the_tail_moves_past_it);
	tcase_add_test(tc, samples_go_ahead_of_an_event_that_waits_and_count_once);
	tcase_add_test(tc, a_flood_of_definitions_is_read_a_share_per_turn);
	tcase_add_test(tc, samples_of_a_pause_are_taken_and_dropped_and_events_go_on);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
