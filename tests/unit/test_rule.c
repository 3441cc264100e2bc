/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/rule.h"
#include "error.h"

static struct agg_thresholds limits(double warning, double critical)
{
	return (struct agg_thresholds){warning, critical, NAN, NAN};
}

static struct agg_rule *rule_of(struct agg_thresholds given)
{
	struct agg_rule_spec spec = {.id = "cpu_usage",
	    .module = "system_health",
	    .metric = "cpu_usage",
	    .title = "CPU",
	    .unit = "percent",
	    .limits = given};
	char error[AGG_RULE_ERROR_MAX] = "";
	struct agg_rule *rule = NULL;

	ck_assert_msg(!agg_rule_new(&spec, &rule, error), "%s", error);
	return rule;
}

/* The thresholds that requirement document 000 gives, and values around them. */
static const struct {
	double warning, critical;
	double value;
	int status;
} defaults[] = {
    {70, 85, 69.99, 0}, /* cpu_usage */
    {70, 85, 70, 1},
    {70, 85, 84.99, 1},
    {70, 85, 85, 2},
    {75, 90, 89, 1},      /* memory_usage */
    {1000, 3000, 999, 0}, /* response_time */
    {1000, 3000, 3001, 2},
    {5, 10, 5, 1},      /* error_rate */
    {90, 80, 90.01, 0}, /* workflow_success_rate: lower is worse */
    {90, 80, 90, 1},
    {90, 80, 80.01, 1},
    {90, 80, 80, 2},
    {90, 80, 0, 2},
    {100, 50, 101, 0}, /* active_users_now: lower is worse */
    {100, 50, 99, 1},
    {100, 50, 50, 2},
    {10, 25, 24, 1}, /* failed_auth_attempts */
    {10, 25, 25, 2},
    {70, NAN, 99, 1},
    {NAN, 85, 99, 2},
    {NAN, NAN, 99, 0},
    {70, 85, NAN, 0},
};

START_TEST(the_side_that_is_worse_follows_from_warning_and_critical)
{
	struct agg_thresholds given = limits(defaults[_i].warning, defaults[_i].critical);

	ck_assert_int_eq(
	    agg_rule_status(&given, defaults[_i].value), defaults[_i].status);
	if (isnan(given.warning) && isnan(given.critical))
		return;
	struct agg_rule *rule = rule_of(given);
	unsigned levels = agg_rule_levels(rule, defaults[_i].value, 0);
	ck_assert_int_eq(
	    levels & AGG_RULE_CRITICAL ? 2 : (int)(levels & AGG_RULE_WARNING),
	    defaults[_i].status);
	agg_rule_free(rule);
}
END_TEST

START_TEST(a_level_ends_at_its_clear_value)
{
	struct agg_rule *rule = rule_of((struct agg_thresholds){70, 85, 60, 80});
	const unsigned both = AGG_RULE_WARNING | AGG_RULE_CRITICAL;

	ck_assert_uint_eq(agg_rule_levels(rule, 65, 0), 0);
	ck_assert_uint_eq(agg_rule_levels(rule, 65, AGG_RULE_WARNING), AGG_RULE_WARNING);
	ck_assert_uint_eq(agg_rule_levels(rule, 59, AGG_RULE_WARNING), 0);
	ck_assert_uint_eq(agg_rule_levels(rule, 82, AGG_RULE_WARNING), AGG_RULE_WARNING);
	ck_assert_uint_eq(agg_rule_levels(rule, 82, both), both);
	ck_assert_uint_eq(agg_rule_levels(rule, 79, both), AGG_RULE_WARNING);
	ck_assert_uint_eq(agg_rule_levels(rule, NAN, both), both);
	agg_rule_free(rule);

	rule = rule_of((struct agg_thresholds){90, 80, 95, 85});
	ck_assert_uint_eq(agg_rule_levels(rule, 92, 0), 0);
	ck_assert_uint_eq(agg_rule_levels(rule, 92, AGG_RULE_WARNING), AGG_RULE_WARNING);
	ck_assert_uint_eq(agg_rule_levels(rule, 96, AGG_RULE_WARNING), 0);
	agg_rule_free(rule);
}
END_TEST

START_TEST(infinite_values_reach_limits_that_exist_only)
{
	struct agg_rule *rule = rule_of(limits(70, NAN));

	ck_assert_uint_eq(agg_rule_levels(rule, INFINITY, 0), AGG_RULE_WARNING);
	ck_assert_uint_eq(agg_rule_levels(rule, -INFINITY, 0), 0);
	agg_rule_free(rule);
}
END_TEST

