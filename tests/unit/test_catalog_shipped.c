/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog that the repository ships keeps the promises of the documents. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog.h"
#include "paths.h"

static struct sl_catalog *catalog;
static struct sl_buf error;

/* A test runs inside a checkout, whose catalog it finds. */
static void setup(void)
{
	struct sl_paths paths;

	ck_assert_int_eq(sl_paths_init(&paths, "/nonexistent", NULL, &error), 0);
	int rc = sl_catalog_load(&paths, &catalog, &error);
	ck_assert_msg(rc == 0, "%s", error.len ? sl_buf_text(&error) : "?");
}

static void teardown(void)
{
	sl_catalog_unref(catalog);
	catalog = NULL;
	sl_buf_clear(&error);
}

static const struct sl_catalog_metric *metric(const char *name)
{
	return sl_catalog_metric(catalog, NULL, name, strlen(name));
}

static const struct sl_catalog_event *event(const char *name)
{
	return sl_catalog_event(catalog, name, strlen(name));
}

static const struct sl_catalog_role *role(const char *name)
{
	return sl_catalog_role(catalog, name, strlen(name));
}

static uint64_t reach(const char *name)
{
	struct sl_catalog_target target[SL_CATALOG_TARGETS_MAX];
	int n = sl_catalog_resolve(catalog, name, strlen(name), target);
	uint64_t mask = 0;

	for (int i = 0; i < n; i++)
		mask |= sl_catalog_reach(catalog, &target[i]);
	return mask;
}

