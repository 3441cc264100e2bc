/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "aggregator/recent.h"

#define S 1000000000LL

struct found {
	size_t series;
	uint64_t key;
};

static int count_series(void *arg, uint64_t key, const struct agg_labels *labels)
{
	struct found *found = arg;

	(void)labels;
	found->series++;
	found->key = key;
	return 0;
}

static size_t read_range(struct agg_recent *recent, int64_t from_s, int64_t to_s,
    struct agg_sample *out, size_t max)
{
	struct agg_recent_view view = {recent, "default"};
	struct agg_expr_source source;
	struct found found = {0};

	agg_recent_source(&view, &source);
	source.series(source.arg, "cpu", count_series, &found);
	ck_assert_uint_eq(found.series, 1);
	return source.range(source.arg, found.key, from_s * S, to_s * S, out, max);
}

static struct agg_recent *new_wanting_cpu(const struct agg_recent_options *options)
{
	struct agg_recent *recent = agg_recent_new(options);

	agg_recent_want(recent, "cpu");
	return recent;
}

START_TEST(a_range_holds_the_last_ten_minutes_at_one_second)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);
	uint32_t cpu = agg_recent_open(recent, "default", "cpu", NULL);
	static struct agg_sample out[2000];
	struct agg_recent_stats stats;

	for (int64_t ms = 0; ms < 3600 * 1000; ms += 250)
		agg_recent_push(recent, cpu, ms * 1000000, (double)ms);
	size_t count = read_range(recent, 3000, 3600, out, 2000);
	ck_assert_uint_eq(count, 600);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(out[i].ts_ns, (3000 + (int64_t)i) * S + 750000000);
		ck_assert(out[i].value == (double)(out[i].ts_ns / 1000000));
	}
	agg_recent_stats(recent, &stats);
	ck_assert_uint_le(stats.bytes, 1000 * sizeof(struct agg_sample));
	ck_assert_uint_eq(stats.late, 0);
	agg_recent_free(recent);
}
END_TEST

START_TEST(a_range_excludes_its_left_edge_and_counts_what_does_not_fit)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);
	uint32_t cpu = agg_recent_open(recent, "default", "cpu", NULL);
	struct agg_sample out[2];

	for (int s = 1; s <= 10; s++)
		agg_recent_push(recent, cpu, s * S, s);
	ck_assert_uint_eq(read_range(recent, 2, 4, out, 2), 2);
	ck_assert(out[0].value == 3 && out[1].value == 4);
	ck_assert_uint_eq(read_range(recent, 0, 100, out, 2), 10);
	ck_assert(out[0].value == 1 && out[1].value == 2);
	agg_recent_free(recent);
}
END_TEST

START_TEST(late_samples_are_dropped_and_counted)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);
	uint32_t cpu = agg_recent_open(recent, "default", "cpu", NULL);
	struct agg_recent_stats stats;
	struct agg_sample out[4];

	agg_recent_push(recent, cpu, 10 * S, 1);
	agg_recent_push(recent, cpu, 9 * S, 2);
	agg_recent_push(recent, cpu, 10 * S - 1, 3);
	ck_assert_uint_eq(read_range(recent, 0, 100, out, 4), 1);
	ck_assert(out[0].value == 1);
	agg_recent_stats(recent, &stats);
	ck_assert_uint_eq(stats.late, 2);
	agg_recent_free(recent);
}
END_TEST

START_TEST(memory_stays_within_its_bound_and_the_oldest_goes_first)
{
	struct agg_recent_options options = {
	    .total_bytes = 64 * sizeof(struct agg_sample)};
	struct agg_recent *recent = new_wanting_cpu(&options);
	uint32_t cpu = agg_recent_open(recent, "default", "cpu", NULL);
	struct agg_recent_stats stats;
	struct agg_sample out[100];

	for (int s = 1; s <= 100; s++)
		agg_recent_push(recent, cpu, s * S, s);
	ck_assert_uint_eq(read_range(recent, 0, 100, out, 100), 64);
	ck_assert(out[0].value == 37 && out[63].value == 100);
	agg_recent_stats(recent, &stats);
	ck_assert_uint_le(stats.bytes, options.total_bytes);
	ck_assert_uint_eq(stats.overwritten, 36);
	agg_recent_free(recent);
}
END_TEST

