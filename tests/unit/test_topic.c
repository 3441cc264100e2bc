/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "topic.h"

static bool is_topic(const char *text)
{
	return sl_topic_valid(text, strlen(text));
}

static bool is_pattern(const char *text)
{
	return sl_pattern_valid(text, strlen(text));
}

static bool matches(const char *pattern, const char *topic)
{
	return sl_pattern_match(pattern, strlen(pattern), topic, strlen(topic));
}

static bool overlap(const char *a, const char *b)
{
	bool forth = sl_pattern_overlap(a, strlen(a), b, strlen(b));

	ck_assert_int_eq(forth, sl_pattern_overlap(b, strlen(b), a, strlen(a)));
	return forth;
}

START_TEST(accepts_words_joined_by_dots)
{
	static const char *const good[] = {"alerts", "metrics.system_health.cpu_usage",
	    "events.content-2.Updated", "a", "0.1"};
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "a b", "a.*", ">",
	    "a/b", "a\n", "\xc3\xa4", "a.b*"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(is_topic(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!is_topic(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(accepts_wildcards_as_whole_words_and_the_rest_only_last)
{
	static const char *const good[] = {
	    "*", ">", "a.*", "*.b", "a.>", "*.*", "a.*.>", "a.b"};
	static const char *const bad[] = {
	    "a.>.b", ">.", "a*", "**", "a.>>", "*>", ".*", "a..>"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(is_pattern(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!is_pattern(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(refuses_what_is_too_long_or_too_deep)
{
	char text[SL_TOPIC_MAX + 2];

	memset(text, 'a', sizeof text);
	ck_assert(sl_topic_valid(text, SL_TOPIC_MAX));
	ck_assert(!sl_topic_valid(text, SL_TOPIC_MAX + 1));
	for (size_t i = 1; i < sizeof text; i += 2)
		text[i] = '.';
	ck_assert(sl_topic_valid(text, 2 * SL_TOPIC_SEGMENTS_MAX - 1));
	ck_assert(!sl_topic_valid(text, 2 * SL_TOPIC_SEGMENTS_MAX + 1));
}
END_TEST

START_TEST(a_star_is_one_word_and_the_rest_one_or_more)
{
	ck_assert(matches("a.b", "a.b"));
	ck_assert(!matches("a.b", "a.c"));
	ck_assert(!matches("a.b", "a.bc"));
	ck_assert(!matches("a.bc", "a.b"));
	ck_assert(!matches("a", "a.b"));
	ck_assert(!matches("a.b", "a"));
	ck_assert(matches("a.*", "a.b"));
	ck_assert(!matches("a.*", "a"));
	ck_assert(!matches("a.*", "a.b.c"));
	ck_assert(matches("*.b", "a.b"));
	ck_assert(matches("a.>", "a.b"));
	ck_assert(matches("a.>", "a.b.c.d"));
	ck_assert(!matches("a.>", "a"));
	ck_assert(!matches("a.>", "ab.c"));
	ck_assert(matches(">", "a"));
	ck_assert(matches("*.*.c", "a.b.c"));
	ck_assert(!matches("*", "a.b"));
}
END_TEST

START_TEST(patterns_overlap_where_one_topic_fits_both)
{
	ck_assert(overlap("a.*", "*.b"));
	ck_assert(overlap("a.>", "*.b.c"));
	ck_assert(overlap("events.bench.tick", "events.bench.>"));
	ck_assert(overlap(">", "a.b"));
	ck_assert(!overlap("a.*", "b.*"));
	ck_assert(!overlap("a.*", "a.b.c"));
	ck_assert(!overlap("a.>", "a"));
}
END_TEST

START_TEST(two_patterns_meet_in_one)
{
	static const struct {
		const char *a, *b, *meet;
	} rows[] = {
	    {"a.b", "a.b", "a.b"},
	    {"a.b", "a.c", ""},
	    {"a.*", "*.b", "a.b"},
	    {"a.*", "a.>", "a.*"},
	    {"metrics.*.load", "metrics.a.>", "metrics.a.load"},
	    {">", "a.*", "a.*"},
	    {"*.>", "a.b.*", "a.b.*"},
	    {"*.>", "*.*", "*.*"},
	    {"a.>", "b.>", ""},
	    {"a.>", "a", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *a = rows[i].a, *b = rows[i].b;
		char out[SL_TOPIC_MAX + 1];
		size_t len = sl_pattern_meet(a, strlen(a), b, strlen(b), out);
		ck_assert_msg(
		    len == strlen(rows[i].meet) && memcmp(out, rows[i].meet, len) == 0,
		    "%s %s: %.*s", a, b, (int)len, out);
		len = sl_pattern_meet(b, strlen(b), a, strlen(a), out);
		ck_assert_msg(
		    len == strlen(rows[i].meet) && memcmp(out, rows[i].meet, len) == 0,
		    "%s %s: %.*s", b, a, (int)len, out);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("topic");
	TCase *tc = tcase_create("topic");

	tcase_add_test(tc, accepts_words_joined_by_dots);
	tcase_add_test(tc, accepts_wildcards_as_whole_words_and_the_rest_only_last);
	tcase_add_test(tc, refuses_what_is_too_long_or_too_deep);
	tcase_add_test(tc, a_star_is_one_word_and_the_rest_one_or_more);
	tcase_add_test(tc, patterns_overlap_where_one_topic_fits_both);
	tcase_add_test(tc, two_patterns_meet_in_one);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
