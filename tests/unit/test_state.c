/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "agg_fixture.h"

#define WALL(s) (START_WALL + (int64_t)(s)*SL_NS_PER_S)
#define MONO(s) (START_MONO + (int64_t)(s)*SL_NS_PER_S)

/* The series of a source's metric with one label, or with none (NULL). */
static struct agg_series *open_series(
    const char *tenant, const char *source, const char *metric, const char *host)
{
	struct agg_label label = {
	    .name = SLICE("host"), .value = SLICE(host ? host : "")};
	struct agg_labels labels = {.items = &label, .count = host ? 1 : 0};
	struct agg_series *series = NULL;

	ck_assert_int_eq(agg_state_open(agg_state, tenant_of(tenant), source,
			     SLICE(metric), &labels, 15 * SL_NS_PER_S, &series),
	    0);
	return series;
}

/* Feeds one sample collected and received at second s. */
static void feed(struct agg_series *series, double value, int s)
{
	agg_state_feed(
	    agg_state_dirty(agg_state), series, value, WALL(s), WALL(s + 5), MONO(s));
}

static double value_of(const char *metric)
{
	return metric_of("default", metric)->value;
}

START_TEST(aggregates_series_as_the_catalog_says)
{
	static const struct {
		const char *metric;
		double value;
	} want[] = {{"cpu", 20}, {"errors", 60}, {"low", 10}, {"high", 30},
	    {"newest", 30}, {"hosts", 3}};

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		feed(open_series("default", "a", want[i].metric, "x"), 10, 1);
		feed(open_series("default", "a", want[i].metric, "y"), 30, 3);
		feed(open_series("default", "b", want[i].metric, "x"), 20, 2);
	}
	agg_state_settle(agg_state, MONO(3));
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		ck_assert_msg(value_of(want[i].metric) == want[i].value, "%s: %f",
		    want[i].metric, value_of(want[i].metric));
		ck_assert_int_eq(metric_of("default", want[i].metric)->ts_ns, WALL(3));
	}
}
END_TEST

START_TEST(series_turn_stale_by_the_monotonic_clock_and_fresh_again)
{
	struct agg_series *a = open_series("default", "a", "errors", NULL);
	struct agg_series *b = open_series("default", "b", "errors", NULL);
	const struct agg_metric *errors = metric_of("default", "errors");

	feed(a, 1, 0);
	feed(b, 2, 10);
	agg_state_sweep(agg_state, MONO(15));
	ck_assert_double_eq(errors->value, 3);
	agg_state_sweep(agg_state, MONO(16)); /* a is silent: b alone counts */
	ck_assert_double_eq(errors->value, 2);
	ck_assert(!errors->stale);
	agg_state_sweep(agg_state, MONO(26)); /* nobody speaks: both, marked stale */
	ck_assert_double_eq(errors->value, 3);
	ck_assert(errors->stale);
	feed(a, 5, 27);
	agg_state_settle(agg_state, MONO(27));
	ck_assert_double_eq(errors->value, 5);
	ck_assert(!errors->stale);
}
END_TEST

START_TEST(the_metrics_own_deadline_goes_before_the_sources)
{
	feed(open_series("default", "a", "brief", NULL), 1, 0);
	agg_state_sweep(agg_state, MONO(2));
	ck_assert(!metric_of("default", "brief")->stale);
	agg_state_sweep(agg_state, MONO(3));
	ck_assert(metric_of("default", "brief")->stale);
}
END_TEST

START_TEST(an_older_sample_moves_nothing_back)
{
	struct agg_series *series = open_series("default", "a", "errors", NULL);

	feed(series, 7, 5);
	agg_state_feed(
	    agg_state_dirty(agg_state), series, 3, WALL(4), WALL(15), MONO(10));
	agg_state_settle(agg_state, MONO(10));
	ck_assert_double_eq(value_of("errors"), 7);
	ck_assert_int_eq(series->fed_mono_ns, MONO(5));
}
END_TEST

START_TEST(values_go_on_after_the_wall_clock_was_set_back)
{
	struct agg_series *series = open_series("default", "a", "errors", NULL);

	feed(series, 7, 3600);
	agg_state_feed(
	    agg_state_dirty(agg_state), series, 3, WALL(1), WALL(6), MONO(3601));
	agg_state_settle(agg_state, MONO(3601));
	ck_assert_double_eq(value_of("errors"), 3);
}
END_TEST

