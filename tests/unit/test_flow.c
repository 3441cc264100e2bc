/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

static struct sl_flow flow;
static const uint64_t ones[SL_STREAM_COUNT] = {1, 1, 1, 1, 1};

static struct sl_msg_batch_head head_of(uint64_t flush)
{
	return (struct sl_msg_batch_head){.aggregator = 1, .epoch = 1, .flush = flush};
}

static void join(uint64_t flush, uint64_t next)
{
	struct sl_msg_batch_head head = head_of(flush);
	uint64_t all[SL_STREAM_COUNT];

	for (int i = 0; i < SL_STREAM_COUNT; i++)
		all[i] = next;
	sl_flow_join(&flow, &head, all, next);
}

static enum sl_flow_batch batch(uint64_t flush)
{
	struct sl_msg_batch_head head = head_of(flush);

	return sl_flow_head(&flow, &head);
}

static void begin(void)
{
	sl_flow_init(&flow);
}

/* ---- batches ---- */

START_TEST(nothing_is_taken_before_a_state_is_joined)
{
	ck_assert_int_eq(batch(1), SL_FLOW_APART);
	join(4, 1);
	ck_assert_int_eq(batch(5), SL_FLOW_FOLLOWS);
	ck_assert_int_eq(batch(6), SL_FLOW_FOLLOWS);
	ck_assert(flow.complete);
}
END_TEST

START_TEST(batches_that_left_before_the_state_are_old)
{
	join(4, 1);
	ck_assert_int_eq(batch(2), SL_FLOW_OLD);
	ck_assert_int_eq(batch(3), SL_FLOW_OLD);
	ck_assert_int_eq(batch(4), SL_FLOW_OLD);
	ck_assert_int_eq(batch(5), SL_FLOW_FOLLOWS);
}
END_TEST

START_TEST(a_lost_batch_makes_the_metrics_incomplete_until_a_keyframe)
{
	struct sl_msg_batch_head keyframe = head_of(9);

	keyframe.keyframe = true;
	join(4, 1);
	ck_assert_int_eq(batch(7), SL_FLOW_LOST);
	ck_assert(!flow.complete);
	ck_assert_int_eq(batch(8), SL_FLOW_FOLLOWS);
	ck_assert(!flow.complete);
	ck_assert_int_eq(sl_flow_head(&flow, &keyframe), SL_FLOW_FOLLOWS);
	ck_assert(flow.complete);
	ck_assert_int_eq(batch(11), SL_FLOW_LOST);
	join(12, 1);
	ck_assert(flow.complete);
}
END_TEST

START_TEST(a_lost_batch_is_told_even_if_a_keyframe_shows_it)
{
	struct sl_msg_batch_head keyframe = head_of(9);

	keyframe.keyframe = true;
	join(4, 1);
	ck_assert_int_eq(sl_flow_head(&flow, &keyframe), SL_FLOW_LOST);
	ck_assert(flow.complete);
}
END_TEST

START_TEST(an_aggregator_that_counts_its_flushes_anew_is_noticed)
{
	join(4, 1);
	ck_assert_int_eq(batch(5), SL_FLOW_FOLLOWS);
	ck_assert_int_eq(batch(1), SL_FLOW_LOST);
	ck_assert_int_eq(batch(2), SL_FLOW_FOLLOWS);
}
END_TEST

START_TEST(a_state_that_comes_late_takes_nothing_back)
{
	join(4, 1);
	ck_assert_int_eq(batch(7), SL_FLOW_LOST);
	ck_assert_int_eq(batch(8), SL_FLOW_FOLLOWS);
	join(7, 1);
	ck_assert(flow.complete);
	ck_assert_int_eq(batch(9), SL_FLOW_FOLLOWS);
	ck_assert_int_eq(batch(11), SL_FLOW_LOST);
	join(9, 1);
	ck_assert_int_eq(batch(12), SL_FLOW_LOST);
}
END_TEST

START_TEST(another_epoch_or_aggregator_starts_anew)
{
	struct sl_msg_batch_head head = head_of(6);

	join(5, 7);
	head.epoch = 2;
	ck_assert_int_eq(sl_flow_head(&flow, &head), SL_FLOW_APART);
	ck_assert(sl_flow_join(&flow, &head, ones, 1));
	ck_assert_int_eq(sl_flow_entry(&flow, SL_STREAM_LOW, 1), SL_FLOW_NEXT);
	head.aggregator = 2;
	ck_assert_int_eq(sl_flow_head(&flow, &head), SL_FLOW_APART);
	ck_assert(sl_flow_join(&flow, &head, ones, 1));
	ck_assert_int_eq(sl_flow_entry(&flow, SL_STREAM_LOW, 1), SL_FLOW_NEXT);
}
END_TEST

START_TEST(a_state_shows_what_quiet_logs_have_lost)
{
	uint64_t from, to;

	join(4, 1);
	ck_assert_int_eq(batch(6), SL_FLOW_LOST);
	ck_assert(!sl_flow_missing(&flow, SL_STREAM_HIGH, &from, &to));
	join(6, 3);
	ck_assert(sl_flow_missing(&flow, SL_STREAM_HIGH, &from, &to));
	ck_assert(from == 1 && to == 2);
	ck_assert(!sl_flow_missing(&flow, SL_FLOW_CONTROL, &from, &to));
	ck_assert_int_eq(sl_flow_entry(&flow, SL_FLOW_CONTROL, 3), SL_FLOW_NEXT);
}
END_TEST

/* ---- entries ---- */

