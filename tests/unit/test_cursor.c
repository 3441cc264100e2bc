/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "error.h"

static const struct sl_cursor sample = {.aggregator = 0x0123456789abcdef,
    .epoch = UINT64_MAX,
    .next = {1, 2, SL_CURSOR_SEQ_MAX, 4000000000, 5}};

START_TEST(a_cursor_comes_back_as_it_was_written)
{
	struct sl_cursor back;
	char text[SL_CURSOR_LEN];

	sl_cursor_format(&sample, text);
	ck_assert_int_eq(sl_cursor_parse(text, sizeof(text), &back), 0);
	ck_assert_uint_eq(back.aggregator, sample.aggregator);
	ck_assert_uint_eq(back.epoch, sample.epoch);
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		ck_assert_uint_eq(back.next[i], sample.next[i]);
}
END_TEST

START_TEST(a_long_cursor_has_the_metrics_too_and_the_short_one_is_the_same_place)
{
	struct sl_cursor out = sample;
	struct sl_cursor back;
	char text[SL_CURSOR_LONG];

	out.metrics = UINT64_MAX - 1;
	out.view = UINT32_MAX - 2;
	sl_cursor_format_long(&out, text);
	ck_assert_int_eq(sl_cursor_parse(text, sizeof(text), &back), 0);
	ck_assert_uint_eq(back.metrics, out.metrics);
	ck_assert_uint_eq(back.view, out.view);
	ck_assert_mem_eq(back.next, out.next, sizeof(out.next));
	sl_cursor_format(&out, text);
	ck_assert_int_eq(sl_cursor_parse(text, SL_CURSOR_LEN, &back), 0);
	ck_assert_uint_eq(back.metrics, 0);
	ck_assert_mem_eq(back.next, out.next, sizeof(out.next));
}
END_TEST

START_TEST(positions_out_of_range_are_clamped_so_that_the_text_reads_back)
{
	struct sl_cursor out = {.next = {0, UINT64_MAX, 1, 1, 1}};
	struct sl_cursor back;
	char text[SL_CURSOR_LEN];

	sl_cursor_format(&out, text);
	ck_assert_int_eq(sl_cursor_parse(text, sizeof(text), &back), 0);
	ck_assert_uint_eq(back.next[0], 1);
	ck_assert_uint_eq(back.next[1], SL_CURSOR_SEQ_MAX);
}
END_TEST

START_TEST(any_changed_character_is_refused_or_canonical)
{
	struct sl_cursor back;
	char text[SL_CURSOR_LEN];
	char again[SL_CURSOR_LEN];
	int accepted = 0;

	for (int at = 0; at < SL_CURSOR_LEN; at++) {
		for (int c = 0; c < 256; c++) {
			sl_cursor_format(&sample, text);
			if (text[at] == (char)c)
				continue;
			text[at] = (char)c;
			if (sl_cursor_parse(text, sizeof(text), &back) != 0)
				continue;
			accepted++;
			sl_cursor_format(&back, again);
			ck_assert_mem_eq(again, text, sizeof(text));
		}
	}
	/* Eight bits of check let one in 256 pass, not more. */
	ck_assert_int_lt(accepted, SL_CURSOR_LEN * 64 / 64);
}
END_TEST

START_TEST(any_other_length_is_malformed_and_writes_nothing)
{
	struct sl_cursor back = {.epoch = 42};
	char text[SL_CURSOR_LONG + 1];

	sl_cursor_format_long(&sample, text);
	text[SL_CURSOR_LONG] = 'A';
	for (size_t len = 0; len <= SL_CURSOR_LONG + 1; len++)
		if (len != SL_CURSOR_LONG)
			ck_assert_int_eq(
			    sl_cursor_parse(text, len, &back), SL_EMALFORMED);
	ck_assert_uint_eq(back.epoch, 42);
}
END_TEST

/* Version byte 2 with the check that belongs to it, all positions 1. */
START_TEST(another_version_is_refused_as_such)
{
	struct sl_cursor cursor = {.next = {1, 1, 1, 1, 1}};
	struct sl_cursor back;
	char text[SL_CURSOR_LEN];
	int versions = 0;

	sl_cursor_format(&cursor, text);
	ck_assert_mem_eq(text, "A", 1);
	/*
	 * "Ag" is version 2.  Behind it stand eight bits of check and the first two
	 * of the aggregator: for each of these four exactly one check fits.
	 */
	for (int b = 0; b < 16; b++) {
		for (int c = 0; c < 64; c++) {
			static const char alphabet[] =
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789-_";

			text[1] = alphabet[32 + b];
			text[2] = alphabet[c];
			int rc = sl_cursor_parse(text, sizeof(text), &back);
			ck_assert(rc == SL_EVERSION || rc == SL_EMALFORMED);
			versions += rc == SL_EVERSION;
		}
	}
	ck_assert_int_eq(versions, 4);
}
END_TEST

/* Whatever its check says: all 256 of them are tried. */
START_TEST(a_position_of_zero_is_malformed)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct sl_cursor cursor = {.next = {1, 1, 1, 1, 1}};
	struct sl_cursor back;
	char text[SL_CURSOR_LEN];

	sl_cursor_format(&cursor, text);
	text[SL_CURSOR_LEN - 1] = 'A';
	for (int check = 0; check < 256; check++) {
		text[1] = alphabet[16 + (check >> 4)];
		text[2] = alphabet[(check & 15) << 2];
		ck_assert_int_eq(
		    sl_cursor_parse(text, sizeof(text), &back), SL_EMALFORMED);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tc = tcase_create("cursor");

	tcase_add_test(tc, a_cursor_comes_back_as_it_was_written);
	tcase_add_test(
	    tc, a_long_cursor_has_the_metrics_too_and_the_short_one_is_the_same_place);
	tcase_add_test(
	    tc, positions_out_of_range_are_clamped_so_that_the_text_reads_back);
	tcase_add_test(tc, any_changed_character_is_refused_or_canonical);
	tcase_add_test(tc, any_other_length_is_malformed_and_writes_nothing);
	tcase_add_test(tc, another_version_is_refused_as_such);
	tcase_add_test(tc, a_position_of_zero_is_malformed);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
