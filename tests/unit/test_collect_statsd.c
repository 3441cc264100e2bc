/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/keyhash.h"
#include "collectors/lines.h"
#include "collectors/quantile.h"
#include "collectors/statsd_cache.h"
#include "collectors/statsd_notice.h"
#include "collectors/statsd_parse.h"
#include "collectors/uniques.h"
#include "crypto.h"
#include "error.h"
#include "fixture.h"

/* ---- lines of metrics ----------------------------------------------------------- */

static bool is(struct sl_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

START_TEST(lines_of_statsd_and_dogstatsd_are_taken_apart)
{
	static const struct {
		const char *line, *name, *values, *tags;
		enum col_statsd_kind kind;
		double rate;
	} good[] = {
	    {"a:1|c", "a", "1", "", COL_STATSD_COUNTER, 1},
	    {"a.b-c/d:-1.5|g", "a.b-c/d", "-1.5", "", COL_STATSD_GAUGE, 1},
	    {"a:320|ms|@0.1", "a", "320", "", COL_STATSD_TIMER, 0.1},
	    {"a:1|h|#x:y,z", "a", "1", "x:y,z", COL_STATSD_TIMER, 1},
	    {"a:1:2:3|d|@1|#x", "a", "1:2:3", "x", COL_STATSD_TIMER, 1},
	    {"a:1|m", "a", "1", "", COL_STATSD_COUNTER, 1},
	    {"a:fe80::1|s", "a", "fe80::1", "", COL_STATSD_SET, 1},
	    {"a:1|c|#t:1|@0.5|c:83c0|T1656581400|e:it-false|card:low", "a", "1", "t:1",
		COL_STATSD_COUNTER, 0.5},
	};
	struct col_statsd_line line;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *text = good[i].line;
		ck_assert_msg(
		    col_statsd_parse_line(fixture_text(text), &line) == 0, "%s", text);
		ck_assert_msg(is(line.name, good[i].name) &&
				  is(line.values, good[i].values) &&
				  is(line.tags, good[i].tags) &&
				  line.kind == good[i].kind && line.rate == good[i].rate,
		    "%s", text);
	}
}
END_TEST

START_TEST(lines_that_are_none_are_malformed)
{
	static const char *const bad[] = {"", ":", "a", "a:", "a:1", "a:1|", "a:1|x",
	    "a:1|cc", "a:1|mss", ":1|c", "a:|c", "a:1|c|", "a:1|c|@", "a:1|c|@0",
	    "a:1|c|@-1", "a:1|c|@1.1", "a:1|c|@nan", "a:1|c|@0.1x", "a:1|c||", "a|1:c",
	    "a:1|c|@1e-300", "a:1|c|1"};
	struct col_statsd_line line;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
		    col_statsd_parse_line(fixture_text(bad[i]), &line) == SL_EMALFORMED,
		    "%s", bad[i]);
}
END_TEST

START_TEST(numbers_are_read_as_strtod_reads_them)
{
	static const char *const good[] = {"0", "1", "-1", "+1", "1.5", ".5", "5.", "0.1",
	    "123456789012345", "1234567890.12345", "12345678901234567890",
	    "3.141592653589793238", "1e3", "1E-3", "-2.5e+2", "0.000000000000001",
	    "1e308"};
	static const char *const bad[] = {"", "-", ".", "+.", "1e999", "nan", "inf",
	    "0x10", "1 ", " 1", "1,5", "1e", "--1", "1-1", "1.2.3", "1\xff",
	    "00000000000000000000000000000000000000000000000000000000000000001"};
	double number;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(
		    col_statsd_parse_number(fixture_text(good[i]), &number) == 0, "%s",
		    good[i]);
		ck_assert_msg(
		    number == strtod(good[i], NULL), "%s: %.17g", good[i], number);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(col_statsd_parse_number(fixture_text(bad[i]), &number) ==
				  SL_EMALFORMED,
		    "%s", bad[i]);
}
END_TEST

