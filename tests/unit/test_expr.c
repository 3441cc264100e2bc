/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/expr_eval.h"
#include "aggregator/expr_parse.h"
#include "error.h"

#define S  1000000000LL
#define AT (100000 * S)

/* ---- a source made of literals ------------------------------------------------------
 */

struct series {
	const char *metric;
	const char *labels[4]; /* name, value, name, value */
	size_t count;
	struct {
		double age_s; /* before AT */
		double value;
	} samples[8];
};

static const struct series all[] = {
    {"cpu", {"host", "a", "mode", "user"}, 1, {{1, 30}}},
    {"cpu", {"host", "a", "mode", "system"}, 1, {{1, 10}}},
    {"cpu", {"host", "b", "mode", "user"}, 1, {{1, 70}}},
    {"cpu", {"host", "b", "mode", "system"}, 1, {{1, 5}}},
    {"memory", {"host", "a"}, 1, {{2, 4}}},
    {"memory", {"host", "b"}, 1, {{2, 8}}},
    {"memory", {"host", "c"}, 1, {{2, 16}}},
    {"one", {0}, 1, {{0, 1}}},
    {"old", {0}, 1, {{301, 1}}},
    {"edge", {0}, 1, {{300, 1}}},
    {"past", {0}, 2, {{600, 7}, {10, 9}}},
    /* every 10 s, the range [60s] holds five: 50 s … 10 s old */
    {"counter", {0}, 7,
	{{60, 90}, {50, 100}, {40, 110}, {30, 120}, {20, 130}, {10, 140}, {0, 150}}},
    /* resets between 30 s and 20 s */
    {"reset", {0}, 5, {{50, 100}, {40, 110}, {30, 120}, {20, 5}, {10, 15}}},
    /* far from both edges of a range of 100 s, near zero */
    {"inner", {0}, 3, {{60, 2}, {50, 12}, {40, 22}}},
    {"gauge", {0}, 4, {{40, 10}, {30, 30}, {20, 20}, {10, 40}}},
    {"signed", {0}, 3, {{30, -4}, {20, 6}, {10, -8}}},
};

static int each_series(void *arg, const char *metric,
    int (*each)(void *each_arg, uint64_t key, const struct agg_labels *labels),
    void *each_arg)
{
	static struct agg_label kept[sizeof(all) / sizeof(all[0])][2];
	int stop = 0;

	(void)arg;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !stop; i++) {
		struct agg_labels labels = {kept[i], 0};

		if (strcmp(all[i].metric, metric))
			continue;
		for (int l = 0; l < 4 && all[i].labels[l]; l += 2)
			kept[i][labels.count++] =
			    (struct agg_label){sl_slice_text(all[i].labels[l]),
				sl_slice_text(all[i].labels[l + 1])};
		stop = each(each_arg, i, &labels);
	}
	return stop;
}

static size_t range(void *arg, uint64_t key, int64_t from_ns, int64_t to_ns,
    struct agg_sample *out, size_t max)
{
	size_t count = 0;

	(void)arg;
	for (size_t i = 0; i < all[key].count; i++) {
		int64_t ts_ns = AT - (int64_t)(all[key].samples[i].age_s * 1e9);

		if (ts_ns <= from_ns || ts_ns > to_ns)
			continue;
		if (count < max)
			out[count] =
			    (struct agg_sample){ts_ns, all[key].samples[i].value};
		count++;
	}
	return count;
}

static bool newest(
    void *arg, uint64_t key, int64_t from_ns, int64_t to_ns, struct agg_sample *sample)
{
	struct agg_sample found[8];
	size_t count = range(arg, key, from_ns, to_ns, found, 8);

	if (count)
		*sample = found[count - 1];
	return count;
}

static const struct agg_expr_source source = {NULL, each_series, newest, range};

static struct agg_expr *parse(const char *text)
{
	struct agg_expr_error error;
	struct agg_expr *expr;
	int failed = agg_expr_parse(text, strlen(text), &expr, &error);

	ck_assert_msg(!failed, "%s: at %zu: %s", text, error.position, error.text);
	return expr;
}

