/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buf.h"
#include "catalog.h"
#include "config.h"
#include "error.h"
#include "paths.h"

static struct sl_catalog *catalog;
static struct sl_buf error;

static void teardown(void)
{
	sl_catalog_unref(catalog);
	catalog = NULL;
	sl_buf_clear(&error);
}

#define ROLES "role \"admin\" { modules = {all} may = {all} }\n"

static int parse(const char *text)
{
	teardown();
	return sl_catalog_parse("c.conf", text, &catalog, &error);
}

static void must_parse(const char *text)
{
	int rc = parse(text);

	ck_assert_msg(rc == 0, "%s", error.len ? sl_buf_text(&error) : "?");
}

static const struct sl_catalog_metric *metric(const char *name)
{
	return sl_catalog_metric(catalog, NULL, name, strlen(name));
}

static const struct sl_catalog_event *event(const char *name)
{
	return sl_catalog_event(catalog, name, strlen(name));
}

/* The targets of a name as one text: "pattern|module " each. */
static const char *resolve(const char *name)
{
	static struct sl_catalog_target target[SL_CATALOG_TARGETS_MAX];
	static struct sl_buf text;
	int n = sl_catalog_resolve(catalog, name, strlen(name), target);

	sl_buf_reset(&text);
	if (n < 0)
		return n == SL_ENOTFOUND ? "not found" : "malformed";
	for (int i = 0; i < n; i++)
		sl_buf_addf(&text, "%s%s%s%s", i ? " " : "", target[i].pattern,
		    target[i].module ? "|" : "",
		    target[i].module ? target[i].module->name : "");
	return sl_buf_text(&text);
}

START_TEST(metrics_have_the_form_of_the_design)
{
	must_parse(
	    "module system_health { title = \"System health\" notice = \"a test\" }\n"
	    "metric cpu_usage { module = system_health unit = percent kind = gauge\n"
	    "  aggregate = avg warning = 70 critical = 85 clear_warning = 65\n"
	    "  clear_critical = 80 field = cpu\n"
	    "  snapshot = false stale_after = 15s for = 1m }\n"
	    "metric success_rate { module = system_health warning = 90 critical = 80\n"
	    "  expr = \"100 * rate(ok[5m])\" }\n" ROLES);
	const struct sl_catalog_metric *cpu = metric("cpu_usage");
	ck_assert_str_eq(cpu->module->key, "systemHealth");
	ck_assert_str_eq(cpu->module->title, "System health");
	ck_assert_str_eq(cpu->module->notice, "a test");
	ck_assert_str_eq(cpu->unit, "percent");
	ck_assert_int_eq(cpu->kind, SL_METRIC_GAUGE);
	ck_assert_int_eq(cpu->aggregate, SL_AGGREGATE_AVG);
	ck_assert_str_eq(cpu->field, "cpu");
	ck_assert(!cpu->snapshot);
	ck_assert(!cpu->lower_is_worse);
	ck_assert_double_eq(cpu->clear_warning, 65);
	ck_assert_double_eq(cpu->clear_critical, 80);
	ck_assert_int_eq(cpu->stale_after_ms, 15000);
	ck_assert_int_eq(cpu->for_ms, 60000);
	ck_assert_ptr_null(cpu->expr);
	const struct sl_catalog_metric *rate = metric("success_rate");
	ck_assert(rate->lower_is_worse);
	ck_assert(isnan(rate->clear_warning) && isnan(rate->clear_critical));
	ck_assert_str_eq(rate->field, "success_rate");
	ck_assert_str_eq(rate->expr, "100 * rate(ok[5m])");
	ck_assert_str_eq(rate->origin, "c.conf:6");
	ck_assert_ptr_eq(sl_catalog_metric_at(catalog, rate->index), rate);
	ck_assert_ptr_null(sl_catalog_metric_at(catalog, 2));
	ck_assert_ptr_null(metric("cpu"));
}
END_TEST