START_TEST(values_and_tags_come_one_by_one)
{
	struct sl_slice rest = fixture_text("1:+2:x:-3");
	struct col_statsd_value value;
	struct col_mapping_label tag;

	ck_assert(col_statsd_parse_value(&rest, &value) == 0 && value.number == 1 &&
		  !value.relative);
	ck_assert(col_statsd_parse_value(&rest, &value) == 0 && value.relative);
	ck_assert(col_statsd_parse_value(&rest, &value) == SL_EMALFORMED);
	ck_assert(col_statsd_parse_value(&rest, &value) == 0 && value.number == -3);
	ck_assert_uint_eq(rest.len, 0);

	rest = fixture_text(",a:b,,c,d:e:f,");
	ck_assert(
	    col_statsd_parse_tag(&rest, &tag) && is(tag.key, "a") && is(tag.value, "b"));
	ck_assert(col_statsd_parse_tag(&rest, &tag) && is(tag.key, "c") &&
		  is(tag.value, "true"));
	ck_assert(col_statsd_parse_tag(&rest, &tag) && is(tag.key, "d") &&
		  is(tag.value, "e:f"));
	ck_assert(!col_statsd_parse_tag(&rest, &tag));
}
END_TEST

/* ---- events and checks ----------------------------------------------------------- */

START_TEST(an_event_of_dogstatsd_becomes_a_payload)
{
	struct col_statsd_notice notice;
	struct sl_buf out = {0};

	ck_assert_int_eq(
	    col_statsd_notice_event(
		fixture_text("_e{5,8}:he|lo|wor\\nld!|d:1700000000|h:web1|t:error"
			     "|p:low|s:my app|k:one|#env:prod,hot"),
		&notice),
	    0);
	ck_assert(notice.time_s == 1700000000);
	col_statsd_notice_event_payload(&notice, &out);
	ck_assert_str_eq(sl_buf_text(&out),
	    "{\"title\":\"he|lo\",\"text\":\"wor\\nld!\",\"alert_type\":\"error\","
	    "\"importance\":\"low\",\"host\":\"web1\",\"source_type\":\"my app\","
	    "\"aggregation_key\":\"one\",\"tags\":[\"env:prod\",\"hot\"]}");
	sl_buf_clear(&out);
}
END_TEST

START_TEST(a_service_check_becomes_a_payload)
{
	struct col_statsd_notice notice;
	struct sl_buf out = {0};

	ck_assert_int_eq(
	    col_statsd_notice_check(
		fixture_text("_sc|db|2|h:web1|#a:b|m:no |route| here"), &notice),
	    0);
	col_statsd_notice_check_payload(&notice, &out);
	ck_assert_str_eq(sl_buf_text(&out),
	    "{\"check\":\"db\",\"status\":\"critical\",\"message\":\"no |route| here\","
	    "\"host\":\"web1\",\"tags\":[\"a:b\"]}");
	sl_buf_clear(&out);
}
END_TEST

START_TEST(events_and_checks_that_lie_about_themselves_are_malformed)
{
	static const char *const events[] = {"_e{", "_e{5,5}:hello",
	    "_e{5,6}:hello|world", "_e{4,5}:hello|world", "_e{0,5}:|world",
	    "_e{9999999,1}:a|b", "_e{1,1}:a|bc", "_e{-1,1}:a|b", "_e{1,1}a|b",
	    "_e{1,1}:a|b|d:x", "_e{1,1}:a|b|d:-1", "_e{1,1}:a|b|d:1e300"};
	static const char *const checks[] = {"_sc|", "_sc||0", "_sc|a", "_sc|a|",
	    "_sc|a|4", "_sc|a|x", "_sc|a|00", "_sc|a|0|d:never"};
	struct col_statsd_notice notice;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		ck_assert_msg(col_statsd_notice_event(fixture_text(events[i]), &notice) ==
				  SL_EMALFORMED,
		    "%s", events[i]);
	ck_assert_int_eq(
	    col_statsd_notice_event((struct sl_slice){"_e{1,3}:a|b\0c", 13}, &notice),
	    SL_EMALFORMED);
	ck_assert_int_eq(
	    col_statsd_notice_check((struct sl_slice){"_sc|a|0|m:\0", 11}, &notice),
	    SL_EMALFORMED);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		ck_assert_msg(col_statsd_notice_check(fixture_text(checks[i]), &notice) ==
				  SL_EMALFORMED,
		    "%s", checks[i]);
}
END_TEST

