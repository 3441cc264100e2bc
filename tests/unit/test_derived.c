/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/derived.h"
#include "aggregator/recent.h"
#include "error.h"

#define S 1000000000LL

/* ---- a small aggregator: metrics of one tenant by number ----------------------------
 */

#define METRICS 16

struct world {
	struct agg_derived *derived;
	struct agg_recent *recent;
	struct agg_recent_view view;
	const struct agg_derived_spec *specs;
	uint32_t handles[METRICS];
	const char *names[METRICS];
	double published[METRICS]; /* by spec */
	size_t publications;
	size_t open[3];
	int64_t now_ns;
};

static bool source(void *arg, const char *tenant, struct agg_expr_source *out)
{
	struct world *world = arg;

	world->view = (struct agg_recent_view){world->recent, tenant};
	agg_recent_source(&world->view, out);
	return true;
}

static size_t open_alerts(void *arg, const char *tenant, int severity)
{
	struct world *world = arg;

	ck_assert_str_eq(tenant, "default");
	return world->open[severity];
}

static void feed(struct world *world, uint32_t metric, double value, int status)
{
	agg_recent_push(world->recent, world->handles[metric], world->now_ns, value);
	agg_derived_changed(world->derived, metric, status);
}

/* As the core does: a derived metric is set like any other, here number 8 + spec. */
static void publish(
    void *arg, const char *tenant, size_t spec, double value, int64_t ts_ns)
{
	struct world *world = arg;

	ck_assert_str_eq(tenant, "default");
	ck_assert_int_eq(ts_ns, world->now_ns);
	world->published[spec] = value;
	world->publications++;
	if (world->names[8 + spec])
		feed(world, (uint32_t)(8 + spec), value, 0);
}

static void want(void *arg, size_t spec, const char *metric)
{
	(void)spec;
	agg_recent_want(arg, metric);
}

static int try_specs(const struct agg_derived_spec *specs, size_t count,
    struct world *world, char error[AGG_DERIVED_ERROR_MAX])
{
	struct agg_derived_hooks hooks = {world, source, open_alerts, publish};

	*world = (struct world){.specs = specs, .now_ns = 1000 * S};
	for (size_t i = 0; i < METRICS; i++)
		world->published[i] = -1;
	return agg_derived_new(specs, count, &hooks, &world->derived, error);
}

static void start(struct world *world, const struct agg_derived_spec *specs, size_t count)
{
	char error[AGG_DERIVED_ERROR_MAX];

	ck_assert_msg(!try_specs(specs, count, world, error), "%s", error);
	world->recent = agg_recent_new(NULL);
	agg_derived_each_metric(world->derived, want, world->recent);
}

static void bind(
    struct world *world, uint32_t metric, const char *module, const char *name)
{
	world->names[metric] = name;
	world->handles[metric] = agg_recent_open(world->recent, "default", name, NULL);
	agg_derived_bind(world->derived, metric, "default", module, name, true);
}

static void stop(struct world *world)
{
	agg_derived_free(world->derived);
	agg_recent_free(world->recent);
}

static size_t run(struct world *world, bool clock)
{
	return agg_derived_run(world->derived, world->now_ns, clock);
}

/* ---- expressions --------------------------------------------------------------------
 */

START_TEST(a_derived_metric_follows_its_inputs_in_dependency_order)
{
	static const struct agg_derived_spec specs[] = {
	    {"m", "c", AGG_DERIVED_EXPR, 0, "b * 10"},
	    {"m", "b", AGG_DERIVED_EXPR, 0, "a + 1"},
	};
	struct world world;

	start(&world, specs, 2);
	bind(&world, 0, "m", "a");
	bind(&world, 8, "m", "c");
	bind(&world, 9, "m", "b");
	feed(&world, 0, 4, 0);
	ck_assert_uint_eq(run(&world, false), 2);
	ck_assert(world.published[1] == 5);
	ck_assert(world.published[0] == 50);
	ck_assert_uint_eq(run(&world, false), 0);
	stop(&world);
}
END_TEST