/* ---- values -------------------------------------------------------------------------
 */

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void check_values(const char *text, const double *want, size_t want_count)
{
	struct agg_expr *expr = parse(text);
	struct agg_expr_error error = {0};
	struct agg_expr_result result;
	double got[8];
	int failed = agg_expr_eval(expr, &source, AT, NULL, &result, &error);
	size_t count = result.is_scalar ? 1 : result.count;

	ck_assert_msg(!failed, "%s: %s", text, error.text);
	ck_assert_int_eq(result.is_scalar, agg_expr_is_scalar(expr));
	ck_assert_msg(count == want_count, "%s: %zu values", text, count);
	for (size_t i = 0; i < count; i++)
		got[i] = result.is_scalar ? result.scalar : result.items[i].value;
	qsort(got, count, sizeof(*got), order);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg((isnan(got[i]) && isnan(want[i])) || got[i] == want[i] ||
				  fabs(got[i] - want[i]) < 1e-12 * fabs(want[i]),
		    "%s: value %zu is %.17g, not %.17g", text, i, got[i], want[i]);
	agg_expr_result_clear(&result);
	agg_expr_free(expr);
}

/* Values of the elements in rising order. */
static const struct {
	const char *text;
	size_t count;
	double values[8];
} values[] = {
    /* numbers and precedence */
    {"1 + 2 * 3", 1, {7}},
    {"(1 + 2) * 3", 1, {9}},
    {"2 ^ 3 ^ 2", 1, {512}},
    {"-2 ^ 2", 1, {-4}},
    {"2 ^ -1", 1, {0.5}},
    {"-1 * -3", 1, {3}},
    {"10 - 4 - 3", 1, {3}},
    {"7 % 4", 1, {3}},
    {"-7 % 4", 1, {-3}},
    {"1 / 0", 1, {INFINITY}},
    {"0 / 0", 1, {NAN}},
    {"0x1F + 1e3 + .5", 1, {1031.5}},
    {"Inf", 1, {INFINITY}},
    {"5m", 1, {300}},
    {"1h30m / 1s", 1, {5400}},
    {"1 < bool 2", 1, {1}},
    {"1 == bool 2 < bool 3", 1, {1}},
    {"1 + 1 > bool 1", 1, {1}},
    {"1 # a comment\n + 1", 1, {2}},
    {"time()", 1, {100000}},
    /* selectors */
    {"cpu", 4, {5, 10, 30, 70}},
    {"cpu{mode=\"user\"}", 2, {30, 70}},
    {"cpu{mode!='user',host=`b`,}", 1, {5}},
    {"cpu{rack=\"\"}", 4, {5, 10, 30, 70}},
    {"cpu{rack!=\"\"}", 0, {0}},
    {"missing", 0, {0}},
    {"old", 0, {0}},
    {"edge", 0, {0}},
    {"past offset 10m", 1, {7}},
    {"past offset 9s", 1, {9}},
    {"past offset 11s", 0, {0}},
    {"past offset -4m", 1, {9}},
    {"+one", 1, {1}},
    {"-one", 1, {-1}},
    /* vectors and scalars */
    {"cpu * 2", 4, {10, 20, 60, 140}},
    {"100 - cpu", 4, {30, 70, 90, 95}},
    {"cpu > 20", 2, {30, 70}},
    {"20 < cpu", 2, {30, 70}},
    {"cpu > bool 20", 4, {0, 0, 1, 1}},
    {"cpu > 20 < 50", 1, {30}},
    /* vectors and vectors */
    {"memory + memory", 3, {8, 16, 32}},
    {"memory > memory", 0, {0}},
    {"cpu{mode='user'} / ignoring(mode) memory", 2, {7.5, 8.75}},
    {"cpu{mode='user'} + on(host) memory", 2, {34, 78}},
    {"cpu{mode='user'} + memory", 0, {0}},
    {"memory and on(host) cpu", 2, {4, 8}},
    {"memory unless on(host) cpu", 1, {16}},
    {"memory{host='a'} or memory", 3, {4, 8, 16}},
    {"missing or one", 1, {1}},
    {"one or missing and missing", 1, {1}},
    {"sum(memory) and sum(cpu)", 1, {28}},
    /* aggregation */
    {"sum(cpu)", 1, {115}},
    {"sum by (host) (cpu)", 2, {40, 75}},
    {"sum(cpu) by (host)", 2, {40, 75}},
    {"SUM(cpu) WITHOUT (mode)", 2, {40, 75}},
    {"avg(cpu)", 1, {28.75}},
    {"min by (mode) (cpu)", 2, {5, 30}},
    {"max without (host, mode) (cpu)", 1, {70}},
    {"count(cpu)", 1, {4}},
    {"count(missing)", 0, {0}},
    {"count(cpu > 20) or vector(0)", 1, {2}},
    {"count(cpu > 99) or vector(0)", 1, {0}},
    {"scalar(one) + 1", 1, {2}},
    {"scalar(cpu)", 1, {NAN}},
    {"absent(missing)", 1, {1}},
    {"absent(one)", 0, {0}},
    {"abs(-one)", 1, {1}},
    {"ceil(one / 4) + floor(one / 4)", 1, {1}},
    {"max(sum by (host) (cpu)) / 3", 1, {25}},
    /* ranges exclude their left edge */
    {"count_over_time(counter[60s])", 1, {6}},
    {"count_over_time(counter[1m] offset 1s)", 1, {6}},
    {"count_over_time(counter[61s])", 1, {7}},
    {"count_over_time(old[5m])", 0, {0}},
    {"avg_over_time(gauge[1m])", 1, {25}},
    {"min_over_time(gauge[1m])", 1, {10}},
    {"max_over_time(gauge[1m])", 1, {40}},
    {"sum_over_time(gauge[1m])", 1, {100}},
    {"last_over_time(gauge[25s])", 1, {40}},
    {"quantile_over_time(0.5, gauge[1m])", 1, {25}},
    {"quantile_over_time(1, gauge[1m])", 1, {40}},
    {"quantile_over_time(2, gauge[1m])", 1, {INFINITY}},
    {"predict_linear(counter[61s], 60)", 1, {210}},
    /*
     * rate: growth 50 over 50 s sampled; to the start 10 s < 1.1 × 10 s and to
     * the end 0 s, so 50 × 60/50; the counter would be 0 only 100 s before.
     */
    {"increase(counter[60s])", 1, {60}},
    {"rate(counter[60s])", 1, {1}},
    {"delta(counter[60s])", 1, {60}},
    /* reset: 20 + (120 - 120) … = 15 - 100 + 120 = 35 over 40 s, edges 10 s each */
    {"increase(reset[60s])", 1, {35 * 60.0 / 40}},
    {"rate(reset[60s])", 1, {35 * 60.0 / 40 / 60}},
    {"delta(reset[60s])", 1, {-85 * 60.0 / 40}},
    /*
     * inner: growth 20 over 20 s; both edges 40 s away > 11 s, so half an interval
     * each; to zero it is only 2 s from the first sample.
     */
    {"increase(inner[100s])", 1, {20 * (20.0 + 2 + 5) / 20}},
    {"delta(inner[100s])", 1, {20 * (20.0 + 5 + 5) / 20}},
    {"rate(inner[100s])", 1, {20 * (20.0 + 2 + 5) / 20 / 100}},
    /* the ones of few samples */
    {"rate(one[1m])", 0, {0}},
    {"delta(past[1m])", 0, {0}},
    /* a gauge may go below zero */
    {"delta(signed[35s])", 1, {-4 * (20.0 + 5 + 10) / 20}},
    {"100 * rate(counter[60s]) / (rate(counter[60s]) + rate(counter[60s]))", 1, {50}},
};