static const struct {
	struct agg_rule_spec spec;
	const char *contains;
} bad[] = {
    {{.id = "r", .module = "m", .limits = {NAN, NAN, NAN, NAN}},
	"needs warning, critical or an expression"},
    {{.id = "r", .module = "m", .limits = {70, 70, NAN, NAN}}, "cannot be told"},
    {{.id = "r", .module = "m", .limits = {INFINITY, 70, NAN, NAN}}, "finite"},
    {{.id = "r", .module = "m", .limits = {70, 85, 75, NAN}}, "on its bad side"},
    {{.id = "r", .module = "m", .limits = {90, 80, 85, NAN}}, "on its bad side"},
    {{.id = "r", .module = "m", .limits = {70, 85, NAN, 65}},
	"critical would clear after warning"},
    {{.id = "r", .module = "m", .expr = "cpu >", .limits = {1, 2, NAN, NAN}},
	"expression, character 6: expected a value"},
    {{.id = "r", .module = "m", .expr = "cpu", .limits = {NAN, NAN, NAN, NAN}},
	"needs a severity"},
    {{.id = "r",
	 .module = "m",
	 .expr = "1",
	 .severity = AGG_SEVERITY_WARNING,
	 .limits = {NAN, NAN, NAN, NAN}},
	"must yield a vector"},
};

START_TEST(rules_that_make_no_sense_are_refused_with_their_name)
{
	char error[AGG_RULE_ERROR_MAX] = "";
	struct agg_rule *rule = NULL;

	ck_assert_int_eq(agg_rule_new(&bad[_i].spec, &rule, error), SL_EINVAL);
	ck_assert_ptr_null(rule);
	ck_assert_msg(!strncmp(error, "rule \"r\": ", 10), "%s", error);
	ck_assert_msg(strstr(error, bad[_i].contains), "%s", error);
}
END_TEST

static void check_message(const struct agg_rule *rule, enum agg_severity severity,
    double value, bool over, const char *want)
{
	struct agg_label label = {{"host", 4}, {"web-1", 5}};
	struct sl_buf text = {0};

	agg_rule_message(
	    rule, severity, value, &(struct agg_labels){&label, 1}, over, &text);
	ck_assert_str_eq(sl_buf_text(&text), want);
	sl_buf_clear(&text);
}

START_TEST(messages_say_what_is_how_bad)
{
	struct agg_rule *rule = rule_of(limits(70, 85));

	check_message(rule, AGG_SEVERITY_CRITICAL, 91.25, false,
	    "CPU is 91.25 % (critical from 85 % up)");
	check_message(
	    rule, AGG_SEVERITY_WARNING, 70, false, "CPU is 70 % (warning from 70 % up)");
	check_message(rule, AGG_SEVERITY_WARNING, 12.5, true, "CPU is back at 12.5 %");
	agg_rule_free(rule);

	rule = rule_of(limits(90, 80));
	check_message(rule, AGG_SEVERITY_CRITICAL, 79, false,
	    "CPU is 79 % (critical from 80 % down)");
	agg_rule_free(rule);
}
END_TEST

START_TEST(annotations_are_filled_in)
{
	struct agg_rule_spec spec = {.id = "r",
	    .module = "m",
	    .limits = {1, 2, NAN, NAN},
	    .summary =
		"{{ $labels.host }} is at {{$value}}{{ $labels.none }}, {{ x }} {{"};
	char error[AGG_RULE_ERROR_MAX];
	struct agg_rule *rule;

	ck_assert_int_eq(agg_rule_new(&spec, &rule, error), 0);
	check_message(
	    rule, AGG_SEVERITY_WARNING, 1.5, false, "web-1 is at 1.5, {{ x }} {{");
	agg_rule_free(rule);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule");
	TCase *tc = tcase_create("rule");

	tcase_add_loop_test(tc, the_side_that_is_worse_follows_from_warning_and_critical,
	    0, sizeof(defaults) / sizeof(defaults[0]));
	tcase_add_test(tc, a_level_ends_at_its_clear_value);
	tcase_add_test(tc, infinite_values_reach_limits_that_exist_only);
	tcase_add_loop_test(tc, rules_that_make_no_sense_are_refused_with_their_name, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, messages_say_what_is_how_bad);
	tcase_add_test(tc, annotations_are_filled_in);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
