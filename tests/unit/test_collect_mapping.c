/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/mapping.h"
#include "collectors/wildcard.h"
#include "fixture.h"

/* ---- patterns ------------------------------------------------------------------- */

static bool matches(const char *pattern, const char *text)
{
	return col_wildcard_match(pattern, fixture_text(text), NULL);
}

START_TEST(a_star_stays_within_a_part_and_an_arrow_takes_the_rest)
{
	ck_assert(
	    matches("a.b", "a.b") && !matches("a.b", "a.c") && !matches("a.b", "a"));
	ck_assert(matches("a.*", "a.b") && matches("a.*", "a.") && !matches("a.*", "a"));
	ck_assert(!matches("a.*", "a.b.c") && matches("a.*.c", "a.b.c"));
	ck_assert(
	    matches("a.>", "a.b.c") && !matches("a.>", "a.") && !matches("a.>", "a"));
	ck_assert(matches(">", "a") && matches(">", "a.b") && !matches(">", ""));
	ck_assert(matches("node_*_total", "node_cpu_seconds_total"));
	ck_assert(!matches("node_*_total", "node_cpu.seconds_total"));
	ck_assert(matches("*ab", "aab") && matches("*a*b*", "xxaxxbxx"));
	ck_assert(!matches("*a*b", "xxbxxa") && matches("**", "") && matches("", ""));
	ck_assert(!matches("", "a") && !matches("a>", "ab") && matches("a>", "a>"));
}
END_TEST

START_TEST(the_pieces_of_a_match_fill_a_text)
{
	struct col_wildcard_match match;
	struct sl_buf out = {0};

	ck_assert(col_wildcard_match(
	    "shop.*.order_*_*.>", fixture_text("shop.eu.order_new_big_one.x.y"), &match));
	col_wildcard_expand("$1/$2/$3/$4/$5/$0/$", &match, &out);
	ck_assert_str_eq(sl_buf_text(&out), "eu/new/big_one/x.y//$0/$");
	sl_buf_clear(&out);
}
END_TEST

START_TEST(more_stars_than_pieces_still_match)
{
	struct col_wildcard_match match;
	struct sl_buf out = {0};

	ck_assert(col_wildcard_match(
	    "*1*2*3*4*5*6*7*8*9*0*", fixture_text("a1b2c3d4e5f6g7h8i9j0kk"), &match));
	col_wildcard_expand("$1$8$9", &match, &out);
	ck_assert_str_eq(sl_buf_text(&out), "ahi");
	sl_buf_clear(&out);
}
END_TEST

/* Two hundred stars against two thousand bytes: no step is repeated without end. */
START_TEST(a_hostile_pattern_costs_no_more_than_a_product)
{
	char pattern[402], text[2001];

	for (size_t i = 0; i < 200; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memcpy(pattern + 400, "b", 2);
	memset(text, 'a', 2000);
	text[2000] = '\0';
	ck_assert(!matches(pattern, text));
}
END_TEST

/* ---- mapping -------------------------------------------------------------------- */

#define NAMES(...)                                                                       \
	(struct sl_names)                                                                \
	{                                                                                \
		(char *[]){__VA_ARGS__},                                                 \
		    sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)                     \
	}

/* A rule of defaults; match empty. */
static struct sl_config_map rule_of(const char *title, const char *metric)
{
	static char empty[] = "", automatic[] = "auto";

	return (struct sl_config_map){.title = (char *)(uintptr_t)title,
	    .match = empty,
	    .metric = (char *)(uintptr_t)metric,
	    .factor = 1,
	    .counter = automatic};
}

static struct sl_catalog *catalog;
static struct col_mapped mapped;

static void setup(void)
{
	struct sl_buf error = {0};

	ck_assert_msg(sl_catalog_parse("test",
			  "module \"shop\" { title = \"Shop\" }\nmodule \"other\" { "
			  "title = \"O\" }\n"
			  "metric \"shop.orders\" { }\n"
			  "metric \"shop.visits_total\" { kind = counter }\n"
			  "metric \"shop.response_time\" { kind = timer }\n"
			  "metric \"shop.response_time_p99\" { }\n"
			  "metric \"other.orders\" { }\nmetric \"other.secret\" { }\n"
			  "metric \"shop.derived\" { expr = \"orders\" }\n"
			  "role \"all\" { modules = {all} }\n",
			  &catalog, &error) == 0,
	    "%s", sl_buf_text(&error));
	mapped = (struct col_mapped){0};
}

