/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "unpack.h"

static struct sl_unpack u;

static void read_from(const char *bytes, size_t len)
{
	sl_unpack_init(&u, bytes, len);
}

START_TEST(integers_are_read_in_every_form)
{
	static const struct {
		const char *bytes;
		size_t len;
		int64_t value;
	} forms[] = {
	    {"\x00", 1, 0},
	    {"\x7f", 1, 127},
	    {"\xff", 1, -1},
	    {"\xe0", 1, -32},
	    {"\xcc\xff", 2, 255},
	    {"\xcd\xff\xff", 3, 65535},
	    {"\xce\xff\xff\xff\xff", 5, 4294967295},
	    {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, INT64_MAX},
	    {"\xd0\x80", 2, -128},
	    {"\xd1\x80\x00", 3, -32768},
	    {"\xd2\x80\x00\x00\x00", 5, -2147483648LL},
	    {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, INT64_MIN},
	    {"\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 9, 5},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		read_from(forms[i].bytes, forms[i].len);
		ck_assert_int_eq(sl_unpack_int(&u), forms[i].value);
		ck_assert_int_eq(sl_unpack_end(&u), 0);
		read_from(forms[i].bytes, forms[i].len);
		uint64_t value = sl_unpack_uint(&u, 0, UINT64_MAX);
		ck_assert_int_eq(
		    sl_unpack_end(&u), forms[i].value < 0 ? SL_EMALFORMED : 0);
		ck_assert_uint_eq(
		    value, forms[i].value < 0 ? 0 : (uint64_t)forms[i].value);
	}
}
END_TEST

START_TEST(numbers_outside_their_range_are_malformed)
{
	read_from("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9);
	ck_assert_int_eq(sl_unpack_int(&u), 0);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
	read_from("\x05", 1);
	ck_assert_uint_eq(sl_unpack_uint(&u, 6, 9), 0);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
	read_from("\x0a", 1);
	ck_assert_uint_eq(sl_unpack_uint(&u, 6, 9), 0);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
}
END_TEST

START_TEST(a_count_or_length_beyond_the_bytes_is_refused_before_it_is_used)
{
	read_from("\xdd\xff\xff\xff\xff\x00", 6);
	ck_assert_uint_eq(sl_unpack_array(&u, UINT32_MAX), 0);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
	read_from("\x93\x01\x02", 3);
	ck_assert_uint_eq(sl_unpack_array(&u, UINT32_MAX), 0);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
	read_from("\xdb\xff\xff\xff\xff_", 6);
	ck_assert_ptr_null(sl_unpack_str(&u, SIZE_MAX).data);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
}
END_TEST

START_TEST(what_is_over_its_bound_is_too_big)
{
	read_from("\x93\x01\x02\x03", 4);
	ck_assert_uint_eq(sl_unpack_array(&u, 2), 0);
	ck_assert_int_eq(u.error, SL_ETOOBIG);
	read_from("\xa3xyz", 4);
	ck_assert_uint_eq(sl_unpack_str(&u, 2).len, 0);
	ck_assert_int_eq(u.error, SL_ETOOBIG);
	read_from("\xc4\x03xyz", 5);
	ck_assert_uint_eq(sl_unpack_bin(&u, 2).len, 0);
	ck_assert_int_eq(u.error, SL_ETOOBIG);
}
END_TEST

START_TEST(the_first_fault_stays_and_nothing_is_read_after_it)
{
	read_from("\xc3\x01\xa1x", 4);
	ck_assert_uint_eq(sl_unpack_uint(&u, 0, 9), 0);
	ck_assert_int_eq(u.error, SL_EMALFORMED);
	ck_assert(!sl_unpack_bool(&u));
	ck_assert_ptr_null(sl_unpack_str(&u, 9).data);
	sl_unpack_fail(&u, SL_ETOOBIG);
	ck_assert_int_eq(sl_unpack_end(&u), SL_EMALFORMED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unpack");
	TCase *tc = tcase_create("unpack");

	tcase_add_test(tc, integers_are_read_in_every_form);
	tcase_add_test(tc, numbers_outside_their_range_are_malformed);
	tcase_add_test(
	    tc, a_count_or_length_beyond_the_bytes_is_refused_before_it_is_used);
	tcase_add_test(tc, what_is_over_its_bound_is_too_big);
	tcase_add_test(tc, the_first_fault_stays_and_nothing_is_read_after_it);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
