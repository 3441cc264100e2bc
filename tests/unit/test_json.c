/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json_check.h"
#include "json_in.h"
#include "json_out.h"

/* ---- json_check ------------------------------------------------------------- */

static const char *const good[] = {
    "{}",
    " {} \n",
    "{\"a\":1}",
    "{\"a\":[1,2,{\"b\":null}],\"c\":{}}",
    "{\"a\":-0.5e+10,\"b\":0,\"c\":-1,\"d\":1E2}",
    "{\"\":\"\"}",
    "{\"a\":true,\"b\":false}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"}",
    "{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}",
    "{\"a\":\"0123456789abcdef0123456789abcdef\"}",
    "{\"a\" : [ ] , \"b\" : [ 1 ]\t}",
    "{\"a\":[[],[[]],{}]}",
    "{\"a\":1e999}",
    "{\"a\":1,\"a\":2}",
};
static const char *const bad[] = {
    "",
    " ",
    "1",
    "[]",
    "\"a\"",
    "null",
    "{",
    "}",
    "{]",
    "{}{}",
    "{} x",
    "{a:1}",
    "{'a':1}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":[1,]}",
    "{\"a\":[,1]}",
    "{\"a\":[1}",
    "{\"a\":01}",
    "{\"a\":-}",
    "{\"a\":+1}",
    "{\"a\":.5}",
    "{\"a\":1.}",
    "{\"a\":1e}",
    "{\"a\":1e+}",
    "{\"a\":0x1}",
    "{\"a\":NaN}",
    "{\"a\":Infinity}",
    "{\"a\":tru}",
    "{\"a\":nulll}",
    "{\"a\":\"\n\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\u0000\"}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\udc00\"}",
    "{\"a\":\"\\ud800\\u0041\"}",
    "{\"a\":\"\xff\"}",
    "{\"a\":\"\xc0\x80\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"a\":\"abc}",
    "{\"a\":\"abcdefgh\x01\"}",
    "{\"a\":1}\x0b",
    "{\"a\":\"\\",
    "{\"a\":\"\\u",
    "{\"a\"",
    "{\"a",
    "{\"a\":1,",
    "\xef\xbb\xbf{}",
};

static int check_exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1); /* an over-read is a sanitizer report */
	memcpy(copy, text, len);
	int result = sl_json_check_object(copy, len);
	free(copy);
	return result;
}

START_TEST(accepts_json_objects)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(check_exact(good[i], strlen(good[i])) == 0, "%s", good[i]);
}
END_TEST

START_TEST(refuses_everything_else)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(
		    check_exact(bad[i], strlen(bad[i])) == SL_EMALFORMED, "%s", bad[i]);
	ck_assert_int_eq(check_exact("{\"a\":\"\0\"}", 9), SL_EMALFORMED);
	ck_assert_int_eq(check_exact("{}\0", 3), SL_EMALFORMED);
	ck_assert_int_eq(sl_json_check_value("12", 2), 0);
	ck_assert_int_eq(sl_json_check_value("1 2", 3), SL_EMALFORMED);
}
END_TEST

static struct sl_buf nested(int depth)
{
	struct sl_buf buf = {0};

	sl_buf_adds(&buf, "{\"a\":");
	for (int i = 1; i < depth; i++)
		sl_buf_addc(&buf, '[');
	sl_buf_adds(&buf, "1");
	for (int i = 1; i < depth; i++)
		sl_buf_addc(&buf, ']');
	sl_buf_addc(&buf, '}');
	return buf;
}

START_TEST(bounds_nesting_in_both_readers)
{
	struct sl_buf deepest = nested(32), deeper = nested(33), absurd = nested(100000);
	struct sl_json_in_error error;

	ck_assert_int_eq(sl_json_check_object(deepest.data, deepest.len), 0);
	ck_assert_int_eq(sl_json_check_object(deeper.data, deeper.len), SL_ETOOBIG);
	ck_assert_int_eq(sl_json_check_object(absurd.data, absurd.len), SL_ETOOBIG);
	json_t *tree = sl_json_in_parse(deepest.data, deepest.len, &error);
	ck_assert_ptr_nonnull(tree);
	json_decref(tree);
	ck_assert_ptr_null(sl_json_in_parse(deeper.data, deeper.len, &error));
	ck_assert_uint_eq(error.position, 5 + 31);
	ck_assert_str_eq(error.text, "nested deeper than 32 levels");
	sl_buf_clear(&deepest);
	sl_buf_clear(&deeper);
	sl_buf_clear(&absurd);
}
END_TEST