START_TEST(a_bare_name_is_the_metric_that_sources_feed)
{
	must_parse("module b {} module s {} module t {}\n"
		   "metric s.x { expr = x }\n"
		   "metric b.x {}\n"
		   "metric t.x {}\n" ROLES);
	ck_assert_str_eq(metric("x")->module->name, "b");
	ck_assert_str_eq(metric("s.x")->module->name, "s");
	const struct sl_catalog_module *t = sl_catalog_module(catalog, "t", 1);
	ck_assert_str_eq(sl_catalog_metric(catalog, t, "x", 1)->module->name, "t");
	ck_assert_ptr_null(sl_catalog_metric(catalog, t, "y", 1));
}
END_TEST

START_TEST(events_have_typed_fields_families_and_wildcards)
{
	must_parse("module m {} module n {}\n"
		   "family content { module = m }\n"
		   "event content.updated { priority = high\n"
		   "  fields = {\"id:string\", \"n:integer?\", \"any\"} }\n"
		   "event content.deleted { module = n }\n"
		   "event bench.> { module = n priority = low }\n"
		   "event \"*.special\" { module = m }\n" ROLES);
	const struct sl_catalog_event *updated = event("content.updated");
	ck_assert_str_eq(updated->module->name, "m");
	ck_assert_int_eq(updated->priority, SL_STREAM_HIGH);
	ck_assert_uint_eq(updated->field_count, 3);
	ck_assert_int_eq(updated->field[0].type, SL_FIELD_STRING);
	ck_assert(!updated->field[0].optional);
	ck_assert_str_eq(updated->field[1].name, "n");
	ck_assert(updated->field[1].optional);
	ck_assert_int_eq(updated->field[2].type, SL_FIELD_ANY);
	ck_assert_str_eq(event("content.deleted")->module->name, "n");
	ck_assert_int_eq(event("content.deleted")->priority, SL_STREAM_NORMAL);
	ck_assert_str_eq(event("bench.a.b")->name, "bench.>");
	ck_assert_str_eq(event("x.special")->name, "*.special");
	ck_assert_ptr_null(event("bench"));
	ck_assert_ptr_null(event("bench.>"));
	ck_assert_ptr_null(event("content.unknown"));
}
END_TEST