START_TEST(many_changes_of_an_input_are_one_evaluation_and_no_change_is_no_news)
{
	static const struct agg_derived_spec specs[] = {
	    {"m", "high", AGG_DERIVED_EXPR, 0, "a > bool 10"}};
	struct world world;

	start(&world, specs, 1);
	bind(&world, 0, "m", "a");
	for (int i = 0; i < 100; i++)
		feed(&world, 0, 20 + i, 0);
	ck_assert_uint_eq(run(&world, false), 1);
	ck_assert_uint_eq(world.publications, 1);
	feed(&world, 0, 99, 0);
	ck_assert_uint_eq(run(&world, false), 1);
	ck_assert_uint_eq(world.publications, 1);
	stop(&world);
}
END_TEST

START_TEST(a_summary_metric_may_have_the_name_of_what_it_shows)
{
	static const struct agg_derived_spec specs[] = {
	    {"executive_summary", "revenue_today", AGG_DERIVED_EXPR, 0, "revenue_today"},
	    {"executive_summary", "twice", AGG_DERIVED_EXPR, 0, "revenue_today * 2"},
	};
	struct world world;

	start(&world, specs, 2);
	bind(&world, 0, "business_metrics", "revenue_today");
	agg_derived_bind(
	    world.derived, 8, "default", "executive_summary", "revenue_today", true);
	feed(&world, 0, 7, 0);
	ck_assert_uint_eq(run(&world, false), 2);
	ck_assert(world.published[0] == 7);
	ck_assert(world.published[1] == 14);
	agg_derived_changed(world.derived, 8, 0);
	ck_assert_uint_eq(run(&world, false), 0);
	stop(&world);
}
END_TEST

START_TEST(what_the_clock_drives_is_evaluated_without_samples)
{
	static const struct agg_derived_spec specs[] = {
	    {"m", "r", AGG_DERIVED_EXPR, 0, "count_over_time(a[10s])"}};
	struct world world;

	start(&world, specs, 1);
	bind(&world, 0, "m", "a");
	feed(&world, 0, 1, 0);
	run(&world, true);
	ck_assert(world.published[0] == 1);
	world.now_ns += 20 * S;
	ck_assert_uint_eq(run(&world, false), 0);
	ck_assert_uint_eq(run(&world, true), 1);
	ck_assert(isnan(world.published[0]));
	stop(&world);
}
END_TEST

START_TEST(several_elements_become_one_value_as_the_metric_says)
{
	static const struct agg_derived_spec specs[] = {
	    {"m", "sum", AGG_DERIVED_EXPR, AGG_DERIVED_SUM, "a + 0"},
	    {"m", "avg", AGG_DERIVED_EXPR, AGG_DERIVED_AVG, "a + 0"},
	    {"m", "min", AGG_DERIVED_EXPR, AGG_DERIVED_MIN, "a + 0"},
	    {"m", "max", AGG_DERIVED_EXPR, AGG_DERIVED_MAX, "a + 0"},
	    {"m", "count", AGG_DERIVED_EXPR, AGG_DERIVED_COUNT, "a + 0"},
	    {"m", "none", AGG_DERIVED_EXPR, AGG_DERIVED_SUM, "a > 99"},
	};
	static const double want_values[] = {9, 3, 1, 6, 3};
	struct world world;

	start(&world, specs, 6);
	for (int i = 0; i < 3; i++) {
		char text[2] = {(char)('a' + i), 0};
		struct agg_label label = {{"part", 4}, {text, 1}};
		uint32_t part = agg_recent_open(
		    world.recent, "default", "a", &(struct agg_labels){&label, 1});

		agg_recent_push(world.recent, part, world.now_ns, (double[]){1, 2, 6}[i]);
	}
	agg_derived_bind(world.derived, 0, "default", "m", "a", true);
	agg_derived_changed(world.derived, 0, 0);
	run(&world, false);
	for (int i = 0; i < 5; i++)
		ck_assert_msg(world.published[i] == want_values[i], "%s", specs[i].name);
	ck_assert(isnan(world.published[5]));
	stop(&world);
}
END_TEST