/* ---- json_in ------------------------------------------------------------------ */

START_TEST(says_where_json_is_wrong)
{
	struct sl_json_in_error error;
	const char *text = "{\"a\": 1,\n \"b\": ?}";

	ck_assert_ptr_null(sl_json_in_parse(text, strlen(text), &error));
	ck_assert_int_eq(error.line, 2);
	ck_assert_int_ge(error.column, 6);
	ck_assert_ptr_null(sl_json_in_parse("{\"a\":1,\"a\":2}", 13, &error));
	ck_assert_ptr_nonnull(strstr(error.text, "duplicate"));
	ck_assert_ptr_null(sl_json_in_parse("{} {}", 5, &error));
	ck_assert_ptr_null(sl_json_in_parse("", 0, NULL));
	ck_assert_ptr_null(sl_json_in_parse("1\0", 2, NULL));
	ck_assert_ptr_null(sl_json_in_parse("{}\0{}", 5, NULL));
	ck_assert_ptr_null(sl_json_in_parse("{\"a\\u0000b\":1}", 14, NULL));
}
END_TEST

START_TEST(looks_up_members_by_type_and_path)
{
	const char *text = "{\"s\":\"x\",\"i\":7,\"r\":1.5,\"b\":true,"
			   "\"a\":{\"b\":{\"c\":\"deep\"}},\"a.x\":\"dotted\"}";
	json_t *tree = sl_json_in_parse(text, strlen(text), NULL);
	struct sl_slice s = {0};
	int64_t i = 0;
	double d = 0;
	bool b = false;

	ck_assert(sl_json_in_string(tree, "s", &s));
	ck_assert_str_eq(s.data, "x");
	ck_assert(!sl_json_in_string(tree, "i", &s));
	ck_assert(sl_json_in_int(tree, "i", &i) && i == 7);
	ck_assert(!sl_json_in_int(tree, "r", &i));
	ck_assert(sl_json_in_number(tree, "r", &d) && d == 1.5);
	ck_assert(sl_json_in_number(tree, "i", &d) && d == 7);
	ck_assert(sl_json_in_bool(tree, "b", &b) && b);
	ck_assert(!sl_json_in_bool(NULL, "b", &b));
	ck_assert_str_eq(json_string_value(sl_json_in_path(tree, "a.b.c")), "deep");
	ck_assert_str_eq(json_string_value(sl_json_in_path(tree, "a.x")), "dotted");
	ck_assert_ptr_null(sl_json_in_path(tree, "a.b.d"));
	ck_assert_ptr_null(sl_json_in_path(tree, "s.b"));
	json_decref(tree);
}
END_TEST

/* ---- json_out ----------------------------------------------------------------- */

START_TEST(writes_a_tree_as_it_was_read)
{
	static const char text[] =
	    "{\"b\":[0.1,1,-2.5,true,false,null,\"\\u0001\\\"\"],"
	    "\"a\":{\"\":{}},\"list\":[],\"big\":9007199254740993}";
	struct sl_buf buf = {0};
	json_t *tree = sl_json_in_parse(text, sizeof text - 1, NULL);

	sl_json_in_write(tree, &buf);
	ck_assert_str_eq(sl_buf_text(&buf), text);
	json_decref(tree);
	sl_json_in_write(NULL, &buf);
	ck_assert_uint_eq(buf.len, sizeof text - 1);
	sl_buf_clear(&buf);
}
END_TEST

