/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stat.h"

#define SLICE(text) ((struct sl_slice){(text), strlen(text)})

static struct sl_stat_set *set;
static struct sl_buf text;

static void begin(void)
{
	set = sl_stat_set_new("gateway-1");
}

static void end(void)
{
	sl_stat_set_free(set);
	sl_buf_clear(&text);
}

static const char *render(void)
{
	sl_buf_reset(&text);
	sl_stat_render(set, &text);
	return sl_buf_text(&text);
}

/* ---- a strict reader of OpenMetrics ---- */

static const char *name_end(const char *at)
{
	ck_assert(isalpha((unsigned char)*at) || *at == '_');
	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	return at;
}

/* Reads {key="value",…}; keys must differ, "process" must be among them. */
static const char *labels_end(const char *at)
{
	char keys[8][32];
	int count = 0;
	bool process = false;

	ck_assert_int_eq(*at++, '{');
	for (;;) {
		const char *stop = name_end(at);

		ck_assert_int_lt(count, 8);
		snprintf(keys[count], sizeof(keys[0]), "%.*s", (int)(stop - at), at);
		for (int i = 0; i < count; i++)
			ck_assert_str_ne(keys[i], keys[count]);
		process = process || strcmp(keys[count], "process") == 0;
		count++;
		ck_assert_int_eq(stop[0], '=');
		ck_assert_int_eq(stop[1], '"');
		for (at = stop + 2; *at != '"'; at++) {
			ck_assert(*at != '\n' && *at != '\0');
			if (*at == '\\') {
				at++;
				ck_assert_ptr_nonnull(strchr("\\\"n", *at));
			}
		}
		if (*++at == '}')
			break;
		ck_assert_int_eq(*at++, ',');
	}
	ck_assert(process);
	return at + 1;
}

struct family {
	char name[128];
	char type[16];
};

static bool suffix_fits(const struct family *family, const char *suffix, size_t len)
{
	static const struct {
		const char *type, *suffix;
	} table[] = {{"counter", "_total"}, {"gauge", ""}, {"histogram", "_bucket"},
	    {"histogram", "_sum"}, {"histogram", "_count"}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].type, family->type) == 0 &&
		    strlen(table[i].suffix) == len &&
		    memcmp(table[i].suffix, suffix, len) == 0)
			return true;
	return false;
}

static void read_sample(const char *line, const struct family *family)
{
	size_t prefix = strlen(family->name);
	const char *stop = name_end(line);
	char *number_end;

	ck_assert_msg(strncmp(line, family->name, prefix) == 0, "stray: %s", line);
	ck_assert(suffix_fits(family, line + prefix, (size_t)(stop - line) - prefix));
	stop = labels_end(stop);
	ck_assert_int_eq(*stop++, ' ');
	strtod(stop, &number_end);
	ck_assert(number_end > stop && *number_end == '\0');
}

/* Reads a whole text; returns the number of samples. */
static int read_strictly(const char *all)
{
	static struct family families[64];
	char line[512];
	char keyword[8];
	char name[128];
	int count = 0;
	int samples = 0;
	bool ended = false;

	for (const char *next; *all; all = next) {
		next = strchr(all, '\n');
		ck_assert_ptr_nonnull(next);
		snprintf(line, sizeof(line), "%.*s", (int)(next - all), all);
		next++;
		ck_assert(!ended);
		if (strcmp(line, "# EOF") == 0) {
			ended = true;
		} else if (sscanf(line, "# %7s %127s", keyword, name) == 2) {
			if (strcmp(keyword, "TYPE") == 0) {
				for (int i = 0; i < count; i++)
					ck_assert_str_ne(families[i].name, name);
				ck_assert_int_eq(
				    sscanf(line, "# TYPE %127s %15s",
					families[count].name, families[count].type),
				    2);
				count++;
			}
			ck_assert_int_gt(count, 0);
			ck_assert_str_eq(families[count - 1].name, name);
		} else {
			ck_assert_int_gt(count, 0);
			read_sample(line, &families[count - 1]);
			samples++;
		}
	}
	ck_assert(ended);
	return samples;
}