START_TEST(a_series_without_memory_for_it_stays_empty)
{
	struct agg_recent_options options = {.total_bytes = 1};
	struct agg_recent *recent = new_wanting_cpu(&options);
	uint32_t cpu = agg_recent_open(recent, "default", "cpu", NULL);
	struct agg_sample out[1];

	agg_recent_push(recent, cpu, S, 1);
	ck_assert_uint_eq(read_range(recent, 0, 100, out, 1), 0);
	agg_recent_free(recent);
}
END_TEST

START_TEST(only_wanted_metrics_are_remembered)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);

	ck_assert_uint_eq(
	    agg_recent_open(recent, "default", "memory", NULL), AGG_RECENT_NONE);
	agg_recent_push(recent, AGG_RECENT_NONE, S, 1);
	agg_recent_free(recent);
}
END_TEST

START_TEST(the_same_tenant_metric_and_labels_are_one_series)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);
	struct agg_recent_view view = {recent, "default"};
	struct agg_expr_source source;
	struct found found = {0};
	struct agg_label ab[] = {{{"a", 1}, {"1", 1}}, {{"b", 1}, {"2", 1}}};
	struct agg_label ba[] = {ab[1], ab[0]};
	uint32_t one =
	    agg_recent_open(recent, "default", "cpu", &(struct agg_labels){ab, 2});

	ck_assert_uint_eq(
	    agg_recent_open(recent, "default", "cpu", &(struct agg_labels){ba, 2}), one);
	ck_assert_uint_ne(
	    agg_recent_open(recent, "default", "cpu", &(struct agg_labels){ab, 1}), one);
	ck_assert_uint_ne(
	    agg_recent_open(recent, "other", "cpu", &(struct agg_labels){ab, 2}), one);
	agg_recent_source(&view, &source);
	source.series(source.arg, "cpu", count_series, &found);
	ck_assert_uint_eq(found.series, 2);
	agg_recent_free(recent);
}
END_TEST

START_TEST(many_series_of_one_metric_are_told_apart)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);
	char name[16];

	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			struct agg_label label = {{"n", 1},
			    {name, (size_t)snprintf(name, sizeof(name), "%u", i)}};

			ck_assert_uint_eq(agg_recent_open(recent, "default", "cpu",
					      &(struct agg_labels){&label, 1}),
			    i);
		}
	agg_recent_free(recent);
}
END_TEST

START_TEST(nan_ends_a_series_until_its_next_sample)
{
	struct agg_recent *recent = new_wanting_cpu(NULL);
	uint32_t cpu = agg_recent_open(recent, "default", "cpu", NULL);
	struct agg_recent_view view = {recent, "default"};
	struct agg_expr_source source;
	struct agg_sample sample, out[4];

	agg_recent_source(&view, &source);
	agg_recent_push(recent, cpu, 1 * S, 1);
	agg_recent_push(recent, cpu, 2 * S, NAN);
	ck_assert(!source.newest(source.arg, cpu, 0, 9 * S, &sample));
	ck_assert_uint_eq(read_range(recent, 0, 9, out, 4), 1);
	agg_recent_push(recent, cpu, 3 * S, 3);
	ck_assert(source.newest(source.arg, cpu, 0, 9 * S, &sample));
	ck_assert(sample.value == 3);
	ck_assert(!source.newest(source.arg, cpu, 3 * S, 9 * S, &sample));
	agg_recent_free(recent);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recent");
	TCase *tc = tcase_create("recent");

	tcase_add_test(tc, a_range_holds_the_last_ten_minutes_at_one_second);
	tcase_add_test(tc, a_range_excludes_its_left_edge_and_counts_what_does_not_fit);
	tcase_add_test(tc, late_samples_are_dropped_and_counted);
	tcase_add_test(tc, memory_stays_within_its_bound_and_the_oldest_goes_first);
	tcase_add_test(tc, a_series_without_memory_for_it_stays_empty);
	tcase_add_test(tc, only_wanted_metrics_are_remembered);
	tcase_add_test(tc, the_same_tenant_metric_and_labels_are_one_series);
	tcase_add_test(tc, many_series_of_one_metric_are_told_apart);
	tcase_add_test(tc, nan_ends_a_series_until_its_next_sample);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