START_TEST(a_gap_is_told_once_and_closed_by_its_replay)
{
	uint64_t from, to;
	int log = SL_STREAM_NORMAL;

	join(1, 5);
	ck_assert_int_eq(sl_flow_entry(&flow, log, 5), SL_FLOW_NEXT);
	ck_assert_int_eq(sl_flow_entry(&flow, log, 8), SL_FLOW_GAP);
	ck_assert_int_eq(sl_flow_entry(&flow, log, 9), SL_FLOW_HELD);
	ck_assert(sl_flow_missing(&flow, log, &from, &to));
	ck_assert(from == 6 && to == 9);
	for (uint64_t seq = 6; seq <= 9; seq++)
		ck_assert_int_eq(sl_flow_entry(&flow, log, seq), SL_FLOW_NEXT);
	ck_assert(!sl_flow_missing(&flow, log, &from, &to));
	ck_assert_int_eq(sl_flow_entry(&flow, log, 9), SL_FLOW_DUPLICATE);
	ck_assert_int_eq(sl_flow_entry(&flow, log, 12), SL_FLOW_GAP);
	ck_assert_int_eq(sl_flow_entry(&flow, SL_STREAM_LOW, 5), SL_FLOW_NEXT);
}
END_TEST

START_TEST(what_is_no_longer_kept_is_given_up_and_counted)
{
	uint64_t from, to;

	join(1, 1);
	ck_assert_int_eq(sl_flow_entry(&flow, 2, 10), SL_FLOW_GAP);
	ck_assert_uint_eq(sl_flow_skip(&flow, 2, 6), 5);
	ck_assert(sl_flow_missing(&flow, 2, &from, &to));
	ck_assert(from == 6 && to == 10);
	ck_assert_uint_eq(sl_flow_skip(&flow, 2, 3), 0);
	ck_assert_uint_eq(sl_flow_skip(&flow, 2, 20), 14);
	ck_assert(!sl_flow_missing(&flow, 2, &from, &to));
	ck_assert_int_eq(sl_flow_entry(&flow, 2, 20), SL_FLOW_NEXT);
}
END_TEST

/*
 * Every sequence of seven steps over entries 1..5, live or replayed, lost,
 * repeated or out of order, against the plainest oracle: the set of what was
 * taken is a prefix without a hole, each entry is taken once, and what is
 * missing is exactly what was heard of beyond it.
 */
#define STEPS   7
#define CHOICES 5

START_TEST(over_all_short_histories_nothing_is_repeated_or_passed_over)
{
	long histories = 1;

	for (int i = 0; i < STEPS; i++)
		histories *= CHOICES;
	for (long h = 0; h < histories; h++) {
		uint64_t taken = 0; /* 1..taken were taken */
		uint64_t heard = 0; /* highest seen */
		long rest = h;

		sl_flow_init(&flow);
		join(1, 1);
		for (int step = 0; step < STEPS; step++, rest /= CHOICES) {
			uint64_t seq = (uint64_t)(rest % CHOICES) + 1;
			enum sl_flow_entry want = seq <= taken       ? SL_FLOW_DUPLICATE
						  : seq == taken + 1 ? SL_FLOW_NEXT
						  : heard > taken    ? SL_FLOW_HELD
								     : SL_FLOW_GAP;
			uint64_t from, to;

			ck_assert_int_eq(sl_flow_entry(&flow, 0, seq), want);
			taken += want == SL_FLOW_NEXT;
			if (seq > heard)
				heard = seq;
			bool missing = sl_flow_missing(&flow, 0, &from, &to);
			ck_assert(missing == (heard > taken));
			if (missing)
				ck_assert(from == taken + 1 && to == heard);
		}
	}
}
END_TEST

/*
 * Every subset of ten batches lost, with a state joined after each loss: in
 * the end each metric update was seen or covered by a state.
 */
START_TEST(over_all_losses_of_batches_each_loss_is_told)
{
	for (unsigned lost = 0; lost < 1u << 10; lost++) {
		bool before_lost = false;

		sl_flow_init(&flow);
		join(0, 1);
		for (uint64_t flush = 1; flush <= 10; flush++) {
			if (lost >> (flush - 1) & 1) {
				before_lost = true;
				continue;
			}
			ck_assert_int_eq(
			    batch(flush), before_lost ? SL_FLOW_LOST : SL_FLOW_FOLLOWS);
			ck_assert(flow.complete == !before_lost);
			if (before_lost)
				join(flush, 1);
			before_lost = false;
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flow");
	TCase *tc = tcase_create("flow");

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, nothing_is_taken_before_a_state_is_joined);
	tcase_add_test(tc, batches_that_left_before_the_state_are_old);
	tcase_add_test(tc, a_lost_batch_makes_the_metrics_incomplete_until_a_keyframe);
	tcase_add_test(tc, a_lost_batch_is_told_even_if_a_keyframe_shows_it);
	tcase_add_test(tc, an_aggregator_that_counts_its_flushes_anew_is_noticed);
	tcase_add_test(tc, a_state_that_comes_late_takes_nothing_back);
	tcase_add_test(tc, another_epoch_or_aggregator_starts_anew);
	tcase_add_test(tc, a_state_shows_what_quiet_logs_have_lost);
	tcase_add_test(tc, a_gap_is_told_once_and_closed_by_its_replay);
	tcase_add_test(tc, what_is_no_longer_kept_is_given_up_and_counted);
	tcase_add_test(tc, over_all_short_histories_nothing_is_repeated_or_passed_over);
	tcase_add_test(tc, over_all_losses_of_batches_each_loss_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