/* ---- lines of a stream ------------------------------------------------------------ */

static void put(
    struct col_lines *lines, const char *data, size_t len, struct sl_buf *seen)
{
	struct sl_slice line;

	memcpy(col_lines_room(lines, len), data, len);
	col_lines_put(lines, len);
	while (col_lines_next(lines, &line))
		sl_buf_addf(seen, "[%.*s]", (int)line.len, line.data);
	col_lines_trim(lines);
}

/* Whatever the pieces, the lines are the same. */
START_TEST(lines_come_out_of_pieces_of_any_size)
{
	static const char text[] = "a\r\nbc\n\n0123456789\n01234567890\nd\n01234567890123"
				   "456789\ne\nopen";
	struct sl_slice line;

	for (size_t size = 1; size <= sizeof(text); size++) {
		struct col_lines lines = {.max = 10};
		struct sl_buf seen = {0};
		for (size_t at = 0; at < sizeof(text) - 1; at += size) {
			size_t left = sizeof(text) - 1 - at;
			put(&lines, text + at, left < size ? left : size, &seen);
			ck_assert_uint_le(lines.text.len, 11);
		}
		ck_assert(col_lines_rest(&lines, &line));
		sl_buf_addf(&seen, "(%.*s)", (int)line.len, line.data);
		ck_assert_str_eq(sl_buf_text(&seen), "[a][bc][][0123456789][d][e](open)");
		ck_assert_uint_eq(lines.overlong, 2);
		col_lines_clear(&lines);
		sl_buf_clear(&seen);
	}
}
END_TEST

START_TEST(a_line_without_end_is_counted_once_and_never_kept)
{
	struct col_lines lines = {.max = 16};
	struct sl_buf seen = {0};
	struct sl_slice line;
	char piece[1000];

	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 1000; i++)
		put(&lines, piece, sizeof(piece), &seen);
	ck_assert_uint_eq(lines.overlong, 1);
	ck_assert_uint_eq(lines.text.cap, 0);
	ck_assert(!col_lines_rest(&lines, &line) && seen.len == 0);
	put(&lines, "\na\n", 3, &seen);
	ck_assert_str_eq(sl_buf_text(&seen), "[a]");
	col_lines_clear(&lines);
	sl_buf_clear(&seen);
}
END_TEST

/* ---- quantiles --------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Against a sorted list, with values of both signs over four powers of ten. */
START_TEST(quantiles_are_within_their_bound)
{
	static const double shares[] = {
	    0.001, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1};
	static double value[20000];
	struct col_quantile quantile = {0};

	srand(1);
	for (size_t i = 0; i < 20000; i++) {
		double x = exp((double)rand() / RAND_MAX * 10 - 3);
		value[i] = i % 10 == 0 ? -x : i % 100 == 1 ? 0 : x;
		col_quantile_add(&quantile, value[i], 1);
	}
	qsort(value, 20000, sizeof(value[0]), by_value);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		double exact = value[(size_t)ceil(shares[i] * 20000) - 1];
		double seen = col_quantile_at(&quantile, shares[i]);
		ck_assert_msg(fabs(seen - exact) <= 0.008 * fabs(exact),
		    "%g: %g, exactly %g", shares[i], seen, exact);
	}
	ck_assert(quantile.min == value[0] && quantile.max == value[19999]);
	ck_assert(quantile.count == 20000);
	col_quantile_clear(&quantile);
}
END_TEST

