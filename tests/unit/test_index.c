/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/index.h"

#define KEYS 5000

static char keys[KEYS][16];

START_TEST(finds_exactly_what_is_in_it_through_growth_and_removal)
{
	struct agg_index index = {0};

	ck_assert_ptr_null(agg_index_find(&index, "k", 1));
	for (int i = 0; i < KEYS; i++) {
		int len = snprintf(keys[i], sizeof keys[i], "key-%d", i);
		agg_index_put(&index, keys[i], (size_t)len, keys[i]);
	}
	for (int round = 0; round < 3; round++) {
		for (int i = round; i < KEYS; i += 3)
			agg_index_remove(&index, keys[i], strlen(keys[i]));
		for (int i = 0; i < KEYS; i++) {
			char *expected = i % 3 <= round ? NULL : keys[i];
			ck_assert_ptr_eq(
			    agg_index_find(&index, keys[i], strlen(keys[i])), expected);
		}
	}
	ck_assert_uint_eq(index.count, 0);
	agg_index_clear(&index);
}
END_TEST

START_TEST(replaces_the_value_of_a_key_that_is_there)
{
	struct agg_index index = {0};
	int a, b;

	agg_index_put(&index, "k", 1, &a);
	agg_index_put(&index, "k", 1, &b);
	ck_assert_ptr_eq(agg_index_find(&index, "k", 1), &b);
	ck_assert_uint_eq(index.count, 1);
	agg_index_clear(&index);
}
END_TEST

START_TEST(does_not_fill_up_with_graves)
{
	struct agg_index index = {0};

	for (int i = 0; i < 100000; i++) {
		agg_index_put(&index, "same", 4, &index);
		agg_index_remove(&index, "same", 4);
	}
	ck_assert_uint_le(index.capacity, 64);
	ck_assert_ptr_null(agg_index_find(&index, "other", 5));
	agg_index_clear(&index);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index");
	TCase *tc = tcase_create("index");

	tcase_add_test(tc, finds_exactly_what_is_in_it_through_growth_and_removal);
	tcase_add_test(tc, replaces_the_value_of_a_key_that_is_there);
	tcase_add_test(tc, does_not_fill_up_with_graves);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
