/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "crc32c.h"

START_TEST(gives_the_published_check_values)
{
	uint8_t zeroes[32] = {0};

	ck_assert_uint_eq(sl_crc32c(0, "123456789", 9), 0xe3069283u);
	ck_assert_uint_eq(sl_crc32c_portable(0, "123456789", 9), 0xe3069283u);
	ck_assert_uint_eq(sl_crc32c(0, zeroes, sizeof zeroes), 0x8a9136aau);
	ck_assert_uint_eq(sl_crc32c(0, "", 0), 0);
}
END_TEST

START_TEST(agrees_with_the_portable_one_and_goes_on_at_any_split)
{
	uint8_t data[200];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 37 + 11);
	uint32_t whole = sl_crc32c_portable(0, data + 1, 199);
	for (size_t split = 0; split <= 199; split++) {
		uint32_t crc = sl_crc32c(0, data + 1, split);
		ck_assert_uint_eq(sl_crc32c(crc, data + 1 + split, 199 - split), whole);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crc32c");
	TCase *tc = tcase_create("crc32c");

	tcase_add_test(tc, gives_the_published_check_values);
	tcase_add_test(tc, agrees_with_the_portable_one_and_goes_on_at_any_split);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