/* ---- promises ------------------------------------------------------------------------
 */

START_TEST(counters_and_gauges_are_shown_as_openmetrics)
{
	struct sl_stat *sent = sl_stat_register(
	    set, SL_STAT_COUNTER, "client_sent", "bytes", "Sent to clients.", NULL);
	struct sl_stat *open = sl_stat_register(
	    set, SL_STAT_GAUGE, "connections", "", "Open now.", "transport=\"ws\"");

	sl_stat_add(sent, 5);
	sl_stat_add(sent, UINT64_MAX - 5);
	sl_stat_set_value(open, 1.5);
	sl_stat_add(open, 2);
	ck_assert_str_eq(render(),
	    "# TYPE sightline_client_sent_bytes counter\n"
	    "# UNIT sightline_client_sent_bytes bytes\n"
	    "# HELP sightline_client_sent_bytes Sent to clients.\n"
	    "sightline_client_sent_bytes_total{process=\"gateway-1\"} "
	    "18446744073709551615\n"
	    "# TYPE sightline_connections gauge\n"
	    "# HELP sightline_connections Open now.\n"
	    "sightline_connections{process=\"gateway-1\",transport=\"ws\"} 3.5\n"
	    "# EOF\n");
	ck_assert_int_eq(read_strictly(text.data), 2);
	ck_assert(sl_stat_value(open) == 3.5);
}
END_TEST

START_TEST(the_same_name_and_labels_are_the_same_stat)
{
	struct sl_stat *a =
	    sl_stat_register(set, SL_STAT_COUNTER, "dropped", "", "x", "why=\"a\"");
	struct sl_stat *b =
	    sl_stat_register(set, SL_STAT_COUNTER, "dropped", "", "x", "why=\"b\"");

	ck_assert_ptr_ne(a, b);
	ck_assert_ptr_eq(
	    a, sl_stat_register(set, SL_STAT_COUNTER, "dropped", "", "x", "why=\"a\""));
	ck_assert_int_eq(read_strictly(render()), 2);
	sl_stat_remove(set, a);
	ck_assert_int_eq(read_strictly(render()), 1);
	sl_stat_remove(set, b);
	ck_assert_str_eq(render(), "# EOF\n");
}
END_TEST

START_TEST(labels_from_outside_cannot_break_the_text)
{
	struct sl_buf label = {0};

	sl_stat_label(&label, "source", SLICE("a\"b\\c\nd} 1\n# EOF\n"));
	struct sl_stat *stat = sl_stat_register(
	    set, SL_STAT_COUNTER, "x", "", "a \"help\"\ntext", sl_buf_text(&label));
	sl_stat_count(stat, 7);
	ck_assert_int_eq(read_strictly(render()), 1);
	sl_buf_clear(&label);
}
END_TEST

