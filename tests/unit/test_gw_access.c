/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from outside cannot make a line of the access log, nor bring a token. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/access.h"

static void expect_path(const char *path, size_t len, const char *wanted)
{
	struct sl_buf out = {0};

	gw_access_path(&out, path, len);
	ck_assert_str_eq(sl_buf_text(&out), wanted);
	sl_buf_clear(&out);
}

START_TEST(every_byte_stands_between_its_quotes)
{
	for (int c = 0; c < 256; c++) {
		struct sl_buf out = {0};
		char byte = (char)c;
		gw_access_quote(&out, &byte, 1);
		for (size_t i = 0; i < out.len; i++) {
			ck_assert_int_ge(out.data[i], 0x20);
			ck_assert_int_lt(out.data[i], 0x7f);
			ck_assert_int_ne(out.data[i], '"');
		}
		ck_assert_uint_eq(
		    out.len, c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? 4 : 1);
		sl_buf_clear(&out);
	}
}
END_TEST

START_TEST(line_ends_and_quotes_of_a_path_are_escaped)
{
	expect_path("/a\n\"x\" y=1", 10, "/a\\x0a\\x22x\\x22 y=1");
	expect_path("", 0, "");
	expect_path("/a/b/", 5, "/a/b/");
}
END_TEST

START_TEST(what_looks_like_a_token_is_left_out_of_a_path)
{
	static const char path[] = "/x/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.c2ln/y";

	expect_path(path, sizeof path - 1, "/x/(token)/y");
	expect_path("/eyJ", 4, "/eyJ");
	expect_path("/eyJa.b", 7, "/eyJa.b");
}
END_TEST

START_TEST(long_text_is_cut)
{
	char path[5000];
	struct sl_buf out = {0};

	memset(path, 'a', sizeof path);
	gw_access_path(&out, path, sizeof path);
	ck_assert_uint_lt(out.len, 300);
	sl_buf_reset(&out);
	memset(path, '/', sizeof path);
	gw_access_path(&out, path, sizeof path);
	ck_assert_uint_lt(out.len, 300);
	sl_buf_clear(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_access");
	TCase *tc = tcase_create("access");

	tcase_add_test(tc, every_byte_stands_between_its_quotes);
	tcase_add_test(tc, line_ends_and_quotes_of_a_path_are_escaped);
	tcase_add_test(tc, what_looks_like_a_token_is_left_out_of_a_path);
	tcase_add_test(tc, long_text_is_cut);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
