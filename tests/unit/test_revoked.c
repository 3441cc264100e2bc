/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "error.h"
#include "revoked.h"

static struct sl_revoked *revoked;
static uint8_t hash[SL_JWT_HASH];

static void setup(void)
{
	ck_assert_int_eq(sl_crypto_init(), 0);
	revoked = sl_revoked_new();
	memset(hash, 0xab, sizeof hash);
}

static void teardown(void)
{
	sl_revoked_free(revoked);
}

static int add(const char *body)
{
	return sl_revoked_add(revoked, sl_slice_text(body));
}

static bool has(const char *tenant, const char *sub, const char *jti, int64_t iat_s)
{
	struct sl_revoked_token token = {tenant, sub, jti, iat_s, hash};

	return sl_revoked_has(revoked, &token);
}

START_TEST(a_jti_is_revoked_in_its_tenant_only)
{
	ck_assert(!has("default", "anna", "j1", 5));
	ck_assert_int_eq(add("{\"tenant\":\"default\",\"jti\":\"j1\",\"exp\":100}"), 1);
	ck_assert_int_eq(add("{\"tenant\":\"default\",\"jti\":\"j1\",\"exp\":100}"), 0);
	ck_assert(has("default", "anna", "j1", 5));
	ck_assert(has("default", "bert", "j1", 0));
	ck_assert(!has("default", "anna", "j2", 5));
	ck_assert(!has("default", "anna", "", 5));
	ck_assert(!has("acme", "anna", "j1", 5));
	ck_assert(!has("default", "j1", "anna", 5));
}
END_TEST

START_TEST(a_sub_is_revoked_up_to_the_time_it_was_said)
{
	ck_assert_int_eq(add("{\"sub\":\"anna\",\"before\":50,\"exp\":100}"), 1);
	ck_assert(has("default", "anna", "j", 50));
	ck_assert(has("default", "anna", "", 0));
	ck_assert(!has("default", "anna", "j", 51));
	ck_assert(!has("acme", "anna", "j", 50));
	ck_assert_int_eq(add("{\"sub\":\"anna\",\"before\":40,\"exp\":100}"), 0);
	ck_assert_int_eq(add("{\"sub\":\"anna\",\"before\":60,\"exp\":100}"), 1);
	ck_assert(has("default", "anna", "j", 60));
	ck_assert(!has("default", "anna", "j", 61));
	ck_assert_int_eq(add("{\"sub\":\"anna\",\"exp\":100}"), 1);
	ck_assert(has("default", "anna", "j", 1000000));
}
END_TEST

START_TEST(a_hash_revokes_the_token_itself)
{
	struct sl_revoked_body body = {.tenant = "default", .hash = hash, .exp_s = 9};
	struct sl_buf text = {0};

	sl_revoked_write(&text, &body);
	ck_assert_int_eq(add(sl_buf_text(&text)), 1);
	ck_assert(has("default", "anna", "", 0));
	ck_assert(has("acme", "bert", "j9", 3));
	hash[31] ^= 1;
	ck_assert(!has("default", "anna", "", 0));
	sl_buf_clear(&text);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	struct sl_revoked_body jti = {"a\"b", "j\\1", NULL, NULL, 0, 7};
	struct sl_revoked_body sub = {"acme", "", "an\xc3\xa4", NULL, 5, 7};
	struct sl_buf text = {0};

	sl_revoked_write(&text, &jti);
	ck_assert_int_eq(add(sl_buf_text(&text)), 1);
	ck_assert(has("a\"b", "x", "j\\1", 0));
	sl_buf_reset(&text);
	sl_revoked_write(&text, &sub);
	ck_assert_int_eq(add(sl_buf_text(&text)), 1);
	ck_assert(has("acme", "an\xc3\xa4", "", 5));
	ck_assert(!has("acme", "an\xc3\xa4", "", 6));
	sl_buf_clear(&text);
}
END_TEST

START_TEST(what_names_nothing_is_refused)
{
	char body[400], name[200];
	static const char *const wrong[] = {"", "[]", "{}", "{\"exp\":5}", "{\"jti\":7}",
	    "{\"hash\":\"abc\"}", "{\"sub\":null}", "{\"hash\":7}"};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_int_eq(add(wrong[i]), SL_EMALFORMED);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(body, sizeof body, "{\"jti\":\"%s\"}", name);
	ck_assert_int_eq(add(body), SL_EMALFORMED);
	ck_assert_uint_eq(sl_revoked_count(revoked), 0);
}
END_TEST

START_TEST(many_are_kept_until_they_expire)
{
	char body[80], jti[16];

	for (int i = 0; i < 5000; i++) {
		snprintf(body, sizeof body, "{\"jti\":\"j%d\",\"exp\":%d}", i, i);
		ck_assert_int_eq(add(body), 1);
	}
	sl_revoked_sweep(revoked, 2000 + SL_JWT_LEEWAY_MAX_S);
	ck_assert_uint_eq(sl_revoked_count(revoked), 3000);
	for (int i = 0; i < 5000; i++) {
		snprintf(jti, sizeof jti, "j%d", i);
		ck_assert_int_eq(has("default", "anna", jti, 0), i >= 2000);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("revoked");
	TCase *tc = tcase_create("revoked");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_jti_is_revoked_in_its_tenant_only);
	tcase_add_test(tc, a_sub_is_revoked_up_to_the_time_it_was_said);
	tcase_add_test(tc, a_hash_revokes_the_token_itself);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, what_names_nothing_is_refused);
	tcase_add_test(tc, many_are_kept_until_they_expire);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