START_TEST(a_later_entry_of_a_name_replaces_the_whole_earlier_one)
{
	char folder[] = "/tmp/sl-catalog-XXXXXX", path[160], command[64];
	struct sl_paths paths = {0};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(paths.catalog, sizeof paths.catalog, "%s/catalog.conf", folder);
	snprintf(paths.catalog_dir, sizeof paths.catalog_dir, "%s/catalog.d", folder);
	mkdir(paths.catalog_dir, 0755);
	static const char *const file[][2] = {
	    {"catalog.conf",
		"module m {}\nmetric x { module = m unit = a warning = 1 critical = 2 }\n"
		"metric y { module = m }\nrole r { modules = {m} }\n"
		"event e.x { module = m fields = {\"a:string\"} }\n"},
	    {"catalog.d/20.conf", "metric m.x { unit = c }\n"
				  "event e.x { module = more priority = low }\n"},
	    {"catalog.d/10.conf", "module more {}\nmetric x { module = m unit = b }\n"},
	    {"catalog.d/ignored.txt", "nonsense"},
	};
	for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, file[i][0]);
		FILE *f = fopen(path, "we");
		fputs(file[i][1], f);
		fclose(f);
	}
	int rc = sl_catalog_load(&paths, &catalog, &error);
	ck_assert_msg(rc == 0, "%s", error.len ? sl_buf_text(&error) : "?");
	ck_assert_uint_eq(sl_catalog_metric_count(catalog), 2);
	ck_assert_str_eq(metric("x")->unit, "c");
	ck_assert(!metric("x")->has_warning);
	ck_assert_str_eq(event("e.x")->module->name, "more");
	ck_assert_uint_eq(event("e.x")->field_count, 0);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_wrong_entry_is_refused_with_file_and_line)
{
	static const struct {
		const char *text, *says;
	} row[] = {
	    {"module A {}", "c.conf:1: module \"A\": "},
	    {"module m {}\nmetric x { module = n }",
		"c.conf:2: metric \"x\": there is no module \"n\""},
	    {"module m {}\nmetric x {}", "module is missing"},
	    {"module m {} module n {}\nmetric m.x { module = n }", "c.conf:2: "},
	    {"module m {}\nmetric m.X {}", "lower-case"},
	    {"module m {}\nmetric m.x {\n kind = gage }",
		"kind = \"gage\": must be one of gauge, counter, timer, status"},
	    {"module m {}\nmetric m.x { aggregate = mean }", "one of last, sum"},
	    {"module m {}\nmetric m.x { warning = hot }",
		"warning = \"hot\": must be a number"},
	    {"module m {}\nmetric m.x { warning = 5 critical = 5 }", "must differ"},
	    {"module m {}\nmetric m.x { warning = 5 clear_warning = 6 }",
		"clear_warning must be on the healthy side"},
	    {"module m {}\nmetric m.x { warning = 9 critical = 5 clear_critical = 4 }",
		"clear_critical must be on the healthy side"},
	    {"module m {}\nmetric m.x { warning = 5 critical = 9 clear_critical = 4 }",
		"critical must not clear after warning"},
	    {"module m {}\nmetric m.x { warning = 5 clear_critical = 4 }",
		"a clear value needs its limit"},
	    {"module m {}\nmetric m.x { stale_after = 15 }", "must be a duration"},
	    {"module m {}\nmetric m.x { snapshot = maybe }", "true or false"},
	    {"module m {}\nmetric m.x { colour = red }", "'colour'"},
	    {"module m {}\nevent a.b {}", "module is missing"},
	    {"module m {}\nevent \"a b\" { module = m }", "an event type is"},
	    {"module m {}\nevent a.>.b { module = m }", "an event type is"},
	    {"module m {}\nevent a { module = m priority = urgent }",
		"critical, high, normal or low"},
	    {"module m {}\nevent a { module = m priority = alerts }",
		"critical, high, normal or low"},
	    {"module m {}\nevent a { module = m fields = {\"a:text\"} }",
		"field \"a:text\""},
	    {"module m {}\nfamily a.b { module = m }", "first word"},
	    {"module m {}\nfamily a { module = n }", "no module \"n\""},
	    {"module m {}\nalias a {}", "topics is missing"},
	    {"module m {}\nalias a { topics = {metrics.n.x} }",
		"\"metrics.n.x\" stands for nothing"},
	    {"module m {}\nmetric m.x {}\nalias a { topics = {x} }",
		"\"x\" stands for nothing"},
	    {"module m {}\nrole r { modules = {n} }", "no module \"n\""},
	    {"module m {}\nrole r { may = {everything} }", "acknowledge, silence"},
	    {"module m {}\nrole \"a b\" {}", "a role's name"},
	    {"module m {}", "needs a module and a role"},
	    {"", "needs a module and a role"},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		ck_assert_msg(parse(row[i].text) == SL_EINVAL, "%s", row[i].text);
		const char *text = sl_buf_text(&error);
		ck_assert_msg(
		    strstr(text, row[i].says) != NULL, "%s: %s", row[i].says, text);
		ck_assert_msg(strncmp(text, "c.conf:", 7) == 0, "%s", text);
		ck_assert_ptr_null(strchr(text, '\n'));
		ck_assert_ptr_null(catalog);
	}
}
END_TEST

START_TEST(references_keep_a_catalog_alive)
{
	must_parse("module m {}\nmetric m.x {}\n" ROLES);
	struct sl_catalog *kept = sl_catalog_ref(catalog);
	const struct sl_catalog_metric *x = metric("x");
	sl_catalog_unref(catalog);
	catalog = NULL;
	ck_assert_str_eq(x->name, "x");
	sl_catalog_unref(kept);
}
END_TEST