static void teardown(void)
{
	col_mapped_clear(&mapped);
	sl_catalog_unref(catalog);
}

static struct sl_config_collector section_of(struct sl_config_map *rules, size_t count)
{
	static char title[] = "test", module[] = "shop", *modules[] = {module};

	return (struct sl_config_collector){
	    .title = title, .modules = {modules, 1}, .map = rules, .map_count = count};
}

static enum col_mapping_verdict find(const struct sl_config_collector *section,
    const char *prefix, const char *name, const struct col_mapping_label *label,
    size_t count)
{
	struct col_mapping *mapping = col_mapping_new(section, catalog, prefix);
	enum col_mapping_verdict verdict =
	    col_mapping_find(mapping, fixture_text(name), label, count, &mapped);

	col_mapping_free(mapping);
	return verdict;
}

START_TEST(a_name_without_rule_is_looked_for_in_the_catalog)
{
	struct sl_config_collector section = section_of(NULL, 0);

	ck_assert_int_eq(find(&section, "", "Orders", NULL, 0), COL_MAPPING_OK);
	ck_assert_str_eq(mapped.metric->name, "orders");
	ck_assert_str_eq(mapped.metric->module->name, "shop");
	ck_assert_int_eq(find(&section, "", "visits.total", NULL, 0), COL_MAPPING_OK);
	ck_assert_int_eq(mapped.counter, COL_MAPPING_TOTAL);
	ck_assert_int_eq(find(&section, "", "shop.orders", NULL, 0), COL_MAPPING_OK);
	ck_assert_int_eq(mapped.counter, COL_MAPPING_RATE);
	ck_assert_int_eq(find(&section, "response.", "time", NULL, 0), COL_MAPPING_OK);
	ck_assert_int_eq(find(&section, "", "none", NULL, 0), COL_MAPPING_UNKNOWN);
	ck_assert_int_eq(find(&section, "", "derived", NULL, 0), COL_MAPPING_UNKNOWN);
	ck_assert_int_eq(find(&section, "", "secret", NULL, 0), COL_MAPPING_DENIED);
	ck_assert_int_eq(find(NULL, "", "secret", NULL, 0), COL_MAPPING_OK);
	ck_assert_int_eq(find(&section, "", "\xff", NULL, 0), COL_MAPPING_MALFORMED);
	ck_assert_int_eq(find(&section, "", "", NULL, 0), COL_MAPPING_MALFORMED);
}
END_TEST

START_TEST(the_first_rule_that_fits_decides)
{
	struct sl_config_map rules[] = {rule_of("noise.>", ""), rule_of("eu", "orders"),
	    rule_of("web.*.hits", "visits_$1")};
	char match[] = "web.*.hits", counter[] = "count";

	rules[1].match = match;
	rules[1].where = NAMES("region=eu-*", "canary!=1");
	rules[1].labels = NAMES("site=$1", "zone=eu");
	rules[1].factor = 60;
	rules[1].counter = counter;
	struct sl_config_collector section = section_of(rules, 3);
	struct col_mapping_label label[] = {
	    {fixture_text("region"), fixture_text("eu-west")},
	    {fixture_text("canary"), fixture_text("0")}};

	ck_assert_int_eq(find(&section, "", "noise.a.b", NULL, 0), COL_MAPPING_LEFT_OUT);
	ck_assert_int_eq(find(&section, "", "web.total.hits", label, 2), COL_MAPPING_OK);
	ck_assert_str_eq(mapped.metric->name, "orders");
	ck_assert_uint_eq(mapped.label_count, 4);
	ck_assert_str_eq(mapped.label[2].key, "site");
	ck_assert_str_eq(mapped.label[2].value, "total");
	ck_assert(mapped.factor == 60 && mapped.counter == COL_MAPPING_COUNT);
	label[1].value = fixture_text("1");
	ck_assert_int_eq(find(&section, "", "web.total.hits", label, 2), COL_MAPPING_OK);
	ck_assert_str_eq(mapped.metric->name, "visits_total");
	ck_assert_int_eq(find(&section, "", "web.x.hits", label, 2), COL_MAPPING_UNKNOWN);
}
END_TEST