START_TEST(values_are_those_of_prometheus)
{
	check_values(values[_i].text, values[_i].values, values[_i].count);
}
END_TEST

/* ---- errors -------------------------------------------------------------------------
 */

static const struct {
	const char *text;
	size_t position;
	const char *contains;
} errors[] = {
    {"", 0, "empty"},
    {"  # only a comment", 0, "empty"},
    {"1 +", 3, "expected a value, got the end"},
    {"1 1", 2, "expected an operator, got a number"},
    {"(1", 2, "expected ')'"},
    {"1)", 1, "expected an operator, got ')'"},
    {"cpu{", 4, "expected a name, got the end"},
    {"cpu{host='a'", 12, "expected '}', got the end"},
    {"cpu{host}", 8, "expected '='"},
    {"cpu{host=a}", 9, "expected a string, got a name"},
    {"cpu{host=~\"a.*\"}", 8, "regular expressions are not supported"},
    {"cpu{host!~\"a.*\"}", 8, "regular expressions are not supported"},
    {"cpu{__name__=\"a\"}", 4, "expected a label's name"},
    {"{host=\"a\"}", 0, "needs a metric's name"},
    {"cpu{host=\"a}", 9, "no closing quote"},
    {"cpu{host=\"\\q\"}", 9, "unknown escape"},
    {"cpu[5m]", 0, "range vector cannot be the result"},
    {"cpu[5]", 4, "expected a duration, got a number"},
    {"cpu[0s]", 4, "longer than 0"},
    {"cpu[5m:1m]", 6, "subqueries"},
    {"cpu[5x]", 4, "units are"},
    {"cpu[5m5h]", 4, "from large to small"},
    {"cpu[999y]", 4, "100 years"},
    {"cpu[5m", 6, "expected ']'"},
    {"cpu @ 5", 4, "'@' is not supported"},
    {"cpu offset", 10, "expected a duration"},
    {"(cpu + cpu) offset 5m", 12, "directly behind a selector"},
    {"(cpu)[5m]", 5, "directly behind a selector"},
    {"rate(cpu)", 5, "expected range vector, got instant vector"},
    {"rate(cpu[5m], 1)", 12, "takes 1 argument"},
    {"rate()", 5, "takes 1 argument"},
    {"quantile_over_time(cpu[5m], 1)", 19, "expected scalar, got range vector"},
    {"nonsense(cpu)", 0, "unknown function 'nonsense'"},
    {"sum(1)", 4, "expected instant vector, got scalar"},
    {"sum by host (cpu)", 7, "expected '('"},
    {"1 > 2", 2, "need bool"},
    {"1 + bool 2", 4, "comparisons only"},
    {"1 and cpu", 2, "two instant vectors"},
    {"1 + on(host) cpu", 2, "two instant vectors"},
    {"cpu + cpu[5m]", 6, "got range vector"},
    {"-cpu[5m]", 0, "has no sign"},
    {"cpu * on(host) group_left memory", 15, "not supported"},
    {"and", 0, "expected a value, got 'and'"},
    {"cpu $ 1", 4, "unexpected '$'"},
    {"cpu \x01", 4, "unexpected byte 0x01"},
    {"1e", 0, "bad number"},
    {"1..2", 0, "bad number"},
    {"0x", 0, "bad number"},
    {"cpu = 1", 4, "expected an operator, got '='"},
};