START_TEST(a_restart_brings_every_value_back_stale_until_it_is_fed)
{
	feed(open_series("default", "a", "errors", "x"), 4, 1);
	feed(open_series("default", "b", "errors", "x"), 5, 2);
	feed(open_series("shop", "c", "sales", NULL), 6, 3);
	agg_state_settle(agg_state, MONO(3));
	agg_fixture_close();
	agg_fixture_open();
	ck_assert_uint_eq(agg_state_restore(agg_state), 3);
	ck_assert_double_eq(value_of("errors"), 9);
	ck_assert(metric_of("default", "errors")->stale);
	ck_assert_int_eq(metric_of("default", "errors")->ts_ns, WALL(2));
	ck_assert_double_eq(metric_of("shop", "sales")->value, 6);

	struct agg_series *a = open_series("default", "a", "errors", "x");
	ck_assert_uint_eq(agg_state_series_count(agg_state), 3);
	feed(a, 1, 0); /* what the ring brings again is older */
	agg_state_settle(agg_state, MONO(100));
	ck_assert_double_eq(value_of("errors"), 9);
	feed(a, 8, 101);
	agg_state_settle(agg_state, MONO(101));
	ck_assert_double_eq(value_of("errors"), 8);
	ck_assert(!metric_of("default", "errors")->stale);
}
END_TEST

START_TEST(a_tenant_has_its_limit_of_series_and_its_own_values)
{
	struct agg_labels none = {0};
	struct agg_series *series;
	char source[8];

	agg_fixture_close();
	agg_series_max = 10;
	agg_fixture_open();
	for (int i = 0; i < 10; i++) {
		snprintf(source, sizeof source, "s%d", i);
		open_series("default", source, "errors", NULL);
	}
	ck_assert_int_eq(agg_state_open(agg_state, tenant_of("default"), "s10",
			     SLICE("errors"), &none, 1, &series),
	    SL_EFULL);
	open_series("default", "s9", "errors", NULL); /* known ones stay open */
	feed(open_series("shop", "s10", "errors", NULL), 1, 0);
	agg_state_settle(agg_state, MONO(0));
	ck_assert_double_eq(metric_of("shop", "errors")->value, 1);
	ck_assert_double_nan(value_of("errors"));
	ck_assert_uint_eq(agg_told.tenants, 2);
	ck_assert_uint_ne(
	    metric_of("shop", "errors")->id, metric_of("default", "errors")->id);
}
END_TEST

START_TEST(only_metrics_that_sources_feed_can_be_opened)
{
	struct agg_labels none = {0};
	struct agg_series *series;

	ck_assert_int_eq(agg_state_open(agg_state, tenant_of("default"), "a",
			     SLICE("unknown"), &none, 1, &series),
	    SL_ENOTFOUND);
	ck_assert_int_eq(agg_state_open(agg_state, tenant_of("default"), "a",
			     SLICE("twice"), &none, 1, &series),
	    SL_ENOTFOUND);
}
END_TEST

START_TEST(labels_that_look_alike_are_different_series)
{
	struct agg_label one[] = {{SLICE("a"), SLICE("1b=2")}};
	struct agg_label two[] = {{SLICE("a"), SLICE("1")}, {SLICE("b"), SLICE("2")}};
	struct agg_labels first = {.items = one, .count = 1};
	struct agg_labels second = {.items = two, .count = 2};
	struct agg_series *a, *b;

	agg_state_open(agg_state, tenant_of("default"), "s", SLICE("cpu"), &first, 1, &a);
	agg_state_open(
	    agg_state, tenant_of("default"), "s", SLICE("cpu"), &second, 1, &b);
	ck_assert_ptr_ne(a, b);
}
END_TEST

static size_t listed;

static void list_one(void *arg, const struct agg_metric *metric)
{
	(void)arg, (void)metric;
	listed++;
}

START_TEST(a_metric_is_listed_once_per_change_and_not_without_one)
{
	struct agg_series *series = open_series("default", "a", "errors", NULL);

	for (int i = 0; i < 3; i++) {
		feed(series, i, i);
		agg_state_settle(agg_state, MONO(i));
	}
	listed = 0;
	ck_assert(agg_state_has_changed(agg_state));
	agg_state_each_changed(agg_state, list_one, NULL);
	ck_assert_uint_eq(listed, 1);
	ck_assert_uint_eq(agg_told.changes, 3);
	feed(series, 2, 4); /* the same value */
	agg_state_settle(agg_state, MONO(4));
	ck_assert(!agg_state_has_changed(agg_state));
	ck_assert_uint_eq(agg_told.changes, 3);
}
END_TEST