START_TEST(values_too_far_apart_keep_the_high_quantiles_in_bounded_memory)
{
	struct col_quantile quantile = {0};

	for (int i = -300; i <= 300; i++)
		col_quantile_add(&quantile, pow(10, i), 1);
	col_quantile_add(&quantile, 5e-324, 1);
	ck_assert_uint_le(quantile.positive.count, COL_QUANTILE_BUCKETS);
	ck_assert(fabs(col_quantile_at(&quantile, 0.9999) / 1e300 - 1) < 0.008);
	col_quantile_reset(&quantile);
	ck_assert(isnan(col_quantile_at(&quantile, 0.5)));
	col_quantile_add(&quantile, 7, 0.5);
	col_quantile_add(&quantile, 9, 10);
	ck_assert(col_quantile_at(&quantile, 0.5) == 9 && quantile.count == 10.5);
	col_quantile_clear(&quantile);
}
END_TEST

/* ---- sets ---------------------------------------------------------------------------
 */

START_TEST(members_of_a_set_are_counted_exactly_and_then_well)
{
	static const uint64_t sizes[] = {1, 255, 256, 1000, 10000, 50000, 1000000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		static struct col_uniques set;
		memset(&set, 0, sizeof(set));
		for (int turn = 0; turn < 2; turn++)
			for (uint64_t n = 0; n < sizes[i]; n++)
				col_uniques_add(&set, col_keyhash(&n, sizeof(n), 7));
		double seen = col_uniques_count(&set), exact = (double)sizes[i];
		double bound = sizes[i] <= COL_UNIQUES_EXACT ? 0 : 4 * 0.016 * exact;
		ck_assert_msg(fabs(seen - exact) <= bound, "%g of %g", seen, exact);
	}
}
END_TEST

/* ---- what was seen before ------------------------------------------------------------
 */

static struct col_statsd_line line_of(const char *name, const char *tags)
{
	return (struct col_statsd_line){
	    .name = fixture_text(name), .tags = fixture_text(tags)};
}

START_TEST(the_cache_tells_lines_apart_and_forgets_within_its_bounds)
{
	ck_assert_int_eq(sl_crypto_init(), 0);
	struct col_statsd_cache *cache = col_statsd_cache_new(64);
	struct col_statsd_line line[] = {
	    line_of("a", "b"), line_of("ab", ""), line_of("a", ""), line_of("a", "b")};
	char name[COL_STATSD_CACHE_KEY + 2];
	bool known;

	line[3].kind = COL_STATSD_SET;
	for (int32_t i = 0; i < 4; i++) {
		int32_t *place = col_statsd_cache_find(cache, &line[i], &known);
		ck_assert(!known);
		*place = i;
	}
	for (int32_t i = 0; i < 4; i++)
		ck_assert_int_eq(*col_statsd_cache_find(cache, &line[i], &known), i);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		struct col_statsd_line new = line_of(name, "");
		*col_statsd_cache_find(cache, &new, &known) = i;
		ck_assert_int_eq(*col_statsd_cache_find(cache, &new, &known), i);
		ck_assert(known);
	}
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct col_statsd_line new = line_of(name, "");
	ck_assert_ptr_null(col_statsd_cache_find(cache, &new, &known));
	col_statsd_cache_free(cache);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collect_statsd");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, lines_of_statsd_and_dogstatsd_are_taken_apart);
	tcase_add_test(tests, lines_that_are_none_are_malformed);
	tcase_add_test(tests, numbers_are_read_as_strtod_reads_them);
	tcase_add_test(tests, values_and_tags_come_one_by_one);
	tcase_add_test(tests, an_event_of_dogstatsd_becomes_a_payload);
	tcase_add_test(tests, a_service_check_becomes_a_payload);
	tcase_add_test(tests, events_and_checks_that_lie_about_themselves_are_malformed);
	tcase_add_test(tests, lines_come_out_of_pieces_of_any_size);
	tcase_add_test(tests, a_line_without_end_is_counted_once_and_never_kept);
	tcase_add_test(tests, quantiles_are_within_their_bound);
	tcase_add_test(
	    tests, values_too_far_apart_keep_the_high_quantiles_in_bounded_memory);
	tcase_add_test(tests, members_of_a_set_are_counted_exactly_and_then_well);
	tcase_add_test(tests, the_cache_tells_lines_apart_and_forgets_within_its_bounds);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