START_TEST(errors_say_where_and_what_was_expected)
{
	struct agg_expr_error error;
	struct agg_expr *expr;
	const char *text = errors[_i].text;

	ck_assert_int_eq(
	    agg_expr_parse(text, strlen(text), &expr, &error), SL_EMALFORMED);
	ck_assert_ptr_null(expr);
	ck_assert_msg(
	    strstr(error.text, errors[_i].contains), "%s: '%s'", text, error.text);
	ck_assert_msg(error.position == errors[_i].position, "%s: at %zu: %s", text,
	    error.position, error.text);
}
END_TEST

static void check_data_error(const char *text, const char *contains)
{
	struct agg_expr *expr = parse(text);
	struct agg_expr_error error = {0};
	struct agg_expr_result result;

	ck_assert_int_eq(
	    agg_expr_eval(expr, &source, AT, NULL, &result, &error), SL_EINVAL);
	ck_assert_msg(strstr(error.text, contains), "%s: %s", text, error.text);
	ck_assert_uint_eq(result.count, 0);
	agg_expr_free(expr);
}

START_TEST(ambiguous_partners_are_an_error_not_a_choice)
{
	check_data_error("memory + on(host) cpu", "on the right have the same labels");
	check_data_error("cpu + on(host) memory", "on the left match one");
}
END_TEST

/* ---- limits and reports -------------------------------------------------------------
 */

static int parse_repeated(const char *head, const char *part, int times, const char *tail)
{
	static char text[8192];
	struct agg_expr_error error;
	struct agg_expr *expr;
	size_t len = 0;

	len += (size_t)snprintf(text, sizeof(text), "%s", head);
	for (int i = 0; i < times; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", part);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", tail);
	int result = agg_expr_parse(text, len, &expr, &error);
	agg_expr_free(expr);
	return result;
}

