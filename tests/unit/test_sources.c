/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in as which source, and what becomes of the attachment. */
#include "agg_sources_fixture.h"

static struct collector a, b;

static void assert_refused(struct collector *c, const char *why)
{
	struct sl_attach_answer answer;

	ck_assert_int_eq(collector_attach(c, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_REFUSED);
	ck_assert_msg(strstr(answer.reason, why) != NULL, "%s", answer.reason);
	collector_disconnect(c);
}

static void setup(void)
{
	sources_setup();
	collector_make(&a, "system");
	collector_make(&b, "system");
}

static void teardown(void)
{
	collector_close(&a);
	collector_close(&b);
	sources_teardown();
}

START_TEST(a_second_source_of_one_name_is_refused)
{
	collector_must_attach(&a);
	assert_refused(&b, "a source of this name is attached");
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_ATTACHED);
}
END_TEST

START_TEST(a_former_segment_is_drained_before_the_next_is_accepted)
{
	uint32_t errors = define(&a, "errors", NULL);

	struct sl_attach_answer answer;

	config.aggregator.event_rate_limit = 1;
	collector_must_attach(&a);
	for (int i = 0; i < 500; i++)
		push(&a, errors, i, 0);
	push_event(&a, "orders.placed", 0);
	push_event(&a, "orders.placed", 0);
	push(&a, errors, 77, 1);
	collector_disconnect(&a);
	ck_assert_int_eq(collector_attach(&b, &answer), SL_EAGAIN);
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_DRAINING);
	sl_clock_fake(START_WALL, START_MONO + SL_NS_PER_S); /* the second event may go */
	while (source_of("system")->state == AGG_SOURCE_DRAINING)
		event_base_loop(loop, EVLOOP_ONCE);
	run();
	ck_assert_int_eq(sl_attach_receive_answer(b.fd, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_ACCEPTED);
	ck_assert_double_eq(metric_of("default", "errors")->value, 77);
	ck_assert_uint_eq(seen.events, 2);
	ck_assert_uint_eq(agg_source_received(source_of("system")), 503);
	ck_assert_uint_eq(source_of("system")->consumer.segment.id, b.segment.id);
}
END_TEST

START_TEST(a_segment_offered_again_after_a_restart_goes_on_where_it_was)
{
	uint32_t errors = define(&a, "errors", NULL);
	struct sl_attach_answer answer;

	collector_must_attach(&a);
	push(&a, errors, 1, 0);
	push_event(&a, "orders.placed", 1);
	push_event(&a, "orders.placed", 2);
	run();
	ck_assert_uint_eq(seen.events, 2);
	restart();
	collector_disconnect(&a);
	push_event(&a, "orders.placed", 3);
	push(&a, errors, 2, 1);
	ck_assert_int_eq(collector_attach(&a, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_ACCEPTED);
	ck_assert(answer.positions.has_journaled);
	ck_assert_uint_eq(answer.positions.journaled[15], 2);
	ck_assert_uint_eq(seen.events, 3);
	ck_assert_uint_eq(agg_source_received(source_of("system")), 5);
	ck_assert_double_eq(metric_of("default", "errors")->value, 2);
}
END_TEST

START_TEST(a_crash_between_journal_and_table_repeats_samples_and_no_event)
{
	uint32_t errors = define(&a, "errors", NULL);
	struct agg_table_ring before;
	uint32_t slot;

	collector_must_attach(&a);
	push(&a, errors, 1, 0);
	run();
	ck_assert_int_eq(agg_table_ring_find(agg_table, "system", 6, &slot), 0);
	ck_assert_int_eq(agg_table_ring_get(agg_table, slot, &before), 0);
	push(&a, errors, 5, 1);
	push_event(&a, "orders.placed", 0);
	run();
	sources_close();
	agg_table_ring_set(agg_table, slot, &before); /* the crash came before this */
	sources_open();
	collector_disconnect(&a);
	collector_must_attach(&a);
	ck_assert_uint_eq(seen.events, 1);
	ck_assert_uint_eq(agg_source_received(source_of("system")), 3);
}
END_TEST

START_TEST(a_disabled_source_is_refused)
{
	sections[0].enabled = false;
	agg_sources_configure(sources, &config);
	assert_refused(&a, "disabled");
}
END_TEST

START_TEST(a_source_of_another_user_is_refused)
{
	sections[0].user = (char *)(uintptr_t)(getuid() == 0 ? "nobody" : "root");
	assert_refused(&a, "another user");
}
END_TEST

START_TEST(a_source_without_a_section_belongs_to_the_default_tenant)
{
	strcpy(a.hello.source, "stray");
	collector_must_attach(&a);
	ck_assert_str_eq(source_of("stray")->rights.tenant, "default");
}
END_TEST

START_TEST(a_source_disabled_by_a_reload_is_ended)
{
	uint32_t errors = define(&a, "errors", NULL);
	struct sl_attach_answer answer;

	collector_must_attach(&a);
	push(&a, errors, 1, 0);
	sections[0].enabled = false;
	agg_sources_configure(sources, &config);
	run();
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_GONE);
	ck_assert_int_eq(sl_attach_receive_answer(a.fd, &answer), SL_ECLOSED);
	collector_disconnect(&a);
	assert_refused(&a, "disabled");
	sections[0].enabled = true; /* what was in the ring is still there */
	agg_sources_configure(sources, &config);
	collector_must_attach(&a);
	ck_assert_uint_eq(agg_source_received(source_of("system")), 1);
}
END_TEST

