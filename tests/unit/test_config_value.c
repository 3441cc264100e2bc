/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "config.h"
#include "error.h"

START_TEST(durations_have_units)
{
	static const struct {
		const char *text, *bare;
		int64_t ms; /* -1: refused */
	} row[] = {
	    {"500ms", "", 500},
	    {"30s", "", 30000},
	    {"10m", "", 600000},
	    {"24h", "", 86400000},
	    {"7d", "", 604800000},
	    {"0", "", 0},
	    {"0s", "", 0},
	    {"30", "", -1},
	    {"30", "ms", 30},
	    {"60", "s", 60000},
	    {"5s", "ms", 5000},
	    {"", "ms", -1},
	    {"s", "", -1},
	    {"-5s", "", -1},
	    {"+5s", "", -1},
	    {"1.5s", "", -1},
	    {"5 s", "", -1},
	    {" 5s", "", -1},
	    {"5S", "", -1},
	    {"5s ", "", -1},
	    {"5sec", "", -1},
	    {"0x5s", "", -1},
	    {"9223372036854775807ms", "", INT64_MAX},
	    {"9223372036854775807s", "", -1},
	    {"99999999999999999999ms", "", -1},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int64_t ms = -1;
		int rc = sl_config_parse_duration(row[i].text, row[i].bare, &ms);
		ck_assert_msg((rc == 0) == (row[i].ms >= 0), "\"%s\"", row[i].text);
		if (rc == 0)
			ck_assert_int_eq(ms, row[i].ms);
	}
}
END_TEST

START_TEST(sizes_have_binary_units)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: refused */
	} row[] = {
	    {"512", 512},
	    {"512B", 512},
	    {"4KiB", 4096},
	    {"4K", 4096},
	    {"4MiB", 4194304},
	    {"1GiB", 1073741824},
	    {"1G", 1073741824},
	    {"0", 0},
	    {"", -1},
	    {"4kb", -1},
	    {"4 MiB", -1},
	    {"-1", -1},
	    {"1.5MiB", -1},
	    {"9999999999GiB", -1},
	    {"MiB", -1},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int64_t bytes = -1;
		int rc = sl_config_parse_size(row[i].text, &bytes);
		ck_assert_msg((rc == 0) == (row[i].bytes >= 0), "\"%s\"", row[i].text);
		if (rc == 0)
			ck_assert_int_eq(bytes, row[i].bytes);
	}
}
END_TEST

START_TEST(switches_are_words)
{
	static const char *const yes[] = {"true", "yes", "on", "1", "TRUE"};
	static const char *const no[] = {"false", "no", "off", "0", "False"};
	static const char *const bad[] = {"", "2", "tru", "enabled", " true"};
	bool value;

	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(sl_config_parse_bool(yes[i], &value), 0);
		ck_assert(value);
		ck_assert_int_eq(sl_config_parse_bool(no[i], &value), 0);
		ck_assert(!value);
		ck_assert_int_eq(sl_config_parse_bool(bad[i], &value), SL_EINVAL);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_value");
	TCase *tc = tcase_create("config_value");

	tcase_add_test(tc, durations_have_units);
	tcase_add_test(tc, sizes_have_binary_units);
	tcase_add_test(tc, switches_are_words);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
