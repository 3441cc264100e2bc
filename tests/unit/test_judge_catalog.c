/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/judge_catalog.h"

static const char catalog_text[] =
    "module \"system_health\" { title = \"System\" }\n"
    "module \"executive_summary\" { title = \"Summary\" }\n"
    "metric \"system_health.cpu\" { unit = percent warning = 70 critical = 85 }\n"
    "metric \"system_health.quiet\" { unit = percent }\n"
    "metric \"system_health.overall_status\" { kind = status }\n"
    "metric \"executive_summary.cpu\" { expr = \"cpu\" aggregate = max warning = 60 }\n"
    "metric \"executive_summary.overall_status\" { kind = status }\n"
    "role \"master_admin\" { modules = {all} }\n";

static struct sl_catalog *catalog;
static struct sl_config config;
static struct agg_rule **rules;
static size_t rule_count;

static void setup(void)
{
	struct sl_buf error = {0};

	ck_assert_msg(sl_catalog_parse("test", catalog_text, &catalog, &error) == 0, "%s",
	    sl_buf_text(&error));
	config = (struct sl_config){0};
}

static void teardown(void)
{
	for (size_t i = 0; i < rule_count; i++)
		agg_rule_free(rules[i]);
	free(rules);
	rules = NULL;
	rule_count = 0;
	sl_catalog_unref(catalog);
}

static const struct agg_rule *find(const char *id)
{
	for (size_t i = 0; i < rule_count; i++)
		if (strcmp(rules[i]->id, id) == 0)
			return rules[i];
	return NULL;
}

START_TEST(each_metric_with_a_threshold_has_a_rule_of_its_own)
{
	ck_assert_int_eq(
	    agg_judge_catalog_rules(catalog, &config, &rules, &rule_count), 0);
	ck_assert_uint_eq(rule_count, 2);
	ck_assert_ptr_nonnull(find("cpu"));
	ck_assert_str_eq(find("cpu")->module, "system_health");
	ck_assert_ptr_nonnull(find("executive_summary.cpu"));
	ck_assert_str_eq(find("executive_summary.cpu")->module, "executive_summary");
}
END_TEST

START_TEST(the_configuration_wins_over_the_catalog_for_the_metric_it_names)
{
	struct sl_config_threshold own = {.title = "executive_summary.cpu",
	    .warning = 10,
	    .critical = 20,
	    .clear_warning = NAN,
	    .clear_critical = NAN};

	config.aggregator.threshold = &own;
	config.aggregator.threshold_count = 1;
	ck_assert_int_eq(
	    agg_judge_catalog_rules(catalog, &config, &rules, &rule_count), 0);
	ck_assert_double_eq(find("cpu")->limits.warning, 70);
	ck_assert_double_eq(find("executive_summary.cpu")->limits.warning, 10);
	ck_assert_double_eq(find("executive_summary.cpu")->limits.critical, 20);
}
END_TEST

START_TEST(derived_metrics_come_with_their_kind_fold_and_place)
{
	struct agg_derived_spec *specs;
	uint32_t *metric;
	size_t count = agg_judge_catalog_specs(catalog, &specs, &metric);

	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		const struct sl_catalog_metric *def =
		    sl_catalog_metric_at(catalog, metric[i]);
		bool summary = strcmp(def->module->name, "executive_summary") == 0;
		ck_assert_str_eq(specs[i].name, def->name);
		if (strcmp(def->name, "cpu") == 0) {
			ck_assert_int_eq(specs[i].kind, AGG_DERIVED_EXPR);
			ck_assert_int_eq(specs[i].fold, AGG_DERIVED_MAX);
		} else {
			ck_assert_int_eq(specs[i].kind,
			    summary ? AGG_DERIVED_STATUS_ALL : AGG_DERIVED_STATUS);
		}
	}
	free(specs);
	free(metric);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge_catalog");
	TCase *tc = tcase_create("judge_catalog");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_metric_with_a_threshold_has_a_rule_of_its_own);
	tcase_add_test(
	    tc, the_configuration_wins_over_the_catalog_for_the_metric_it_names);
	tcase_add_test(tc, derived_metrics_come_with_their_kind_fold_and_place);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
