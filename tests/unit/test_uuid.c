/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "uuid.h"

START_TEST(carries_time_version_and_variant)
{
	uint8_t id[SL_UUID_BYTES];
	char text[SL_UUID_TEXT];

	sl_clock_fake(0x0123456789abLL * SL_NS_PER_MS + 999, 0);
	sl_uuid_make(id);
	sl_clock_real();
	sl_uuid_format(id, text);
	ck_assert_uint_eq(strlen(text), 36);
	ck_assert_mem_eq(text, "01234567-89ab-7", 15);
	ck_assert_ptr_nonnull(strchr("89ab", text[19]));
}
END_TEST

START_TEST(grows_within_a_millisecond_and_when_the_clock_goes_back)
{
	uint8_t last[SL_UUID_BYTES] = {0}, id[SL_UUID_BYTES];
	const int64_t ms = 1700000000000;

	/* More than the counter holds in a millisecond. */
	for (int i = 0; i < 20000; i++) {
		sl_clock_fake((i < 10000 ? ms : ms - 5000) * SL_NS_PER_MS, 0);
		sl_uuid_make(id);
		ck_assert_int_gt(memcmp(id, last, sizeof id), 0);
		memcpy(last, id, sizeof id);
	}
	sl_clock_real();
}
END_TEST

START_TEST(text_form_goes_there_and_back)
{
	uint8_t id[SL_UUID_BYTES], again[SL_UUID_BYTES];
	char text[SL_UUID_TEXT];

	sl_uuid_make(id);
	sl_uuid_format(id, text);
	ck_assert_int_eq(sl_uuid_parse(text, 36, again), 0);
	ck_assert_mem_eq(id, again, sizeof id);
	ck_assert_int_eq(
	    sl_uuid_parse("01890A5D-AC96-774B-BCCE-B302099A8057", 36, again), 0);
	ck_assert_uint_eq(again[1], 0x89);
}
END_TEST

START_TEST(refuses_every_other_form)
{
	static const char *const bad[] = {"", "01890a5d-ac96-774b-bcce-b302099a805",
	    "01890a5d-ac96-774b-bcce-b302099a80577",
	    "01890a5dac96774bbcceb302099a8057----",
	    "01890a5d-ac96-774b-bcce-b302099a805g",
	    "0-890a5d-ac96-774b-bcce-b302099a8057",
	    "01890a5d-ac96-774b_bcce-b302099a8057"};
	uint8_t id[SL_UUID_BYTES];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_int_eq(
		    sl_uuid_parse(bad[i], strlen(bad[i]), id), SL_EMALFORMED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("uuid");
	TCase *tc = tcase_create("uuid");

	tcase_add_test(tc, carries_time_version_and_variant);
	tcase_add_test(tc, grows_within_a_millisecond_and_when_the_clock_goes_back);
	tcase_add_test(tc, text_form_goes_there_and_back);
	tcase_add_test(tc, refuses_every_other_form);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
