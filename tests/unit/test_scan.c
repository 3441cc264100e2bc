/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "collectors/scan.h"
#include "fixture.h"

START_TEST(takes_lines_with_and_without_a_last_newline)
{
	struct sl_slice rest = fixture_text("one\n\nthree"), line;

	ck_assert(col_scan_line(&rest, &line) && col_scan_is(line, "one"));
	ck_assert(col_scan_line(&rest, &line) && line.len == 0);
	ck_assert(col_scan_line(&rest, &line) && col_scan_is(line, "three"));
	ck_assert(!col_scan_line(&rest, &line));
}
END_TEST

START_TEST(takes_numbers_up_to_the_largest_and_nothing_past_it)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
	    {"0", true, 0},
	    {" \t7 x", true, 7},
	    {"18446744073709551615", true, UINT64_MAX},
	    {"18446744073709551616", false, 0},
	    {"99999999999999999999999", false, 0},
	    {"-1", false, 0},
	    {"12a", false, 0},
	    {"", false, 0},
	    {"   ", false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_slice rest = fixture_text(rows[i].text);
		uint64_t value = 0;
		ck_assert_msg(
		    col_scan_u64(&rest, &value) == rows[i].good, "\"%s\"", rows[i].text);
		ck_assert_uint_eq(value, rows[i].value);
	}
}
END_TEST

START_TEST(a_refused_number_leaves_the_text_where_it_was)
{
	struct sl_slice rest = fixture_text("  12a"), word;
	uint64_t value;

	ck_assert(!col_scan_u64(&rest, &value));
	ck_assert(col_scan_word(&rest, &word) && col_scan_is(word, "12a"));
}
END_TEST

START_TEST(takes_decimals_of_the_kernels_form_only)
{
	static const struct {
		const char *text;
		bool good;
		double value;
	} rows[] = {
	    {"0.07", true, 0.07},
	    {"12", true, 12},
	    {"3.", false, 0},
	    {".5", false, 0},
	    {"1e9", false, 0},
	    {"1.5.2", false, 0},
	    {"nan", false, 0},
	    {"1234567890123456789.0", false, 0},
	    {"0.1234567890123456789", false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_slice rest = fixture_text(rows[i].text);
		double value = 0;
		ck_assert_msg(col_scan_decimal(&rest, &value) == rows[i].good, "\"%s\"",
		    rows[i].text);
		ck_assert_double_eq_tol(value, rows[i].value, 1e-9);
	}
}
END_TEST

START_TEST(a_copied_name_is_always_a_printable_label)
{
	char out[8];

	ck_assert(col_scan_copy((struct sl_slice){"a\x01\xff"
						  "b",
				    4},
	    out, sizeof(out)));
	ck_assert_str_eq(out, "a__b");
	ck_assert(!col_scan_copy(fixture_text("12345678"), out, sizeof(out)));
	ck_assert_str_eq(out, "");
	ck_assert(!col_scan_copy(fixture_text(""), out, sizeof(out)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scan");
	TCase *tc = tcase_create("scan");

	tcase_add_test(tc, takes_lines_with_and_without_a_last_newline);
	tcase_add_test(tc, takes_numbers_up_to_the_largest_and_nothing_past_it);
	tcase_add_test(tc, a_refused_number_leaves_the_text_where_it_was);
	tcase_add_test(tc, takes_decimals_of_the_kernels_form_only);
	tcase_add_test(tc, a_copied_name_is_always_a_printable_label);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
