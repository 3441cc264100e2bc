/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "clock.h"
#include "deadline.h"
#include "loop.h"

#define N 2000

struct item {
	struct sl_deadline deadline;
	int64_t due_ns;
	int64_t fired_ns;
	int fired;
};

static struct sl_deadline_wheel *wheel;
static struct item items[N];
static int64_t now_ns;
static void (*hook)(struct item *);

static void on_deadline(void *arg, struct sl_deadline *deadline)
{
	struct item *item = (struct item *)deadline;

	(void)arg;
	ck_assert(!sl_deadline_is_set(deadline));
	item->fired++;
	item->fired_ns = now_ns;
	if (hook)
		hook(item);
}

static void at(int64_t ns)
{
	now_ns = ns;
	sl_clock_fake(0, ns);
	sl_deadline_wheel_run(wheel, ns);
}

static void setup(void)
{
	sl_clock_fake(0, 7777 * SL_NS_PER_MS);
	now_ns = 7777 * SL_NS_PER_MS;
	wheel = sl_deadline_wheel_new(NULL, on_deadline, NULL);
	hook = NULL;
}

static void teardown(void)
{
	sl_deadline_wheel_free(wheel);
	sl_clock_real();
}

static void set_after(struct item *item, int64_t after_ns)
{
	item->due_ns = now_ns + after_ns;
	sl_deadline_set(wheel, &item->deadline, item->due_ns);
}

START_TEST(fires_once_never_early_and_at_most_a_tick_late)
{
	int64_t step = 33 * SL_NS_PER_MS, end = now_ns + 130 * SL_NS_PER_S;

	srand(1);
	for (int i = 0; i < N; i++)
		set_after(&items[i], (rand() % 120000) * SL_NS_PER_MS);
	while (now_ns < end)
		at(now_ns + step);
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(items[i].fired, 1);
		ck_assert_int_ge(items[i].fired_ns, items[i].due_ns);
		ck_assert_int_le(items[i].fired_ns - items[i].due_ns,
		    2 * SL_DEADLINE_TICK_MS * SL_NS_PER_MS + step);
	}
}
END_TEST

START_TEST(a_cleared_or_moved_deadline_does_not_fire)
{
	set_after(&items[0], SL_NS_PER_S);
	set_after(&items[1], SL_NS_PER_S);
	set_after(&items[2], SL_NS_PER_S);
	sl_deadline_clear(wheel, &items[1].deadline);
	sl_deadline_clear(wheel, &items[1].deadline);
	set_after(&items[2], 10 * SL_NS_PER_S);
	at(now_ns + 2 * SL_NS_PER_S);
	ck_assert_int_eq(items[0].fired, 1);
	ck_assert_int_eq(items[1].fired, 0);
	ck_assert_int_eq(items[2].fired, 0);
	at(now_ns + 10 * SL_NS_PER_S);
	ck_assert_int_eq(items[2].fired, 1);
}
END_TEST

static void clear_all_others(struct item *item)
{
	for (int i = 0; i < 10; i++)
		if (&items[i] != item)
			sl_deadline_clear(wheel, &items[i].deadline);
}

START_TEST(a_callback_may_clear_what_is_due_with_it)
{
	int fired = 0;

	hook = clear_all_others;
	for (int i = 0; i < 10; i++)
		set_after(&items[i], SL_NS_PER_S);
	at(now_ns + 3 * SL_NS_PER_S);
	for (int i = 0; i < 10; i++)
		fired += items[i].fired;
	ck_assert_int_eq(fired, 1);
}
END_TEST

static void set_again(struct item *item)
{
	if (item->fired < 3)
		set_after(item, SL_NS_PER_S);
}

START_TEST(a_callback_may_set_its_deadline_again)
{
	hook = set_again;
	set_after(&items[0], SL_NS_PER_S);
	for (int i = 0; i < 100; i++)
		at(now_ns + 100 * SL_NS_PER_MS);
	ck_assert_int_eq(items[0].fired, 3);
}
END_TEST

START_TEST(a_long_pause_fires_everything_that_is_due)
{
	set_after(&items[0], SL_NS_PER_S);
	set_after(&items[1], 40 * SL_NS_PER_S);
	set_after(&items[2], 9000 * SL_NS_PER_S);
	set_after(&items[3], 90000 * SL_NS_PER_S);
	at(now_ns + 10000 * SL_NS_PER_S);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(items[i].fired, 1);
	ck_assert_int_eq(items[3].fired, 0);
	at(now_ns + 90000 * SL_NS_PER_S);
	ck_assert_int_eq(items[3].fired, 1);
}
END_TEST

START_TEST(a_deadline_in_the_past_fires_next)
{
	set_after(&items[0], -100 * SL_NS_PER_S);
	at(now_ns + 200 * SL_NS_PER_MS);
	ck_assert_int_eq(items[0].fired, 1);
}
END_TEST

START_TEST(the_loops_timer_runs_only_while_something_is_set)
{
	struct event_base *base = event_base_new();

	sl_clock_real();
	sl_deadline_wheel_free(wheel);
	wheel = sl_deadline_wheel_new(base, on_deadline, NULL);
	now_ns = sl_clock_mono_ns();
	set_after(&items[0], 50 * SL_NS_PER_MS);
	/* Ends by itself once nothing is set, since no other event is left. */
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(items[0].fired, 1);
	sl_deadline_wheel_free(wheel);
	wheel = NULL;
	event_base_free(base);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deadline");
	TCase *tc = tcase_create("deadline");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, fires_once_never_early_and_at_most_a_tick_late);
	tcase_add_test(tc, a_cleared_or_moved_deadline_does_not_fire);
	tcase_add_test(tc, a_callback_may_clear_what_is_due_with_it);
	tcase_add_test(tc, a_callback_may_set_its_deadline_again);
	tcase_add_test(tc, a_long_pause_fires_everything_that_is_due);
	tcase_add_test(tc, a_deadline_in_the_past_fires_next);
	tcase_add_test(tc, the_loops_timer_runs_only_while_something_is_set);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
