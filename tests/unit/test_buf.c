/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "buf.h"

START_TEST(keeps_what_was_appended_across_growth)
{
	struct sl_buf buf = {0};

	for (int i = 0; i < 1000; i++)
		sl_buf_addf(&buf, "%d,", i);
	ck_assert_uint_eq(buf.len, 10 * 2 + 90 * 3 + 900 * 4);
	ck_assert_mem_eq(buf.data, "0,1,2,", 6);
	ck_assert_str_eq(sl_buf_text(&buf) + buf.len - 4, "999,");
	sl_buf_clear(&buf);
	ck_assert_ptr_null(buf.data);
}
END_TEST

START_TEST(drop_removes_from_the_front_and_never_past_the_end)
{
	struct sl_buf buf = {0};

	sl_buf_adds(&buf, "hello world");
	sl_buf_drop(&buf, 6);
	ck_assert_str_eq(sl_buf_text(&buf), "world");
	sl_buf_drop(&buf, 99);
	ck_assert_uint_eq(buf.len, 0);
	sl_buf_clear(&buf);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, keeps_what_was_appended_across_growth);
	tcase_add_test(tc, drop_removes_from_the_front_and_never_past_the_end);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
