/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"

static const struct {
	const char *text;
	int64_t ns;
} must_parse[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-20T17:29:20Z", 1795195760 * SL_NS_PER_S},
    {"2026-11-20T19:29:20.5+02:00", 1795195760 * SL_NS_PER_S + 500000000},
    {"2026-11-20 17:29:20.123456789z", 1795195760 * SL_NS_PER_S + 123456789},
    {"2024-02-29T00:00:00-00:00", 1709164800 * SL_NS_PER_S},
};

static const char *const must_not_parse[] = {"", "2026", "2026-11-20",
    "2026-11-20T17:29:20", "2026-13-20T17:29:20Z", "2026-11-31T17:29:20Z",
    "2025-02-29T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T17:60:00Z",
    "2026-11-20T17:29:20.Z", "2026-11-20T17:29:20.1234567890Z",
    "2026-11-20T17:29:20+2:00", "2026-11-20T17:29:20Zx", "x026-11-20T17:29:20Z",
    "9999-12-31T00:00:00Z", "2026-11-20T17:29:20+02:60"};

START_TEST(reads_rfc_3339_and_nothing_else)
{
	int64_t ns;

	for (size_t i = 0; i < sizeof must_parse / sizeof *must_parse; i++) {
		ck_assert_int_eq(
		    sl_clock_parse(must_parse[i].text, strlen(must_parse[i].text), &ns),
		    0);
		ck_assert_int_eq(ns, must_parse[i].ns);
	}
	for (size_t i = 0; i < sizeof must_not_parse / sizeof *must_not_parse; i++)
		ck_assert_msg(sl_clock_parse(must_not_parse[i], strlen(must_not_parse[i]),
				  &ns) == SL_EMALFORMED,
		    "%s", must_not_parse[i]);
}
END_TEST

START_TEST(writes_what_it_reads)
{
	char text[SL_CLOCK_TEXT];
	int64_t back;

	for (int64_t ns = -3 * 86400 * SL_NS_PER_S; ns < 86400000 * SL_NS_PER_S;
	     ns += 999999937 * SL_NS_PER_MS) {
		int len = sl_clock_format(ns, text);
		ck_assert_int_eq(sl_clock_parse(text, (size_t)len, &back), 0);
		ck_assert_int_eq(back, ns);
	}
}
END_TEST

START_TEST(fake_clocks_stand_still)
{
	sl_clock_fake(11, 22);
	ck_assert_int_eq(sl_clock_wall_ns(), 11);
	ck_assert_int_eq(sl_clock_mono_ns(), 22);
	sl_clock_real();
	ck_assert_int_gt(sl_clock_wall_ns(), 1700000000 * SL_NS_PER_S);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tc = tcase_create("clock");

	tcase_add_test(tc, reads_rfc_3339_and_nothing_else);
	tcase_add_test(tc, writes_what_it_reads);
	tcase_add_test(tc, fake_clocks_stand_still);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