START_TEST(labels_stay_go_and_change_their_names_as_rules_say)
{
	struct sl_config_map rules[] = {
	    rule_of("a", "orders"), rule_of("b", "orders"), rule_of("c", "orders")};

	rules[0].drop = NAMES("user");
	rules[0].rename = NAMES("Region:zone");
	rules[1].keep = NAMES("user");
	rules[2].drop = NAMES("*");
	struct sl_config_collector section = section_of(rules, 3);
	struct col_mapping_label label[] = {{fixture_text("user"), fixture_text("u1")},
	    {fixture_text("Region"), fixture_text("eu")},
	    {fixture_text("A-b"), fixture_text("1")},
	    {fixture_text("a_b"), fixture_text("2")}};

	ck_assert_int_eq(find(&section, "", "a", label, 4), COL_MAPPING_OK);
	ck_assert_uint_eq(mapped.label_count, 2);
	ck_assert_str_eq(mapped.label[0].key, "a_b");
	ck_assert_str_eq(mapped.label[0].value, "2");
	ck_assert_str_eq(mapped.label[1].key, "zone");
	ck_assert_int_eq(find(&section, "", "b", label, 4), COL_MAPPING_OK);
	ck_assert_uint_eq(mapped.label_count, 1);
	ck_assert_str_eq(mapped.label[0].value, "u1");
	ck_assert_int_eq(find(&section, "", "c", label, 4), COL_MAPPING_OK);
	ck_assert_uint_eq(mapped.label_count, 0);
}
END_TEST

START_TEST(labels_that_the_ring_cannot_hold_are_refused)
{
	struct sl_config_collector section = section_of(NULL, 0);
	struct col_mapping_label label[COL_CORE_LABELS_MAX + 1];
	char name[COL_CORE_LABELS_MAX + 1][4], value[SIGHTLINE_LABEL_VALUE_MAX + 2];

	for (size_t i = 0; i <= COL_CORE_LABELS_MAX; i++) {
		snprintf(name[i], sizeof(name[i]), "l%zu", i);
		label[i] =
		    (struct col_mapping_label){fixture_text(name[i]), fixture_text("v")};
	}
	ck_assert_int_eq(
	    find(&section, "", "orders", label, COL_CORE_LABELS_MAX), COL_MAPPING_OK);
	ck_assert_int_eq(find(&section, "", "orders", label, COL_CORE_LABELS_MAX + 1),
	    COL_MAPPING_MALFORMED);
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	label[0].value = fixture_text(value);
	ck_assert_int_eq(find(&section, "", "orders", label, 1), COL_MAPPING_MALFORMED);
	label[0].value.len--;
	ck_assert_int_eq(find(&section, "", "orders", label, 1), COL_MAPPING_OK);
	label[0].value = fixture_text("\xc3");
	ck_assert_int_eq(find(&section, "", "orders", label, 1), COL_MAPPING_MALFORMED);
	label[0].value = (struct sl_slice){"a\0b", 3};
	ck_assert_int_eq(find(&section, "", "orders", label, 1), COL_MAPPING_MALFORMED);
}
END_TEST

START_TEST(a_sibling_is_one_that_the_catalog_declares)
{
	struct sl_config_collector section = section_of(NULL, 0);
	struct col_mapping *mapping = col_mapping_new(&section, catalog, "");
	const struct sl_catalog_metric *timer =
	    sl_catalog_metric(catalog, NULL, "response_time", 13);

	ck_assert_str_eq(
	    col_mapping_sibling(mapping, timer, "_p99")->name, "response_time_p99");
	ck_assert_ptr_null(col_mapping_sibling(mapping, timer, "_p50"));
	col_mapping_free(mapping);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_mapping");
	TCase *globs = tcase_create("patterns"), *maps = tcase_create("mapping");

	tcase_add_test(globs, a_star_stays_within_a_part_and_an_arrow_takes_the_rest);
	tcase_add_test(globs, the_pieces_of_a_match_fill_a_text);
	tcase_add_test(globs, more_stars_than_pieces_still_match);
	tcase_add_test(globs, a_hostile_pattern_costs_no_more_than_a_product);
	suite_add_tcase(suite, globs);
	tcase_add_checked_fixture(maps, setup, teardown);
	tcase_add_test(maps, a_name_without_rule_is_looked_for_in_the_catalog);
	tcase_add_test(maps, the_first_rule_that_fits_decides);
	tcase_add_test(maps, labels_stay_go_and_change_their_names_as_rules_say);
	tcase_add_test(maps, labels_that_the_ring_cannot_hold_are_refused);
	tcase_add_test(maps, a_sibling_is_one_that_the_catalog_declares);
	suite_add_tcase(suite, maps);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