START_TEST(a_source_whose_section_is_gone_is_ended)
{
	collector_must_attach(&a);
	config.collector_count = 0;
	agg_sources_configure(sources, &config);
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_GONE);
}
END_TEST

START_TEST(another_tenant_takes_effect_with_a_new_attachment)
{
	uint32_t errors = define(&a, "errors", NULL);

	collector_must_attach(&a);
	push(&a, errors, 1, 0);
	run();
	sections[0].tenant = (char *)(uintptr_t) "acme";
	agg_sources_configure(sources, &config);
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_GONE);
	collector_disconnect(&a);
	collector_must_attach(&a);
	push(&a, errors, 4, 1);
	run();
	ck_assert_double_eq(metric_of("acme", "errors")->value, 4);
	ck_assert_double_eq(metric_of("default", "errors")->value, 1);
}
END_TEST

START_TEST(an_unchanged_section_keeps_its_source)
{
	collector_must_attach(&a);
	sections[0].stale_after_ms = 3000;
	agg_sources_configure(sources, &config);
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_ATTACHED);
	ck_assert_int_eq(source_of("system")->rights.stale_after_ns, 3 * SL_NS_PER_S);
}
END_TEST

START_TEST(a_connection_that_says_nothing_is_ended)
{
	struct sl_attach_answer answer;
	int fd;

	ck_assert_int_eq(sl_attach_connect(attach_path, &fd), 0);
	run();
	agg_sources_tick(sources, START_MONO + 5 * SL_NS_PER_S);
	ck_assert_int_eq(sl_attach_receive_answer(fd, &answer), SL_EAGAIN);
	agg_sources_tick(sources, START_MONO + 5 * SL_NS_PER_S + 1);
	ck_assert_int_eq(sl_attach_receive_answer(fd, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_REFUSED);
	close(fd);
}
END_TEST

/* Makes the next record in the ring nonsense; the producer is hostile. */
static void spoil(struct collector *c)
{
	uint64_t head = c->ring.head;

	push(c, 0, 1, 0);
	memset(c->ring.data + (head & c->ring.mask), 0xff, 8);
}

START_TEST(a_corrupt_ring_bars_its_source_for_longer_each_time)
{
	int64_t mono_ns = START_MONO;
	int64_t bar_ns = SL_NS_PER_S;

	for (int round = 0; round < 8; round++) {
		struct collector c;
		collector_make(&c, "system");
		collector_must_attach(&c);
		spoil(&c);
		run();
		ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_GONE);
		sl_clock_fake(START_WALL, mono_ns + bar_ns - 1);
		collector_disconnect(&c);
		assert_refused(&c, "barred");
		mono_ns += bar_ns;
		sl_clock_fake(START_WALL, mono_ns);
		bar_ns = bar_ns * 2 < 60 * SL_NS_PER_S ? bar_ns * 2 : 64 * SL_NS_PER_S;
		collector_close(&c);
	}
	ck_assert_int_le(source_of("system")->bar_ns, 64 * SL_NS_PER_S);
}
END_TEST