START_TEST(names_resolve_in_the_order_of_the_design)
{
	must_parse("module m {} module n {}\n"
		   "metric m.x {} metric n.x { expr = x } metric n.shared {}\n"
		   "event a.b { module = m } event bench.> { module = n }\n"
		   "event single { module = n }\n"
		   "alias metrics { topics = {metrics.>} }\n"
		   "alias a.b { topics = {alerts} }\n"
		   "alias m { topics = {metrics.m.x, events.a.b} }\n" ROLES);
	static const char *const row[][2] = {
	    {"metrics.m.x", "metrics.m.x"},
	    {"metrics.*.x", "metrics.*.x"},
	    {"metrics.m.>", "metrics.m.>"},
	    {"metrics.m.y", "not found"},
	    {"metrics.q.>", "not found"},
	    {"alerts", "alerts"},
	    {"activity", "events.>"},
	    {">", ">"},
	    {"events.a.*", "events.a.*"},
	    {"events.bench.tick", "events.bench.tick"},
	    {"events.q", "not found"},
	    {"metrics", "metrics.>"},        /* alias */
	    {"a.b", "alerts"},               /* alias before event type */
	    {"m", "metrics.m.x events.a.b"}, /* alias before module */
	    {"bench.tick", "events.bench.tick"},
	    {"single", "events.single"},
	    {"n", "metrics.n.> alerts|n events.>|n"},
	    {"x", "metrics.m.x metrics.n.x"},
	    {"n.x", "metrics.n.x"},
	    {"shared", "metrics.n.shared"},
	    {"nothing", "not found"},
	    {"", "malformed"},
	    {"a b", "malformed"},
	    {"metrics.>.x", "malformed"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		ck_assert_msg(strcmp(resolve(row[i][0]), row[i][1]) == 0, "%s: %s",
		    row[i][0], resolve(row[i][0]));
}
END_TEST

static uint64_t reach(const char *name)
{
	struct sl_catalog_target target[SL_CATALOG_TARGETS_MAX];
	int n = sl_catalog_resolve(catalog, name, strlen(name), target);
	uint64_t mask = 0;

	for (int i = 0; i < n; i++)
		mask |= sl_catalog_reach(catalog, &target[i]);
	return mask;
}

START_TEST(a_name_reaches_exactly_the_modules_it_can_bring)
{
	must_parse("module m {} module n {} module empty {}\n"
		   "metric m.x {} metric n.y {}\n"
		   "event a.b { module = m } event a.c { module = n }\n" ROLES);
	ck_assert_uint_eq(reach("metrics.m.>"), 1);
	ck_assert_uint_eq(reach("metrics.*.y"), 2);
	ck_assert_uint_eq(reach("events.a.*"), 3);
	ck_assert_uint_eq(reach("events.a.c"), 2);
	ck_assert_uint_eq(reach("alerts"), 7);
	ck_assert_uint_eq(reach(">"), 7);
	ck_assert_uint_eq(reach("n"), 2);
	ck_assert_uint_eq(reach("x"), 1);
}
END_TEST

START_TEST(the_configuration_names_only_what_is_there)
{
	struct sl_config_threshold threshold = {.title = (char[]){"y"}};
	char *names[] = {(char[]){"q"}};
	struct sl_config_collector collector = {
	    .title = (char[]){"c"}, .modules = {names, 1}};
	struct sl_config config = {
	    .aggregator = {.threshold = &threshold, .threshold_count = 1}};

	must_parse("module m {}\nmetric m.x {}\n" ROLES);
	ck_assert_int_eq(sl_catalog_check(catalog, &config, &error), SL_EINVAL);
	ck_assert_ptr_nonnull(strstr(sl_buf_text(&error), "\"y\""));
	threshold.title[0] = 'x';
	ck_assert_int_eq(sl_catalog_check(catalog, &config, &error), 0);
	config.collector = &collector;
	config.collector_count = 1;
	ck_assert_int_eq(sl_catalog_check(catalog, &config, &error), SL_EINVAL);
	names[0][0] = 'm';
	ck_assert_int_eq(sl_catalog_check(catalog, &config, &error), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("catalog");
	TCase *tc = tcase_create("catalog");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, metrics_have_the_form_of_the_design);
	tcase_add_test(tc, a_bare_name_is_the_metric_that_sources_feed);
	tcase_add_test(tc, events_have_typed_fields_families_and_wildcards);
	tcase_add_test(tc, a_later_entry_of_a_name_replaces_the_whole_earlier_one);
	tcase_add_test(tc, a_wrong_entry_is_refused_with_file_and_line);
	tcase_add_test(tc, references_keep_a_catalog_alive);
	tcase_add_test(tc, names_resolve_in_the_order_of_the_design);
	tcase_add_test(tc, a_name_reaches_exactly_the_modules_it_can_bring);
	tcase_add_test(tc, the_configuration_names_only_what_is_there);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