START_TEST(wrong_expressions_and_cycles_are_refused_by_name)
{
	static const struct agg_derived_spec bad[] = {
	    {"m", "x", AGG_DERIVED_EXPR, 0, "1 +"}};
	static const struct agg_derived_spec cycle[] = {
	    {"m", "free", AGG_DERIVED_EXPR, 0, "z"},
	    {"m", "p", AGG_DERIVED_EXPR, 0, "q"},
	    {"m", "q", AGG_DERIVED_EXPR, 0, "r + 1"},
	    {"m", "r", AGG_DERIVED_EXPR, 0, "p"},
	};
	char error[AGG_DERIVED_ERROR_MAX];
	struct world world;

	ck_assert_int_eq(try_specs(bad, 1, &world, error), SL_EINVAL);
	ck_assert_str_eq(error,
	    "metric \"m.x\": expression, character 4: expected a value, got the end");
	ck_assert_int_eq(try_specs(cycle, 4, &world, error), SL_EINVAL);
	ck_assert_msg(strstr(error, "depends on itself"), "%s", error);
	ck_assert_msg(!strstr(error, "free"), "%s", error);
}
END_TEST

/* ---- by rule ------------------------------------------------------------------------
 */

START_TEST(overall_status_is_the_worst_of_fed_and_fresh_metrics)
{
	static const struct agg_derived_spec specs[] = {
	    {"health", "overall_status", AGG_DERIVED_STATUS, 0, NULL},
	    {"executive_summary", "overall_status", AGG_DERIVED_STATUS_ALL, 0, NULL},
	};
	struct world world;

	start(&world, specs, 2);
	bind(&world, 0, "health", "a");
	bind(&world, 1, "health", "b");
	bind(&world, 2, "business", "c");
	agg_derived_bind(world.derived, 3, "default", "health", "other", false);

	agg_derived_changed(world.derived, 0, 1);
	run(&world, false);
	ck_assert(world.published[0] == 1 && world.published[1] == 1);
	agg_derived_changed(world.derived, 2, 2);
	run(&world, false);
	ck_assert(world.published[0] == 1 && world.published[1] == 2);
	agg_derived_changed(world.derived, 1, 0);
	agg_derived_changed(world.derived, 3, 2);
	run(&world, false);
	ck_assert(world.published[0] == 1);
	agg_derived_changed(world.derived, 0, AGG_DERIVED_NO_STATUS);
	run(&world, false);
	ck_assert(world.published[0] == 0);
	agg_derived_changed(world.derived, 1, AGG_DERIVED_NO_STATUS);
	agg_derived_changed(world.derived, 2, AGG_DERIVED_NO_STATUS);
	run(&world, false);
	ck_assert(isnan(world.published[0]) && isnan(world.published[1]));
	stop(&world);
}
END_TEST

START_TEST(open_alerts_are_counted_when_they_change)
{
	static const struct agg_derived_spec specs[] = {
	    {"executive_summary", "open_alerts_warning", AGG_DERIVED_OPEN_WARNING, 0,
		NULL},
	    {"executive_summary", "open_alerts_critical", AGG_DERIVED_OPEN_CRITICAL, 0,
		NULL},
	};
	struct world world;

	start(&world, specs, 2);
	world.open[1] = 3;
	world.open[2] = 1;
	agg_derived_alerts_changed(world.derived, "default");
	run(&world, false);
	ck_assert(world.published[0] == 3 && world.published[1] == 1);
	stop(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("derived");
	TCase *tc = tcase_create("derived");

	tcase_add_test(tc, a_derived_metric_follows_its_inputs_in_dependency_order);
	tcase_add_test(
	    tc, many_changes_of_an_input_are_one_evaluation_and_no_change_is_no_news);
	tcase_add_test(tc, a_summary_metric_may_have_the_name_of_what_it_shows);
	tcase_add_test(tc, what_the_clock_drives_is_evaluated_without_samples);
	tcase_add_test(tc, several_elements_become_one_value_as_the_metric_says);
	tcase_add_test(tc, wrong_expressions_and_cycles_are_refused_by_name);
	tcase_add_test(tc, overall_status_is_the_worst_of_fed_and_fresh_metrics);
	tcase_add_test(tc, open_alerts_are_counted_when_they_change);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
