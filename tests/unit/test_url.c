/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "error.h"
#include "url.h"
#include "utf8.h"

static const struct {
	const char *in;
	const char *out; /* NULL: refused */
} paths[] = {
    {"", "/"},
    {"/", "/"},
    {"/a/b", "/a/b"},
    {"/a/b/", "/a/b/"},
    {"//a///b", "/a/b"},
    {"/a/./b", "/a/b"},
    {"/a/.", "/a/"},
    {"/a/..", "/"},
    {"/a/b/..", "/a/"},
    {"/a/../b", "/b"},
    {"/a/b/../../c", "/c"},
    {"/..", NULL},
    {"/a/../..", NULL},
    {"/a/../../b", NULL},
    {"/%2e%2e/b", NULL},
    {"/a/%2E%2e/b", "/b"},
    {"/a%20b", "/a b"},
    {"/a+b", "/a+b"},
    {"/%41", "/A"},
    {"/%2541", "/%41"},
    {"/%2f", NULL},
    {"/%5c", NULL},
    {"/a\\b", NULL},
    {"/%00", NULL},
    {"/%0a", NULL},
    {"/%7f", NULL},
    {"/%", NULL},
    {"/%4", NULL},
    {"/%4g", NULL},
    {"/%c3%a4", "/\xc3\xa4"},
    {"/%ff", NULL},
    {"/...", "/..."},
    {"/..a", "/..a"},
};

START_TEST(paths_are_decoded_once_and_stay_below_the_root)
{
	struct sl_buf out = {0};
	int code = sl_url_path(&out, paths[_i].in, strlen(paths[_i].in));

	if (paths[_i].out) {
		ck_assert_int_eq(code, 0);
		ck_assert_str_eq(sl_buf_text(&out), paths[_i].out);
	} else {
		ck_assert_msg(
		    code == SL_EMALFORMED, "%s gave %s", paths[_i].in, sl_buf_text(&out));
	}
	sl_buf_clear(&out);
}
END_TEST

START_TEST(queries_are_walked_in_order)
{
	static const char query[] = "&a=1&&b=x+y%26&c&=v&d==%3d&a=2";
	static const char *const expected[] = {
	    "a", "1", "b", "x y&", "c", "", "", "v", "d", "==", "a", "2"};
	struct sl_url_query it;
	struct sl_buf scratch = {0};
	struct sl_slice name, value;
	size_t n = 0;

	sl_url_query_begin(&it, query, sizeof query - 1);
	for (; sl_url_query_next(&it, &scratch, &name, &value) == 1; n += 2) {
		ck_assert_uint_eq(name.len, strlen(expected[n]));
		ck_assert_mem_eq(name.data, expected[n], name.len);
		ck_assert_uint_eq(value.len, strlen(expected[n + 1]));
		ck_assert_mem_eq(value.data, expected[n + 1], value.len);
	}
	ck_assert_uint_eq(n, sizeof expected / sizeof *expected);
	sl_buf_reset(&scratch);
	ck_assert_int_eq(sl_url_query_get(&scratch, query, sizeof query - 1, "a"), 1);
	ck_assert_str_eq(sl_buf_text(&scratch), "1");
	ck_assert_int_eq(sl_url_query_get(&scratch, query, sizeof query - 1, "z"), 0);
	ck_assert_int_eq(sl_url_query_get(&scratch, "x=%2&z=1", 8, "z"), SL_EMALFORMED);
	ck_assert_int_eq(sl_url_query_get(&scratch, NULL, 0, "z"), 0);
	sl_buf_clear(&scratch);
}
END_TEST

START_TEST(encoding_escapes_all_but_unreserved_characters)
{
	struct sl_buf out = {0};

	sl_url_encode(&out, "aZ0-._~ /%\xc3", 11);
	ck_assert_str_eq(sl_buf_text(&out), "aZ0-._~%20%2F%25%C3");
	sl_buf_clear(&out);
}
END_TEST

START_TEST(utf8_is_judged_alike_whole_and_in_pieces)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {{"", 1}, {"plain ascii, longer than eight", 1}, {"\xc2\x80", 1},
	    {"\xdf\xbf", 1}, {"\xe0\xa0\x80", 1}, {"\xed\x9f\xbf", 1},
	    {"\xee\x80\x80", 1}, {"\xf0\x90\x80\x80", 1}, {"\xf4\x8f\xbf\xbf", 1},
	    {"\x80", 0}, {"\xbf", 0}, {"\xc0\xaf", 0}, {"\xc1\xbf", 0}, {"\xc3", 0},
	    {"\xc3(", 0}, {"\xe0\x9f\xbf", 0}, {"\xed\xa0\x80", 0}, {"\xe2\x82", 0},
	    {"\xf0\x8f\xbf\xbf", 0}, {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0},
	    {"\xff", 0}, {"12345678\xff", 0}, {"1234567\xc3\xa4 12345678", 1}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = strlen(rows[i].text);
		ck_assert_msg(
		    sl_utf8_valid(rows[i].text, len) == rows[i].valid, "row %zu", i);
		for (size_t cut = 0; cut <= len; cut++) {
			uint32_t state = sl_utf8_step(SL_UTF8_START, rows[i].text, cut);
			state = sl_utf8_step(state, rows[i].text + cut, len - cut);
			ck_assert_msg((state == SL_UTF8_START) == rows[i].valid,
			    "row %zu cut at %zu", i, cut);
		}
	}
}
END_TEST

START_TEST(addresses_read_and_write_back)
{
	static const char *const good[][2] = {{"127.0.0.1", "127.0.0.1"}, {"::1", "::1"},
	    {"::ffff:1.2.3.4", "1.2.3.4"}, {"2001:DB8::1", "2001:db8::1"}};
	static const char *const bad[] = {
	    "", "1.2.3", "1.2.3.4:80", "[::1]", "host", "1.2.3.4 "};
	char text[SL_ADDR_TEXT];
	struct sl_addr addr;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_int_eq(sl_addr_parse(&addr, good[i][0], strlen(good[i][0])), 0);
		ck_assert_str_eq(sl_addr_format_ip(&addr, text), good[i][1]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_int_eq(
		    sl_addr_parse(&addr, bad[i], strlen(bad[i])), SL_EMALFORMED);
	ck_assert_int_eq(sl_addr_parse(&addr, "::1", 3), 0);
	addr.port = 80;
	ck_assert_str_eq(sl_addr_format(&addr, text), "[::1]:80");
	ck_assert(sl_addr_is_loopback(&addr));
	ck_assert_int_eq(sl_addr_parse(&addr, "128.0.0.1", 9), 0);
	ck_assert(!sl_addr_is_loopback(&addr));
	ck_assert(sl_addr_is_loopback(&(struct sl_addr){.family = SL_ADDR_UNIX}));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("url");
	TCase *tc = tcase_create("url");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, paths_are_decoded_once_and_stay_below_the_root, 0,
	    (int)(sizeof paths / sizeof *paths));
	tcase_add_test(tc, queries_are_walked_in_order);
	tcase_add_test(tc, encoding_escapes_all_but_unreserved_characters);
	tcase_add_test(tc, utf8_is_judged_alike_whole_and_in_pieces);
	tcase_add_test(tc, addresses_read_and_write_back);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
