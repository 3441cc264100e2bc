/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "clock.h"
#include "collectors/place.h"
#include "collectors/prombody.h"
#include "collectors/promnumber.h"
#include "collectors/scrape_due.h"
#include "collectors/scrape_secret.h"
#include "collectors/scrape_series.h"
#include "error.h"
#include "fixture.h"

/* ---- lines --------------------------------------------------------------------- */

static struct col_promtext_sample sample;
static const char *problem;

static int parse(enum col_promtext_form form, const char *line)
{
	problem = NULL;
	return col_promtext_parse(form, fixture_text(line), &sample, &problem);
}

static bool says(struct sl_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

START_TEST(samples_of_both_formats_are_read)
{
	static const struct {
		enum col_promtext_form form;
		const char *line, *name, *series;
		double value;
		size_t labels;
		int64_t time_ns; /* -1: none */
	} good[] = {
	    {0, "up 1", "up", "up", 1, 0, -1},
	    {0, "  up\t 1 ", "up", "up", 1, 0, -1},
	    {0, "a:b_c{} -0.5", "a:b_c", "a:b_c{}", -0.5, 0, -1},
	    {0, "a{b=\"c\",} 1e3", "a", "a{b=\"c\",}", 1000, 1, -1},
	    {0, "a { b = \"c\" , d=\"\" } +1", "a", "a { b = \"c\" , d=\"\" }", 1, 2, -1},
	    {0, "a{b=\"}\\\"{,\"}2", "a", "a{b=\"}\\\"{,\"}", 2, 1, -1},
	    {0, "a 1 1395066363000", "a", "a", 1, 0, 1395066363000000000},
	    {0, "a 1 -3982045", "a", "a", 1, 0, -3982045000000},
	    {1, "a 1 1520879607.5", "a", "a", 1, 0, 1520879607500000000},
	    {1, "a_bucket{le=\"10\"} 17 # {} 9.8", "a_bucket", "a_bucket{le=\"10\"}", 17,
		1, -1},
	    {1, "a 17 5 # {trace=\"K # }\",b=\"\\\\\"} 0.67 4.25", "a", "a", 17, 0,
		5 * SL_NS_PER_S},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int kind = parse(good[i].form, good[i].line);
		ck_assert_msg(
		    kind == COL_PROMTEXT_SAMPLE, "%s: %s", good[i].line, problem);
		ck_assert_msg(says(sample.name, good[i].name), "%s", good[i].line);
		ck_assert_msg(says(sample.series, good[i].series), "%s", good[i].line);
		ck_assert_double_eq(sample.value, good[i].value);
		ck_assert_uint_eq(sample.label_count, good[i].labels);
		ck_assert_int_eq(sample.has_time, good[i].time_ns != -1);
		if (sample.has_time)
			ck_assert_int_eq(sample.time_ns, good[i].time_ns);
	}
}
END_TEST

START_TEST(lines_that_are_neither_sample_nor_comment_are_malformed_with_a_reason)
{
	static const struct {
		enum col_promtext_form form;
		const char *line;
	} bad[] = {{0, "1a 1"}, {0, "{a=\"b\"} 1"}, {0, "a-b 1"}, {0, "a"}, {0, "a "},
	    {0, "a{b=\"c\"}"}, {0, "a{b=\"c\" 1"}, {0, "a{b=\"c} 1"}, {0, "a{b=\"c\\"},
	    {0, "a{b=c} 1"}, {0, "a{b} 1"}, {0, "a{=\"c\"} 1"}, {0, "a{,} 1"},
	    {0, "a{b:c=\"d\"} 1"}, {0, "a{b=\"c\" d=\"e\"} 1"}, {0, "a one"},
	    {0, "a 0x10"}, {0, "a 1_000"}, {0, "a 1e"}, {0, "a ."}, {0, "a --1"},
	    {0, "a 1 1.5"}, {0, "a 1 9223372036855000"}, {0, "a 1 2 3"},
	    {0, "a 1 # {} 1"}, {0, "a 1\r"}, {0, "<html>"}, {0, "\xff 1"}, {1, "a 1 # 1"},
	    {1, "a 1 # {a=\"b\"}"}, {1, "a 1 # {} x"}, {1, "a 1 # {} 1 x"},
	    {1, "a 1 # {} 1 2 3"}, {1, "a 1 1e300"}, {1, "a 1 NaN"}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(
		    parse(bad[i].form, bad[i].line) == SL_EMALFORMED, "%s", bad[i].line);
		ck_assert_ptr_nonnull(problem);
	}
}
END_TEST

START_TEST(a_sample_has_at_most_64_labels)
{
	char line[2048] = "a{";

	for (int i = 0; i < 64; i++)
		sprintf(line + strlen(line), "l%d=\"\",", i);
	strcat(line, "} 1");
	ck_assert_int_eq(parse(COL_PROMTEXT_PLAIN, line), COL_PROMTEXT_SAMPLE);
	ck_assert_uint_eq(sample.label_count, 64);
	strcpy(strchr(line, '}'), "more=\"\"} 1");
	ck_assert_int_eq(parse(COL_PROMTEXT_PLAIN, line), SL_EMALFORMED);
	ck_assert_str_eq(problem, "has more than 64 labels");
}
END_TEST

START_TEST(comments_are_passed_over_and_types_say_what_counts)
{
	ck_assert_int_eq(parse(COL_PROMTEXT_PLAIN, ""), COL_PROMTEXT_NOTHING);
	ck_assert_int_eq(
	    parse(COL_PROMTEXT_PLAIN, "# HELP a b \\ \xff"), COL_PROMTEXT_NOTHING);
	ck_assert_int_eq(parse(COL_PROMTEXT_PLAIN, "# EOF"), COL_PROMTEXT_NOTHING);
	ck_assert_int_eq(parse(COL_PROMTEXT_OPEN, "# EOF"), COL_PROMTEXT_END);
	ck_assert_int_eq(
	    parse(COL_PROMTEXT_PLAIN, "# TYPE a counter"), COL_PROMTEXT_TYPE);
	ck_assert(says(sample.name, "a"));

	static const struct {
		const char *name, *family;
		enum col_promtext_type type;
		bool counts;
	} rows[] = {{"a", "a", COL_PROMTEXT_COUNTER, true},
	    {"a_total", "a", COL_PROMTEXT_COUNTER, true},
	    {"a_created", "a", COL_PROMTEXT_COUNTER, false},
	    {"ab", "a", COL_PROMTEXT_COUNTER, false},
	    {"a", "", COL_PROMTEXT_COUNTER, false}, {"a", "a", COL_PROMTEXT_OTHER, false},
	    {"a_bucket", "a", COL_PROMTEXT_HISTOGRAM, true},
	    {"a_sum", "a", COL_PROMTEXT_HISTOGRAM, true},
	    {"a_count", "a", COL_PROMTEXT_SUMMARY, true},
	    {"a", "a", COL_PROMTEXT_SUMMARY, false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(
		    col_promtext_is_cumulative(fixture_text(rows[i].name),
			fixture_text(rows[i].family), rows[i].type) == rows[i].counts,
		    "%s of %s", rows[i].name, rows[i].family);
}
END_TEST

START_TEST(escapes_of_label_values_are_undone_and_others_stay)
{
	struct sl_buf out = {0};

	ck_assert_int_eq(parse(COL_PROMTEXT_PLAIN, "a{b=\"C:\\\\d\\\"x\\\"\\n\\t\"} 1"),
	    COL_PROMTEXT_SAMPLE);
	col_promtext_unescape(&sample.label[0], &out);
	ck_assert_str_eq(sl_buf_text(&out), "C:\\d\"x\"\n\\t");
	sl_buf_clear(&out);
}
END_TEST

START_TEST(the_content_type_says_which_form)
{
	ck_assert_int_eq(col_promtext_form_of(NULL), COL_PROMTEXT_PLAIN);
	ck_assert_int_eq(
	    col_promtext_form_of("text/plain; version=0.0.4"), COL_PROMTEXT_PLAIN);
	ck_assert_int_eq(
	    col_promtext_form_of("application/openmetrics-texts"), COL_PROMTEXT_PLAIN);
	ck_assert_int_eq(
	    col_promtext_form_of("Application/OpenMetrics-Text; version=1.0.0"),
	    COL_PROMTEXT_OPEN);
	ck_assert_int_eq(
	    col_promtext_form_of("application/openmetrics-text"), COL_PROMTEXT_OPEN);
}
END_TEST

START_TEST(numbers_are_what_strtod_makes_of_them)
{
	static const char *const edge[] = {"0", "-0", "1.", ".5", "999999999999999",
	    "9999999999999999", "0.1", "123456.789012345", "1e-320", "1e400",
	    "0.000000000000001", "-12.5E+3", "18446744073709551616", "4.35", "0.3",
	    "2.2250738585072011e-308"};
	char text[64];
	double value;

	for (size_t i = 0; i < sizeof(edge) / sizeof(edge[0]); i++) {
		ck_assert_int_eq(col_promnumber_read(fixture_text(edge[i]), &value), 0);
		double wanted = strtod(edge[i], NULL);
		ck_assert_msg(memcmp(&value, &wanted, sizeof(value)) == 0, "%s", edge[i]);
	}
	srand(1);
	for (int i = 0; i < 200000; i++) {
		snprintf(text, sizeof(text), "%s%d%s%0*d", i % 3 ? "" : "-", rand(),
		    i % 2 ? "." : "", 1 + i % 9, rand() % 1000);
		ck_assert_int_eq(col_promnumber_read(fixture_text(text), &value), 0);
		double wanted = strtod(text, NULL);
		ck_assert_msg(memcmp(&value, &wanted, sizeof(value)) == 0, "%s", text);
	}
	ck_assert_int_eq(col_promnumber_read(fixture_text("NaN"), &value), 0);
	ck_assert(isnan(value));
	ck_assert_int_eq(col_promnumber_read(fixture_text("+Inf"), &value), 0);
	ck_assert_double_eq(value, INFINITY);
	ck_assert_int_eq(col_promnumber_read(fixture_text("-infinity"), &value), 0);
	ck_assert_double_eq(value, -INFINITY);
}
END_TEST

/* ---- bodies ---------------------------------------------------------------------- */

static double sum;
static size_t counters;

static int add(
    void *arg, const struct col_promtext_sample *one, char error[COL_PROMBODY_ERROR])
{
	(void)arg;
	(void)error;
	sum += one->value;
	counters += one->cumulative;
	return 0;
}

static int read_body(
    struct col_prombody *body, enum col_promtext_form form, const char *text, size_t step)
{
	sum = 0;
	counters = 0;
	col_prombody_begin(body, form, add, NULL);
	for (size_t at = 0; at < strlen(text); at += step)
		col_prombody_feed(
		    body, text + at, strlen(text) - at < step ? strlen(text) - at : step);
	return col_prombody_end(body);
}

START_TEST(a_body_is_the_same_however_it_is_cut)
{
	static const char text[] = "# TYPE a counter\na{b=\"c\"} 1\n\na_total 2\nb 4\n";
	struct col_prombody body = {0};

	for (size_t step = 1; step < sizeof(text); step++) {
		ck_assert_int_eq(read_body(&body, COL_PROMTEXT_PLAIN, text, step), 0);
		ck_assert_double_eq(sum, 7);
		ck_assert_uint_eq(counters, 2);
	}
	col_prombody_clear(&body);
}
END_TEST

START_TEST(a_body_that_was_cut_off_says_so_with_its_line)
{
	static const struct {
		enum col_promtext_form form;
		const char *text, *error;
	} bad[] = {
	    {0, "a 1\nb 2", "line 2 has no end: the answer was cut off"},
	    {1, "a 1\n",
		"line 1 is the last one and not \"# EOF\": the answer was cut off"},
	    {1, "", "line 0 is the last one and not \"# EOF\": the answer was cut off"},
	    {1, "# EOF\na 1\n# EOF\n", "line 2 comes after \"# EOF\""},
	    {0, "a 1\n\na b\nc 1\n", "line 3 has a value that is no number"},
	};
	struct col_prombody body = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(
		    read_body(&body, bad[i].form, bad[i].text, 3), SL_EMALFORMED);
		ck_assert_str_eq(body.error, bad[i].error);
	}
	ck_assert_int_eq(read_body(&body, COL_PROMTEXT_OPEN, "a 1\n# EOF", 4), 0);
	ck_assert_int_eq(read_body(&body, COL_PROMTEXT_PLAIN, "", 1), 0);
	col_prombody_clear(&body);
}
END_TEST

START_TEST(a_line_without_an_end_is_held_up_to_its_limit_only)
{
	static char block[4096];
	struct col_prombody body = {0};
	int rc = 0;

	memset(block, 'x', sizeof(block));
	col_prombody_begin(&body, COL_PROMTEXT_PLAIN, add, NULL);
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = col_prombody_feed(&body, block, sizeof(block));
	ck_assert_int_eq(rc, SL_ETOOBIG);
	ck_assert_str_eq(body.error, "line 1 is longer than 65536 bytes");
	ck_assert_uint_le(body.rest.cap, 4 * COL_PROMBODY_LINE_MAX);
	ck_assert_int_eq(col_prombody_feed(&body, "a 1\n", 4), SL_ETOOBIG);
	col_prombody_clear(&body);
}
END_TEST

/* ---- what is around them ------------------------------------------------------------
 */

START_TEST(a_counter_becomes_its_rate_or_its_growth_and_may_begin_again)
{
	struct col_scrape_entry entry = {.factor = 2, .counter = COL_MAPPING_RATE};
	double value;

	ck_assert(!col_scrape_entry_take(&entry, 100, 10 * SL_NS_PER_S, &value));
	ck_assert(col_scrape_entry_take(&entry, 130, 20 * SL_NS_PER_S, &value));
	ck_assert_double_eq(value, 6);
	/* It fell: what it has now came since it began again. */
	ck_assert(col_scrape_entry_take(&entry, 5, 30 * SL_NS_PER_S, &value));
	ck_assert_double_eq(value, 1);
	ck_assert(!col_scrape_entry_take(&entry, NAN, 40 * SL_NS_PER_S, &value));
	entry.counter = COL_MAPPING_COUNT;
	ck_assert(col_scrape_entry_take(&entry, 9, 40 * SL_NS_PER_S, &value));
	ck_assert_double_eq(value, 8);
	entry.counter = COL_MAPPING_TOTAL;
	ck_assert(col_scrape_entry_take(&entry, 9, 40 * SL_NS_PER_S, &value));
	ck_assert_double_eq(value, 18);
}
END_TEST

/* The examples are worked out by hand after histogram_quantile's documentation. */
START_TEST(a_quantile_of_a_histogram_lies_evenly_within_its_bucket)
{
	struct col_scrape_histogram histogram = {.factor = 1};

	ck_assert(isnan(col_scrape_histogram_quantile(&histogram, 0.5)));
	/* In no order, as a page may have them; 10, 30 and 60 fall into the buckets. */
	col_scrape_histogram_add(&histogram, COL_SCRAPE_PART_BUCKET, INFINITY, 100);
	ck_assert(isnan(col_scrape_histogram_quantile(&histogram, 0.5)));
	col_scrape_histogram_add(&histogram, COL_SCRAPE_PART_BUCKET, 2, 40);
	col_scrape_histogram_add(&histogram, COL_SCRAPE_PART_BUCKET, 1, 10);
	ck_assert_double_eq(col_scrape_histogram_quantile(&histogram, 0.05), 0.5);
	ck_assert_double_eq(col_scrape_histogram_quantile(&histogram, 0.25), 1.5);
	ck_assert_double_eq(col_scrape_histogram_quantile(&histogram, 0.4), 2);
	/* Above the highest bound nothing is known. */
	ck_assert_double_eq(col_scrape_histogram_quantile(&histogram, 0.99), 2);
	/* What is added later counts with it; a lower bucket may seem to have more. */
	col_scrape_histogram_add(&histogram, COL_SCRAPE_PART_BUCKET, 1, 90);
	ck_assert_double_eq(col_scrape_histogram_quantile(&histogram, 0.5), 0.5);
	col_scrape_histogram_reset(&histogram);
	ck_assert(!histogram.touched);
	ck_assert(isnan(col_scrape_histogram_quantile(&histogram, 0.5)));
	for (int i = 0; i < 2 * COL_SCRAPE_BUCKETS_MAX; i++)
		col_scrape_histogram_add(&histogram, COL_SCRAPE_PART_BUCKET, -i, 1);
	ck_assert_uint_eq(histogram.bucket_count, COL_SCRAPE_BUCKETS_MAX);
	col_scrape_histogram_clear(&histogram);
}
END_TEST

START_TEST(labels_of_the_target_win_unless_its_own_are_honored)
{
	const struct sl_names none = {NULL, 0};
	struct col_scrape_owner owner = {
	    .target = "t", .instance = "i:1", .labels = &none};
	struct col_scrape_labels labels;
	struct sl_slice value;
	struct sl_buf text = {0};

	ck_assert_int_eq(parse(COL_PROMTEXT_PLAIN,
			     "a{instance=\"x\",le=\"1\",empty=\"\",b=\"\\n\"} 1"),
	    COL_PROMTEXT_SAMPLE);
	ck_assert(col_scrape_labels_gather(&labels, &owner, &sample, &text));
	ck_assert_uint_eq(labels.count, 5);
	ck_assert(says(labels.label[0].value, "x"));
	ck_assert(says(labels.label[2].value, " "));
	ck_assert(says(labels.label[4].value, "i:1"));
	ck_assert(col_scrape_labels_remove(&labels, "le", &value));
	ck_assert(says(value, "1"));
	ck_assert(!col_scrape_labels_remove(&labels, "le", &value));
	ck_assert(says(labels.label[3].value, "i:1"));
	owner.honor_labels = true;
	ck_assert(col_scrape_labels_gather(&labels, &owner, &sample, &text));
	ck_assert(says(labels.label[1].value, "i:1"));
	ck_assert(says(labels.label[2].value, "x"));
	sl_buf_clear(&text);
}
END_TEST

START_TEST(a_target_is_due_at_its_place_in_each_interval)
{
	const int64_t s = SL_NS_PER_S;

	/* Nearer than half an interval: the one after. */
	ck_assert_int_eq(col_scrape_due_after(100 * s, 3 * s, 10 * s), 113 * s);
	ck_assert_int_eq(col_scrape_due_after(103 * s, 3 * s, 10 * s), 113 * s);
	ck_assert_int_eq(col_scrape_due_after(106 * s, 3 * s, 10 * s), 113 * s);
	ck_assert_int_eq(col_scrape_due_after(109 * s, 3 * s, 10 * s), 123 * s);
}
END_TEST

START_TEST(a_secret_is_one_line_that_cannot_begin_another_field)
{
	static const struct {
		const char *text;
		bool basic;
		const char *secret; /* NULL: refused */
	} rows[] = {{"token\n", false, "token"}, {"token\r\n", false, "token"},
	    {"", false, NULL}, {"\n", false, NULL}, {"to ken", false, NULL},
	    {"token\nX: y\n", false, NULL}, {"t\xc3\xa9", false, NULL},
	    {"user:pass word\n", true, "user:pass word"}, {"user:", true, "user:"},
	    {":pass", true, NULL}, {"user", true, NULL}, {"user:a\rb", true, NULL}};
	char error[COL_SCRAPE_SECRET_ERROR];
	struct sl_buf out = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = col_scrape_secret_parse(
		    fixture_text(rows[i].text), rows[i].basic, &out, error);
		ck_assert_int_eq(rc, rows[i].secret != NULL ? 0 : SL_EINVAL);
		if (rc == 0)
			ck_assert_str_eq(sl_buf_text(&out), rows[i].secret);
	}
	col_scrape_secret_wipe(&out);
}
END_TEST

START_TEST(a_url_leads_to_one_place_or_is_refused)
{
	static const struct {
		const char *url, *host, *authority; /* NULL: refused */
		uint16_t port;
		bool tls;
	} rows[] = {{"http://a", "a", "a:80", 80, false},
	    {"https://a.example/m?x=1", "a.example", "a.example:443", 443, true},
	    {"http://[::1]:9100/metrics", "::1", "[::1]:9100", 9100, false},
	    {"http://127.0.0.1:1?x", "127.0.0.1", "127.0.0.1:1", 1, false},
	    {"file:///etc/passwd", NULL, NULL, 0, false},
	    {"HTTP//a", NULL, NULL, 0, false}, {"http://", NULL, NULL, 0, false},
	    {"http:///m", NULL, NULL, 0, false}, {"http://u:p@a/", NULL, NULL, 0, false},
	    {"http://a/#b", NULL, NULL, 0, false}, {"http://a:0/", NULL, NULL, 0, false},
	    {"http://a:65536/", NULL, NULL, 0, false},
	    {"http://a b/", NULL, NULL, 0, false},
	    {"http://a\\@b/", NULL, NULL, 0, false},
	    {"http://a\r\nX: y/", NULL, NULL, 0, false},
	    {"http://[::1/", NULL, NULL, 0, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct col_place place;
		int rc = col_place_url(rows[i].url, &place, &problem);
		ck_assert_msg((rc == 0) == (rows[i].host != NULL), "%s", rows[i].url);
		if (rc != 0) {
			ck_assert_ptr_nonnull(problem);
			continue;
		}
		ck_assert_str_eq(place.host, rows[i].host);
		ck_assert_str_eq(place.authority, rows[i].authority);
		ck_assert_uint_eq(place.port, rows[i].port);
		ck_assert_int_eq(place.tls, rows[i].tls);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_prom");
	TCase *tc = tcase_create("prom");

	tcase_add_test(tc, samples_of_both_formats_are_read);
	tcase_add_test(
	    tc, lines_that_are_neither_sample_nor_comment_are_malformed_with_a_reason);
	tcase_add_test(tc, a_sample_has_at_most_64_labels);
	tcase_add_test(tc, comments_are_passed_over_and_types_say_what_counts);
	tcase_add_test(tc, escapes_of_label_values_are_undone_and_others_stay);
	tcase_add_test(tc, the_content_type_says_which_form);
	tcase_add_test(tc, numbers_are_what_strtod_makes_of_them);
	tcase_add_test(tc, a_body_is_the_same_however_it_is_cut);
	tcase_add_test(tc, a_body_that_was_cut_off_says_so_with_its_line);
	tcase_add_test(tc, a_line_without_an_end_is_held_up_to_its_limit_only);
	tcase_add_test(tc, a_counter_becomes_its_rate_or_its_growth_and_may_begin_again);
	tcase_add_test(tc, a_quantile_of_a_histogram_lies_evenly_within_its_bucket);
	tcase_add_test(tc, labels_of_the_target_win_unless_its_own_are_honored);
	tcase_add_test(tc, a_target_is_due_at_its_place_in_each_interval);
	tcase_add_test(tc, a_secret_is_one_line_that_cannot_begin_another_field);
	tcase_add_test(tc, a_url_leads_to_one_place_or_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