START_TEST(nesting_size_and_length_are_bounded)
{
	ck_assert_int_eq(parse_repeated("", "-", 60, "1"), 0);
	ck_assert_int_eq(parse_repeated("", "-", 500, "1"), SL_ETOOBIG);
	ck_assert_int_eq(parse_repeated("", "(", 500, "1"), SL_ETOOBIG);
	ck_assert_int_eq(parse_repeated("1", "^1", 100, ""), SL_ETOOBIG);
	ck_assert_int_eq(parse_repeated("1", "+1", 255, ""), 0);
	ck_assert_int_eq(parse_repeated("1", "+1", 256, ""), SL_ETOOBIG);
	ck_assert_int_eq(parse_repeated("1", " ", 4096, ""), SL_ETOOBIG);
}
END_TEST

START_TEST(evaluation_stops_at_its_limits)
{
	struct agg_expr *expr = parse("sum(cpu) + sum(cpu)");
	struct agg_expr_limits steps = {.steps = 5}, memory = {.memory_bytes = 64};
	struct agg_expr_error error = {0};
	struct agg_expr_result result;

	ck_assert_int_eq(
	    agg_expr_eval(expr, &source, AT, &steps, &result, &error), SL_ETOOBIG);
	ck_assert_int_eq(
	    agg_expr_eval(expr, &source, AT, &memory, &result, &error), SL_ETOOBIG);
	agg_expr_free(expr);
}
END_TEST

START_TEST(an_expression_tells_what_it_reads_and_how_far_back)
{
	struct agg_expr *expr =
	    parse("sum(cpu) / cpu{host='a'} + rate(memory[5m] offset 1m)");

	ck_assert_uint_eq(agg_expr_metric_count(expr), 2);
	ck_assert_str_eq(agg_expr_metric(expr, 0), "cpu");
	ck_assert_str_eq(agg_expr_metric(expr, 1), "memory");
	ck_assert(agg_expr_clock_driven(expr));
	ck_assert_int_eq(agg_expr_reach_ns(expr), 360 * S);
	agg_expr_free(expr);

	expr = parse("cpu > 5");
	ck_assert(!agg_expr_clock_driven(expr));
	ck_assert_int_eq(agg_expr_reach_ns(expr), 0);
	agg_expr_free(expr);
}
END_TEST

static void check_labels(const char *text, const char *metric, const char *name)
{
	struct agg_expr *expr = parse(text);
	struct agg_expr_error error;
	struct agg_expr_result result;

	ck_assert_int_eq(agg_expr_eval(expr, &source, AT, NULL, &result, &error), 0);
	ck_assert_uint_ge(result.count, 1);
	if (metric)
		ck_assert_str_eq(result.items[0].metric, metric);
	else
		ck_assert_ptr_null(result.items[0].metric);
	ck_assert_uint_eq(result.items[0].labels.count, name ? 1 : 0);
	if (name)
		ck_assert(agg_labels_slice_equal(
		    result.items[0].labels.items[0].name, sl_slice_text(name)));
	agg_expr_result_clear(&result);
	agg_expr_free(expr);
}

START_TEST(labels_and_names_are_kept_and_dropped_as_in_prometheus)
{
	check_labels("memory", "memory", "host");
	check_labels("memory > 0", "memory", "host");
	check_labels("memory > bool 0", NULL, "host");
	check_labels("memory * 1", NULL, "host");
	check_labels("-memory", NULL, "host");
	check_labels("memory or cpu", "memory", "host");
	check_labels("sum(cpu)", NULL, NULL);
	check_labels("sum by (mode) (cpu)", NULL, "mode");
	check_labels("cpu{mode='user'} + ignoring(mode) memory", NULL, "host");
	check_labels("cpu{mode='user'} > on(host) memory", NULL, "host");
	check_labels("absent(missing{host='x', mode!='y'})", NULL, "host");
	check_labels("max_over_time(memory[1m])", NULL, "host");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("expr");
	TCase *tc = tcase_create("expr");

	tcase_add_loop_test(
	    tc, values_are_those_of_prometheus, 0, sizeof(values) / sizeof(values[0]));
	tcase_add_loop_test(tc, errors_say_where_and_what_was_expected, 0,
	    sizeof(errors) / sizeof(errors[0]));
	tcase_add_test(tc, ambiguous_partners_are_an_error_not_a_choice);
	tcase_add_test(tc, nesting_size_and_length_are_bounded);
	tcase_add_test(tc, evaluation_stops_at_its_limits);
	tcase_add_test(tc, an_expression_tells_what_it_reads_and_how_far_back);
	tcase_add_test(tc, labels_and_names_are_kept_and_dropped_as_in_prometheus);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
