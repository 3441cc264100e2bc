/* SPDX-License-Identifier: Apache-2.0 */
/* The window of ids that were seen: the last n, whatever they hash to. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/dedup.h"
#include "common/crypto.h"

#define WINDOW 32u
#define ROUNDS 20000u

static const struct sl_slice tenant = {"default", 7};

static void id_of(uint64_t number, uint8_t id[SL_UUID_BYTES])
{
	memset(id, 0, SL_UUID_BYTES);
	id[0] = 1;
	memcpy(id + 8, &number, sizeof number);
}

START_TEST(the_last_ids_are_known_and_no_older_ones)
{
	struct agg_dedup *dedup = agg_dedup_new(WINDOW);
	uint8_t id[SL_UUID_BYTES];

	for (uint64_t n = 0; n < ROUNDS; n++) {
		id_of(n, id);
		ck_assert(!agg_dedup_known(dedup, tenant, id));
		agg_dedup_add(dedup, tenant, id);
		for (uint64_t back = 0; back <= n && back < 2 * WINDOW; back++) {
			id_of(n - back, id);
			ck_assert_msg(
			    agg_dedup_known(dedup, tenant, id) == (back < WINDOW),
			    "%u ids back after %u", (unsigned)back, (unsigned)n);
		}
	}
	agg_dedup_free(dedup);
}
END_TEST

START_TEST(an_id_is_its_tenants_and_nil_is_nobodys)
{
	struct agg_dedup *dedup = agg_dedup_new(WINDOW);
	uint8_t id[SL_UUID_BYTES], nil[SL_UUID_BYTES] = {0};

	id_of(1, id);
	agg_dedup_add(dedup, tenant, id);
	agg_dedup_add(dedup, tenant, nil);
	ck_assert(agg_dedup_known(dedup, tenant, id));
	ck_assert(!agg_dedup_known(dedup, (struct sl_slice){"another", 7}, id));
	ck_assert(!agg_dedup_known(dedup, tenant, nil));
	agg_dedup_free(dedup);
	ck_assert_ptr_null(agg_dedup_new(0));
	ck_assert(!agg_dedup_known(NULL, tenant, id));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dedup");
	TCase *tc = tcase_create("dedup");
	SRunner *runner = srunner_create(s);

	if (sl_crypto_init() != 0)
		return EXIT_FAILURE;
	tcase_add_test(tc, the_last_ids_are_known_and_no_older_ones);
	tcase_add_test(tc, an_id_is_its_tenants_and_nil_is_nobodys);
	suite_add_tcase(s, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