START_TEST(a_histogram_counts_each_duration_in_its_buckets)
{
	struct sl_stat *h = sl_stat_register(
	    set, SL_STAT_HISTOGRAM, "flush_duration", "seconds", "Flushes.", NULL);

	sl_stat_record(h, -5);
	sl_stat_record(h, 1024);
	sl_stat_record(h, 1025);
	sl_stat_record(h, INT64_MAX);
	ck_assert_int_eq(read_strictly(render()), 27 + 3);
	ck_assert_ptr_nonnull(strstr(text.data, "le=\"1.024e-06\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "le=\"2.048e-06\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "le=\"68.719476736\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "le=\"+Inf\"} 4\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "_count{process=\"gateway-1\"} 4\n"));
}
END_TEST

START_TEST(a_quantile_is_at_most_a_sixteenth_too_high)
{
	struct sl_stat *h =
	    sl_stat_register(set, SL_STAT_HISTOGRAM, "latency", "seconds", "x", NULL);

	ck_assert_int_eq(sl_stat_quantile(h, 0.5), 0);
	for (int64_t ns = 1; ns < INT64_MAX / 2; ns += ns / 16 + 1) {
		struct sl_stat *one =
		    sl_stat_register(set, SL_STAT_HISTOGRAM, "one", "seconds", "x", NULL);

		sl_stat_record(one, ns);
		int64_t q = sl_stat_quantile(one, 0.99);
		ck_assert_int_ge(q, ns);
		ck_assert_int_le(q - ns, ns / 16 + 1);
		sl_stat_remove(set, one);
	}
	for (int64_t us = 1; us <= 1000; us++)
		sl_stat_record(h, us * 1000);
	int64_t p50 = sl_stat_quantile(h, 0.5);
	int64_t p99 = sl_stat_quantile(h, 0.99);
	ck_assert(p50 >= 500000 && p50 <= 500000 * 17 / 16);
	ck_assert(p99 >= 990000 && p99 <= 990000 * 17 / 16);
}
END_TEST

START_TEST(merged_texts_declare_each_family_once)
{
	struct sl_stat_set *other = sl_stat_set_new("aggregator");
	struct sl_buf b = {0};
	struct sl_buf out = {0};

	sl_stat_register(set, SL_STAT_COUNTER, "shared", "", "x", NULL);
	sl_stat_register(set, SL_STAT_COUNTER, "shared_more", "", "x", NULL);
	sl_stat_register(set, SL_STAT_HISTOGRAM, "mine", "seconds", "x", NULL);
	sl_stat_register(other, SL_STAT_GAUGE, "theirs", "", "x", NULL);
	sl_stat_register(other, SL_STAT_COUNTER, "shared", "", "x", NULL);
	render();
	sl_stat_render(other, &b);
	struct sl_slice texts[] = {{text.data, text.len}, {b.data, b.len}};

	sl_stat_merge(&out, texts, 2);
	ck_assert_int_eq(read_strictly(sl_buf_text(&out)), 1 + 1 + 30 + 1 + 1);
	sl_buf_clear(&out);
	sl_buf_clear(&b);
	sl_stat_set_free(other);
}
END_TEST

START_TEST(lines_of_no_family_are_left_out_of_a_merge)
{
	struct sl_buf out = {0};
	struct sl_slice texts[] = {SLICE("stray 1\n# TYPE a gauge\na{process=\"x\"} 1\n"
					 "b{process=\"x\"} 2\na{process=\"x\"} 3\n"
					 "# TYPE c gauge\nc{process=\"x\"} 4"),
	    SLICE(""), SLICE("# EOF\nlate 1\n"), SLICE("# TYPE\n#\n\n")};

	sl_stat_merge(&out, texts, 4);
	ck_assert_str_eq(sl_buf_text(&out),
	    "# TYPE a gauge\na{process=\"x\"} 1\n# TYPE c gauge\n# EOF\n");
	sl_buf_clear(&out);
}
END_TEST

static void *count_up(void *arg)
{
	for (int i = 0; i < 100000; i++)
		sl_stat_add(arg, 1);
	return NULL;
}

START_TEST(another_thread_may_write_while_this_one_shows)
{
	struct sl_stat *stat =
	    sl_stat_register(set, SL_STAT_COUNTER, "written", "", "x", NULL);
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, count_up, stat), 0);
	for (int i = 0; i < 100; i++)
		read_strictly(render());
	pthread_join(thread, NULL);
	ck_assert(sl_stat_value(stat) == 100000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stat");
	TCase *tc = tcase_create("stat");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, counters_and_gauges_are_shown_as_openmetrics);
	tcase_add_test(tc, the_same_name_and_labels_are_the_same_stat);
	tcase_add_test(tc, labels_from_outside_cannot_break_the_text);
	tcase_add_test(tc, a_histogram_counts_each_duration_in_its_buckets);
	tcase_add_test(tc, a_quantile_is_at_most_a_sixteenth_too_high);
	tcase_add_test(tc, merged_texts_declare_each_family_once);
	tcase_add_test(tc, lines_of_no_family_are_left_out_of_a_merge);
	tcase_add_test(tc, another_thread_may_write_while_this_one_shows);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