START_TEST(writes_commas_and_nesting)
{
	struct sl_buf buf = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &buf);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "a");
	sl_json_out_array_begin(&w);
	sl_json_out_int(&w, INT64_MIN);
	sl_json_out_uint(&w, UINT64_MAX);
	sl_json_out_object_begin(&w);
	sl_json_out_object_end(&w);
	sl_json_out_bool(&w, true);
	sl_json_out_array_end(&w);
	sl_json_out_key(&w, "b");
	sl_json_out_null(&w);
	sl_json_out_keyn(&w, "cde", 1);
	sl_json_out_raw(&w, "{\"x\":1}", 7);
	sl_json_out_key(&w, "d");
	sl_json_out_text(&w, NULL);
	sl_json_out_object_end(&w);
	ck_assert_str_eq(sl_buf_text(&buf),
	    "{\"a\":[-9223372036854775808,18446744073709551615,{},true],\"b\":null,"
	    "\"c\":{\"x\":1},\"d\":null}");
	sl_buf_clear(&buf);
}
END_TEST

START_TEST(escapes_strings_and_replaces_what_is_not_utf8)
{
	struct sl_buf buf = {0};
	static const char text[] = "q\" b\\ \b\f\n\r\t \x01\x7f \xc3\xa4 \xff "
				   "\xed\xa0\x80 \xf0\x9f\x98\x80 \xe2\x82";

	sl_json_out_quote(&buf, text, sizeof text - 1);
	ck_assert_str_eq(sl_buf_text(&buf),
	    "\"q\\\" b\\\\ \\b\\f\\n\\r\\t \\u0001\\u007f \xc3\xa4 \xef\xbf\xbd "
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x98\x80 "
	    "\xef\xbf\xbd\xef\xbf\xbd\"");
	sl_buf_clear(&buf);
	sl_json_out_quote(&buf, "a\0b", 3);
	ck_assert_str_eq(sl_buf_text(&buf), "\"a\\u0000b\"");
	sl_buf_clear(&buf);
}
END_TEST

START_TEST(writes_doubles_short_and_exact)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{0, "0"}, {-0.0, "0"}, {1, "1"}, {-1, "-1"}, {73.42, "73.42"},
	    {0.1, "0.1"}, {-0.000001, "-0.000001"}, {1e15, "1000000000000000"},
	    {73.418899999999994, "73.4189"}, {1.0 / 3, "0.3333333333333333"},
	    {1e300, "1e+300"}, {5e-324, "4.94065645841247e-324"}, {NAN, "null"},
	    {INFINITY, "null"}, {-INFINITY, "null"}};
	char out[SL_JSON_OUT_DOUBLE];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int n = sl_json_out_format_double(rows[i].value, out);
		ck_assert_int_eq(n, (int)strlen(out));
		ck_assert_str_eq(out, rows[i].text);
	}
}
END_TEST

START_TEST(every_double_reads_back_as_itself)
{
	char out[SL_JSON_OUT_DOUBLE];
	uint64_t bits = 88172645463325252ull;

	for (int i = 0; i < 300000; i++) {
		double value;
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		if (i % 3 == 0)
			value =
			    (double)(int64_t)(bits % 2000000000) / (double)(1 + i % 1000);
		else if (i % 3 == 1)
			value = (double)(int64_t)(bits % 100000000) / 1000.0;
		else
			memcpy(&value, &bits, 8);
		if (!isfinite(value))
			continue;
		int n = sl_json_out_format_double(value, out);
		ck_assert_int_lt(n, SL_JSON_OUT_DOUBLE);
		ck_assert_msg(strtod(out, NULL) == value, "%.17g became %s", value, out);
		ck_assert_int_eq(sl_json_check_value(out, (size_t)n), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, accepts_json_objects);
	tcase_add_test(tc, refuses_everything_else);
	tcase_add_test(tc, bounds_nesting_in_both_readers);
	tcase_add_test(tc, says_where_json_is_wrong);
	tcase_add_test(tc, looks_up_members_by_type_and_path);
	tcase_add_test(tc, writes_a_tree_as_it_was_read);
	tcase_add_test(tc, writes_commas_and_nesting);
	tcase_add_test(tc, escapes_strings_and_replaces_what_is_not_utf8);
	tcase_add_test(tc, writes_doubles_short_and_exact);
	tcase_add_test(tc, every_double_reads_back_as_itself);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