START_TEST(the_status_is_what_the_judge_says)
{
	feed(open_series("default", "a", "errors", NULL), 95, 0);
	agg_state_settle(agg_state, MONO(0));
	ck_assert_int_eq(metric_of("default", "errors")->status, SL_STATUS_CRITICAL);
}
END_TEST

/* A source with very many series must not hold up the loop: parts, not the whole. */
START_TEST(a_metric_of_many_series_is_folded_in_parts)
{
	enum { MANY = 40000 };
	char source[16];
	size_t settles = 0;

	agg_fixture_close();
	agg_series_max = MANY + 1;
	agg_fixture_open();
	for (int i = 0; i < MANY; i++) {
		snprintf(source, sizeof source, "s%d", i);
		feed(open_series("default", source, "errors", NULL), 1, 0);
	}
	feed(open_series("default", "a", "cpu", NULL), 50, 0);
	agg_state_settle(agg_state, MONO(0));
	ck_assert_double_nan(value_of("errors"));
	ck_assert_double_eq(value_of("cpu"), 50); /* the others do not wait */
	while (isnan(value_of("errors")) && settles++ < 10)
		agg_state_settle(agg_state, MONO(0));
	ck_assert_double_eq(value_of("errors"), MANY);
	feed(open_series("default", "s7", "errors", NULL), 11, 1);
	for (settles = 0; value_of("errors") != MANY + 10 && settles < 10; settles++)
		agg_state_settle(agg_state, MONO(1));
	ck_assert_double_eq(value_of("errors"), MANY + 10);
}
END_TEST

static int first_key(void *arg, uint64_t key, const struct agg_labels *labels)
{
	(void)labels;
	*(uint64_t *)arg = key;
	return 0;
}

/* What an expression over a name of tenant default sees at second s; NaN: nothing. */
static double recent_value(const char *name, int s)
{
	struct agg_recent_view view = {.recent = agg_recent, .tenant = "default"};
	struct agg_expr_source source;
	struct agg_sample sample;
	uint64_t key = UINT64_MAX;

	agg_recent_source(&view, &source);
	source.series(source.arg, name, first_key, &key);
	if (key == UINT64_MAX || !source.newest(source.arg, key,
				     WALL(s) - AGG_EXPR_LOOKBACK_NS, WALL(s), &sample))
		return NAN;
	return sample.value;
}

START_TEST(expressions_see_derived_metrics_for_as_long_as_they_hold)
{
	tenant_of("default");
	struct agg_metric *twice =
	    agg_state_metric(agg_state, "default", "system_health", "twice");

	ck_assert_double_nan(recent_value("twice", 0));
	agg_state_set(agg_state, twice, 84, WALL(0), MONO(0));
	ck_assert_double_eq(recent_value("twice", 0), 84);
	agg_state_remember(agg_state, WALL(600)); /* unchanged, and not forgotten */
	ck_assert_double_eq(recent_value("twice", 601), 84);
	agg_state_set(agg_state, twice, NAN, WALL(602), MONO(602));
	agg_state_remember(agg_state, WALL(603));
	ck_assert_double_nan(recent_value("twice", 603));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");

	tcase_add_checked_fixture(tc, agg_fixture_setup, agg_fixture_teardown);
	tcase_add_test(tc, aggregates_series_as_the_catalog_says);
	tcase_add_test(tc, series_turn_stale_by_the_monotonic_clock_and_fresh_again);
	tcase_add_test(tc, the_metrics_own_deadline_goes_before_the_sources);
	tcase_add_test(tc, an_older_sample_moves_nothing_back);
	tcase_add_test(tc, values_go_on_after_the_wall_clock_was_set_back);
	tcase_add_test(tc, a_restart_brings_every_value_back_stale_until_it_is_fed);
	tcase_add_test(tc, a_tenant_has_its_limit_of_series_and_its_own_values);
	tcase_add_test(tc, only_metrics_that_sources_feed_can_be_opened);
	tcase_add_test(tc, labels_that_look_alike_are_different_series);
	tcase_add_test(tc, a_metric_is_listed_once_per_change_and_not_without_one);
	tcase_add_test(tc, the_status_is_what_the_judge_says);
	tcase_add_test(tc, a_metric_of_many_series_is_folded_in_parts);
	tcase_add_test(tc, expressions_see_derived_metrics_for_as_long_as_they_hold);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
