/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: what they mean, in which form they are kept, and a naive oracle beside them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "gateway/filter.h"

static struct gw_table home;

static struct gw_filter *made(const char *text)
{
	char error[GW_FILTER_ERROR];
	struct gw_filter *filter = NULL;

	ck_assert_msg(gw_filter_parse(&home, text, strlen(text), &filter, error) == 0,
	    "%s: %s", text, error);
	return filter;
}

static bool passes(const char *filter_text, const char *event)
{
	struct gw_filter *filter = made(filter_text);
	bool passed = !filter || gw_filter_match(filter, event, strlen(event));

	gw_filter_unref(filter);
	return passed;
}

/* ---- meaning --------------------------------------------------------------- */

static const char event[] =
    "{\"id\":\"e1\",\"type\":\"content.updated\",\"time\":\"2026-11-20T10:00:00.5Z\","
    "\"priority\":\"normal\",\"module\":\"workflow_performance\",\"source\":\"hook\","
    "\"payload\":{\"settingKey\":\"theme\",\"type\":\"blog\",\"n\":5,\"ratio\":0.25,"
    "\"big\":9007199254740993,\"on\":true,\"off\":false,\"none\":null,"
    "\"quote\":\"a\\\"b\\\\\\u00e4\\ud83d\\ude00\\n\",\"and\":1,\"empty\":[],"
    "\"tags\":[\"red\",\"green\",7],\"author\":{\"id\":\"789\",\"age\":41},"
    "\"items\":[{\"sku\":\"x1\",\"price\":10},{\"sku\":\"x2\",\"price\":30}]}}";

static const struct {
	const char *filter;
	bool passes;
} meanings[] = {
    {"{}", true},
    /* A path that begins with a member of the event is the event's, else the payload's.
     */
    {"{\"settingKey\":\"theme\"}", true},
    {"{\"payload.settingKey\":\"theme\"}", true},
    {"{\"settingKey\":\"Theme\"}", false},
    {"{\"type\":\"content.updated\"}", true},
    {"{\"type\":\"blog\"}", false},
    {"{\"payload.type\":\"blog\"}", true},
    {"{\"author.id\":\"789\"}", true},
    {"{\"author.name\":\"x\"}", false},
    {"{\"payload.and\":1}", true},
    /* Lists are alternatives, members all have to hold. */
    {"{\"priority\":[\"high\",\"normal\"]}", true},
    {"{\"priority\":[\"high\",\"low\"]}", false},
    {"{\"settingKey\":\"theme\",\"n\":5}", true},
    {"{\"settingKey\":\"theme\",\"n\":6}", false},
    /* Types are never converted. */
    {"{\"n\":\"5\"}", false},
    {"{\"author.id\":789}", false},
    {"{\"n\":5.0}", true},
    {"{\"ratio\":25e-2}", true},
    {"{\"big\":9007199254740993}", true},
    {"{\"big\":9007199254740992}", false},
    {"{\"on\":true,\"off\":false}", true},
    {"{\"on\":1}", false},
    {"{\"on\":\"true\"}", false},
    {"{\"n\":{\"gt\":\"4\"}}", false},
    {"{\"settingKey\":{\"gt\":4}}", false},
    /* null is a value; what is missing has none. */
    {"{\"none\":null}", true},
    {"{\"missing\":null}", false},
    {"{\"missing\":{\"ne\":null}}", true},
    {"{\"none\":{\"ne\":null}}", false},
    {"{\"missing\":{\"ne\":\"x\"}}", true},
    {"{\"missing\":{\"lt\":1}}", false},
    {"{\"empty\":{\"ne\":1}}", true},
    {"{\"author\":null}", false},
    /* Bounds, both on one value; strings by their bytes. */
    {"{\"n\":{\"gte\":5,\"lt\":6}}", true},
    {"{\"n\":{\"gt\":5}}", false},
    {"{\"n\":{\"lte\":5}}", true},
    {"{\"n\":{\"lt\":5.5}}", true},
    {"{\"ratio\":{\"gt\":0,\"lt\":1}}", true},
    {"{\"time\":{\"gte\":\"2026-11-20T10:00:00Z\"}}", false},
    {"{\"time\":{\"gte\":\"2026-11-20T10\",\"lt\":\"2026-11-20T11\"}}", true},
    {"{\"n\":{\"gte\":5,\"ne\":5}}", false},
    /* An array stands for its elements, whichever of them it is. */
    {"{\"tags\":\"green\"}", true},
    {"{\"tags\":\"blue\"}", false},
    {"{\"tags\":{\"ne\":\"green\"}}", false},
    {"{\"tags\":[7,8]}", true},
    {"{\"empty\":null}", false},
    {"{\"items.sku\":\"x2\"}", true},
    {"{\"items.price\":{\"gt\":20}}", true},
    {"{\"items.price\":{\"gt\":10,\"lt\":30}}", false},
    /* Escapes are what they stand for. */
    {"{\"quote\":\"a\\\"b\\\\\xc3\xa4\xf0\x9f\x98\x80\\n\"}", true},
    {"{\"quote\":\"a\\\"b\\\\\xc3\xa4\xf0\x9f\x98\x80\"}", false},
    {"{\"quote\":{\"gt\":\"a\"}}", true},
    /* and, or, not. */
    {"{\"and\":[{\"n\":5},{\"on\":true}]}", true},
    {"{\"and\":[{\"n\":5},{\"on\":false}]}", false},
    {"{\"or\":[{\"n\":6},{\"on\":true}]}", true},
    {"{\"or\":[{\"n\":6},{\"on\":false}]}", false},
    {"{\"not\":{\"n\":5}}", false},
    {"{\"not\":{\"n\":5,\"on\":false}}", true},
    {"{\"not\":{\"not\":{\"n\":5}}}", true},
    {"{\"or\":[{\"n\":6},{\"not\":{\"tags\":\"blue\"}}],\"on\":true}", true},
};