START_TEST(requirement_000_metrics_stand_in_their_sections)
{
	static const struct {
		const char *module, *fields;
	} row[] = {
	    {"system_health",
		"overall_status cpu_usage memory_usage response_time uptime_percentage "
		"active_services failed_services"},
	    {"business_metrics",
		"revenue_today revenue_trend active_customers conversion_rate churn_rate "
		"mrr"},
	    {"workflow_performance",
		"active_executions success_rate average_execution_time queue_size "
		"failed_workflows throughput_per_hour"},
	    {"customer_intelligence",
		"active_users_now user_growth_rate support_tickets_open "
		"average_health_score user_engagement_rate bounce_rate"},
	    {"security_compliance",
		"failed_auth_attempts api_requests_per_minute compliance_score "
		"active_sessions security_incidents audit_events_today"},
	    {"executive_summary",
		"overall_status revenue_today active_users_now workflow_success_rate "
		"compliance_score"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char fields[256];

		snprintf(fields, sizeof fields, "%s", row[i].fields);
		for (char *f = strtok(fields, " "); f; f = strtok(NULL, " ")) {
			bool found = false;
			for (size_t k = 0; k < sl_catalog_metric_count(catalog); k++) {
				const struct sl_catalog_metric *m =
				    sl_catalog_metric_at(catalog, k);
				found |= m->snapshot && strcmp(m->field, f) == 0 &&
					 strcmp(m->module->name, row[i].module) == 0;
			}
			ck_assert_msg(found, "%s.%s", row[i].module, f);
		}
	}
}
END_TEST

START_TEST(requirement_000_thresholds_have_their_direction)
{
	static const struct {
		const char *name;
		double warning, critical;
	} row[] = {
	    {"cpu_usage", 70, 85},
	    {"memory_usage", 75, 90},
	    {"response_time", 1000, 3000},
	    {"error_rate", 5, 10},
	    {"workflow_success_rate", 90, 80},
	    {"active_users_now", 100, 50},
	    {"failed_auth_attempts", 10, 25},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const struct sl_catalog_metric *m = metric(row[i].name);
		ck_assert_double_eq(m->warning, row[i].warning);
		ck_assert_double_eq(m->critical, row[i].critical);
		ck_assert_int_eq(m->lower_is_worse, row[i].critical < row[i].warning);
		/* A value that moves around a threshold must not flap. */
		ck_assert_double_ne(m->clear_warning, m->warning);
		ck_assert_double_ne(m->clear_critical, m->critical);
		ck_assert(!isnan(m->clear_warning) && !isnan(m->clear_critical));
	}
}
END_TEST

START_TEST(requirement_002_event_types_are_declared)
{
	static const struct {
		const char *family, *module, *types;
	} row[] = {
	    {"analytics", "customer_intelligence",
		"new_activity traffic_update performance_update chart_update"},
	    {"content", "workflow_performance",
		"created updated deleted status_changed published unpublished"},
	    {"user", "customer_intelligence", "login logout registered profile_updated"},
	    {"settings", "security_compliance", "updated backup_created backup_restored"},
	    {"project", "workflow_performance", "created updated deleted status_changed"},
	    {"system", "system_health", "health_check error maintenance"},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char types[128], name[128];

		snprintf(types, sizeof types, "%s", row[i].types);
		for (char *t = strtok(types, " "); t; t = strtok(NULL, " "), n++) {
			snprintf(name, sizeof name, "%s.%s", row[i].family, t);
			ck_assert_msg(event(name) != NULL, "%s", name);
			ck_assert_str_eq(event(name)->module->name, row[i].module);
		}
	}
	ck_assert_str_eq(
	    event("user.password_changed")->module->name, "security_compliance");
	ck_assert_uint_eq(n + 1, 25);
	ck_assert_str_eq(event("bench.tick")->module->name, "system_health");
}
END_TEST

START_TEST(names_of_the_documents_resolve)
{
	static const char *const name[] = {"dashboard", "metrics", "alerts", "users",
	    "credits", "workflows", "business_analytics", "revenue", "system_health",
	    "cpu_usage", "analytics.new_activity", "content.updated", "settings.updated"};

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		ck_assert_msg(reach(name[i]) != 0, "%s", name[i]);
	ck_assert_uint_eq(reach("workflows"),
	    sl_catalog_module(catalog, "workflow_performance", 20)->bit);
	ck_assert_uint_eq(reach("business_analytics"),
	    sl_catalog_module(catalog, "business_metrics", 16)->bit);
}
END_TEST

START_TEST(roles_are_those_of_the_design)
{
	static const struct {
		const char *role, *modules, *may;
	} row[] = {
	    {"master_admin",
		"system_health business_metrics workflow_performance "
		"customer_intelligence security_compliance executive_summary",
		"acknowledge silence rules layouts export audit force-aggregation status "
		"connections control"},
	    {"technical_admin",
		"system_health workflow_performance security_compliance "
		"executive_summary",
		"acknowledge silence rules force-aggregation status connections"},
	    {"business_admin", "business_metrics customer_intelligence executive_summary",
		"acknowledge layouts export"},
	    {"compliance_admin", "security_compliance executive_summary",
		"acknowledge audit export"},
	    {"operations_admin", "workflow_performance system_health executive_summary",
		"acknowledge"},
	    {"read_only_viewer", "executive_summary", ""},
	};
	static const struct {
		const char *name;
		uint32_t bit;
	} right[] = {
#define X(id, bit, name) {name, SL_RIGHT_##id},
	    SL_RIGHT_TABLE(X)
#undef X
	};

	ck_assert_uint_eq(sl_catalog_role_count(catalog), sizeof row / sizeof *row);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char text[256];
		uint64_t modules = 0;
		uint32_t may = 0;

		snprintf(text, sizeof text, "%s", row[i].modules);
		for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
			modules |= sl_catalog_module(catalog, w, strlen(w))->bit;
		snprintf(text, sizeof text, "%s", row[i].may);
		for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
			for (size_t k = 0; k < sizeof right / sizeof *right; k++)
				if (strcmp(right[k].name, w) == 0)
					may |= right[k].bit;
		ck_assert_uint_eq(role(row[i].role)->modules, modules);
		ck_assert_uint_eq(role(row[i].role)->may, may);
	}
	ck_assert_ptr_eq(role("platform_admin"), role("master_admin"));
	ck_assert_ptr_null(role("nobody"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("catalog_shipped");
	TCase *tc = tcase_create("shipped");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, requirement_000_metrics_stand_in_their_sections);
	tcase_add_test(tc, requirement_000_thresholds_have_their_direction);
	tcase_add_test(tc, requirement_002_event_types_are_declared);
	tcase_add_test(tc, names_of_the_documents_resolve);
	tcase_add_test(tc, roles_are_those_of_the_design);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