/* Polls once and does what is due then. */
static void turn(void)
{
	event_base_loop(loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* It hung up and writes on: its name must not stay taken for that. */
START_TEST(draining_ends_although_somebody_goes_on_writing)
{
	collector_must_attach(&a);
	collector_disconnect(&a);
	for (int i = 0; i < 200 && source_of("system")->state != AGG_SOURCE_GONE; i++) {
		while (try_event(&a, "bench.x", 0) == 0)
			;
		turn();
	}
	ck_assert_int_eq(source_of("system")->state, AGG_SOURCE_GONE);
	collector_must_attach(&b);
}
END_TEST

static void count_tick(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	++*(int *)arg;
}

/* The loop must come to its other work however much one source writes. */
START_TEST(a_flood_of_one_source_leaves_the_loop_to_others)
{
	struct timeval at_once = {0};
	int ticks = 0;
	struct event *tick = event_new(loop, -1, 0, count_tick, &ticks);

	collector_must_attach(&a);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(try_event(&a, "bench.x", 0), 0);
	turn(); /* the doorbell, and one pass */
	ck_assert_uint_eq(seen.events, AGG_INGEST_EVENTS);
	event_add(tick, &at_once);
	turn();
	ck_assert_int_eq(ticks, 1);
	event_free(tick);
}
END_TEST

START_TEST(silence_is_told_once_and_its_end_too)
{
	uint32_t errors = define(&a, "errors", NULL);

	sections[0].start = true;
	agg_sources_configure(sources, &config);
	collector_must_attach(&a);
	push(&a, errors, 1, 0);
	run();
	agg_sources_tick(sources, START_MONO + 15 * SL_NS_PER_S);
	ck_assert_uint_eq(seen.stale, 0);
	agg_sources_tick(sources, START_MONO + 16 * SL_NS_PER_S);
	agg_sources_tick(sources, START_MONO + 17 * SL_NS_PER_S);
	ck_assert_uint_eq(seen.stale, 1);
	sl_clock_fake(START_WALL, START_MONO + 18 * SL_NS_PER_S);
	push(&a, errors, 2, 0);
	run();
	agg_sources_tick(sources, START_MONO + 18 * SL_NS_PER_S);
	ck_assert_uint_eq(seen.fresh, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sources");
	TCase *tc = tcase_create("sources");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_second_source_of_one_name_is_refused);
	tcase_add_test(tc, a_former_segment_is_drained_before_the_next_is_accepted);
	tcase_add_test(tc, a_segment_offered_again_after_a_restart_goes_on_where_it_was);
	tcase_add_test(
	    tc, a_crash_between_journal_and_table_repeats_samples_and_no_event);
	tcase_add_test(tc, a_disabled_source_is_refused);
	tcase_add_test(tc, a_source_of_another_user_is_refused);
	tcase_add_test(tc, a_source_without_a_section_belongs_to_the_default_tenant);
	tcase_add_test(tc, a_source_disabled_by_a_reload_is_ended);
	tcase_add_test(tc, a_source_whose_section_is_gone_is_ended);
	tcase_add_test(tc, another_tenant_takes_effect_with_a_new_attachment);
	tcase_add_test(tc, an_unchanged_section_keeps_its_source);
	tcase_add_test(tc, a_connection_that_says_nothing_is_ended);
	tcase_add_test(tc, a_corrupt_ring_bars_its_source_for_longer_each_time);
	tcase_add_test(tc, draining_ends_although_somebody_goes_on_writing);
	tcase_add_test(tc, a_flood_of_one_source_leaves_the_loop_to_others);
	tcase_add_test(tc, silence_is_told_once_and_its_end_too);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