START_TEST(filters_mean_what_the_manual_says)
{
	ck_assert_msg(passes(meanings[_i].filter, event) == meanings[_i].passes, "%s",
	    meanings[_i].filter);
}
END_TEST

START_TEST(white_space_and_order_of_an_event_do_not_matter)
{
	ck_assert(passes("{\"a\":1,\"b.c\":[2]}",
	    " { \"payload\" :\t{ \"b\" : { \"x\":[{}] , \"c\" :\n[ 3 , [ 2 ] ] } ,"
	    " \"a\" : 1 } } "));
}
END_TEST

/* ---- form ------------------------------------------------------------------- */

static const char *const equal[][2] = {
    {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1.0}"},
    {"{\"a\":1}", "{\"payload.a\":[1,1]}"},
    {"{\"a\":[1,\"x\",null]}", "{\"a\":[null,\"\\u0078\",1]}"},
    {"{\"and\":[{\"a\":1},{\"b\":2}]}", "{\"b\":2,\"a\":1}"},
    {"{\"and\":[{\"a\":1},{\"and\":[{\"b\":2},{\"a\":1}]}]}", "{\"b\":2,\"a\":1}"},
    {"{\"or\":[{\"a\":1},{\"or\":[{\"b\":2},{\"c\":3}]}]}",
	"{\"or\":[{\"c\":3},{\"b\":2},{\"a\":1},{\"a\":1}]}"},
    {"{\"not\":{\"not\":{\"a\":1}}}", "{\"a\":1}"},
    {"{\"a\":{\"ne\":1}}", "{\"not\":{\"a\":1}}"},
    {"{\"a\":{\"gt\":1,\"ne\":5}}", "{\"not\":{\"a\":5},\"a\":{\"gt\":1}}"},
    {"{\"or\":[{\"a\":1}]}", "{\"a\":-0.0,\"or\":[{\"a\":1}],\"a \":3}"},
};

START_TEST(equal_filters_are_one_object)
{
	/* The last row is the odd one out: its two are not equal. */
	bool same = _i < (int)(sizeof equal / sizeof *equal) - 1;
	struct gw_filter *a = made(equal[_i][0]);
	struct gw_filter *b = made(equal[_i][1]);

	ck_assert_msg((a == b) == same, "%s %s", gw_filter_text(a).data, equal[_i][1]);
	gw_filter_unref(a);
	gw_filter_unref(b);
	ck_assert_uint_eq(home.count, 0);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} bad[] = {
    {"", "line 1"},
    {"[]", "must be an object"},
    {"\"x\"", "must be an object"},
    {"{\"a\":1,\"a\":2}", "line 1"},
    {"{\"a\":{}}", "\"a\" has no operator"},
    {"{\"a\":{\"eq\":1}}", "no operator \"eq\""},
    {"{\"a\":{\"gt\":true}}", "\"gt\" needs a number or a string"},
    {"{\"a\":{\"gt\":1,\"gte\":1}}", "both \"gt\" and \"gte\""},
    {"{\"a\":{\"gt\":1,\"lt\":\"x\"}}", "two types"},
    {"{\"a\":{\"ne\":[1]}}", "compared with an object or a list"},
    {"{\"a\":[[1]]}", "compared with an object or a list"},
    {"{\"a\":[]}", "empty list"},
    {"{\"\":1}", "no path"},
    {"{\"a..b\":1}", "no path"},
    {"{\".a\":1}", "no path"},
    {"{\"a.\":1}", "no path"},
    {"{\"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q\":1}", "more than 16 names"},
    {"{\"and\":[]}", "\"and\" needs a list"},
    {"{\"or\":{\"a\":1}}", "\"or\" needs a list"},
    {"{\"or\":[1]}", "\"or\" needs an object"},
    {"{\"or\":[{}]}", "\"or\" needs an object that is not empty"},
    {"{\"not\":[]}", "\"not\" needs an object"},
    {"{\"not\":{}}", "\"not\" needs an object that is not empty"},
    {"{\"a\":1,\"or\":[{\"b\":1},{\"c\":{\"x\":1}}]}", "no operator \"x\""},
};

START_TEST(a_wrong_filter_is_refused_with_what_and_where)
{
	char error[GW_FILTER_ERROR] = "";
	struct gw_filter *filter = NULL;

	ck_assert_int_ne(
	    gw_filter_parse(&home, bad[_i].text, strlen(bad[_i].text), &filter, error),
	    0);
	ck_assert_msg(strstr(error, bad[_i].says) != NULL, "%s: %s", bad[_i].text, error);
	ck_assert_ptr_null(filter);
	ck_assert_uint_eq(home.count, 0);
}
END_TEST

static int refusal(const struct sl_buf *text)
{
	char error[GW_FILTER_ERROR];
	struct gw_filter *filter = NULL;
	int code = gw_filter_parse(&home, text->data, text->len, &filter, error);

	gw_filter_unref(filter);
	return code;
}

static void repeat(struct sl_buf *text, const char *what, int times)
{
	for (int i = 0; i < times; i++)
		sl_buf_addf(text, "%s", what);
}

START_TEST(a_filter_is_bounded)
{
	struct sl_buf text = {0};

	for (int n = GW_FILTER_TESTS_MAX; n <= GW_FILTER_TESTS_MAX + 1; n++) {
		sl_buf_reset(&text);
		for (int i = 0; i < n; i++)
			sl_buf_addf(&text, "%s\"f%d\":1", i ? "," : "{", i);
		sl_buf_addc(&text, '}');
		ck_assert_int_eq(
		    refusal(&text), n > GW_FILTER_TESTS_MAX ? SL_ETOOBIG : 0);
	}
	for (int n = GW_FILTER_VALUES_MAX; n <= GW_FILTER_VALUES_MAX + 1; n++) {
		sl_buf_reset(&text);
		for (int i = 0; i < n; i++)
			sl_buf_addf(&text, "%s%d", i ? "," : "{\"f\":[", i);
		sl_buf_adds(&text, "]}");
		ck_assert_int_eq(
		    refusal(&text), n > GW_FILTER_VALUES_MAX ? SL_ETOOBIG : 0);
	}
	for (int n = GW_FILTER_DEPTH_MAX; n <= GW_FILTER_DEPTH_MAX + 1; n++) {
		sl_buf_reset(&text);
		repeat(&text, "{\"a\":1,\"or\":[{\"b\":1},", n / 2);
		sl_buf_adds(&text, n % 2 ? "{\"x\":1,\"y\":1}" : "{\"x\":1}");
		repeat(&text, "]}", n / 2);
		ck_assert_int_eq(
		    refusal(&text), n > GW_FILTER_DEPTH_MAX ? SL_ETOOBIG : 0);
	}
	sl_buf_reset(&text);
	sl_buf_adds(&text, "{\"f\":\"");
	repeat(&text, "x", GW_FILTER_TEXT_MAX);
	sl_buf_adds(&text, "\"}");
	ck_assert_int_eq(refusal(&text), SL_ETOOBIG);
	/* Counted as it is read, though what is there twice is dropped. */
	sl_buf_reset(&text);
	for (int i = 0; i < 3; i++) {
		sl_buf_adds(&text, i ? ",\"" : "{\"f\":[\"");
		repeat(&text, "x", GW_FILTER_TEXT_MAX / 2);
		sl_buf_addc(&text, '"');
	}
	sl_buf_adds(&text, "]}");
	ck_assert_int_eq(refusal(&text), SL_ETOOBIG);
	ck_assert_uint_eq(home.count, 0);
	sl_buf_clear(&text);
}
END_TEST

/* ---- bytes ------------------------------------------------------------------- */

START_TEST(a_torn_event_is_read_to_its_end_only)
{
	struct gw_filter *filter = made("{\"items.price\":{\"gt\":1},\"quote\":\"x\"}");

	for (size_t len = 0; len <= sizeof event - 1; len++) {
		char *copy = malloc(len + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, event, len);
		gw_filter_match(filter, copy, len);
		free(copy);
	}
	gw_filter_unref(filter);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_filter");
	TCase *tc = tcase_create("filter");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, filters_mean_what_the_manual_says, 0,
	    (int)(sizeof meanings / sizeof *meanings));
	tcase_add_test(tc, white_space_and_order_of_an_event_do_not_matter);
	tcase_add_loop_test(
	    tc, equal_filters_are_one_object, 0, (int)(sizeof equal / sizeof *equal));
	tcase_add_loop_test(tc, a_wrong_filter_is_refused_with_what_and_where, 0,
	    (int)(sizeof bad / sizeof *bad));
	tcase_add_test(tc, a_filter_is_bounded);
	tcase_add_test(tc, a_torn_event_is_read_to_its_end_only);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
