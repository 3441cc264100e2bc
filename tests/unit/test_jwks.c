/* SPDX-License-Identifier: Apache-2.0 */
/* RSA and P-256 keys, from PEM and from key sets that another program wrote (fixtures/).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "entry.h"
#include "error.h"
#include "jwks.h"
#include "jwt.h"
#include "pkey.h"

#define NOW_S  1700000000LL
#define NOW_NS (NOW_S * SL_NS_PER_S)

static struct sl_key_set set;
static char error[SL_KEY_ERROR];
static size_t skipped;

static void setup(void)
{
	ck_assert_int_eq(sl_crypto_init(), 0);
	error[0] = '\0';
}

static void teardown(void)
{
	sl_key_set_clear(&set);
}

/* A fixture's bytes; static, valid until the next call. */
static struct sl_slice fixture(const char *name)
{
	static struct sl_buf data;
	char path[512];
	unsigned mode;

	sl_buf_reset(&data);
	snprintf(path, sizeof path, "%s/%s", FIXTURES, name);
	ck_assert_msg(
	    sl_key_file_read(path, 65536, &data, &mode, error) == 0, "%s", error);
	return (struct sl_slice){data.data, data.len};
}

static int parse(struct sl_key *key, const char *name)
{
	struct sl_slice pem = fixture(name);

	return sl_key_parse(key, pem.data, pem.len, NULL, error);
}

static int parse_set(const char *json)
{
	return sl_jwks_parse(&set, json, strlen(json), &skipped, error);
}

static enum sl_jwt_result verify(const struct sl_buf *token, struct sl_jwt_claims *claims)
{
	return sl_jwt_verify(token->data, token->len, &set, NULL, NOW_NS, claims);
}

/* A token by a private key; its header names kid. */
static struct sl_buf token_of(const char *file, const char *kid)
{
	struct sl_jwt_claims claims = {.sub = "anna", .role = "r", .exp_s = NOW_S + 60};
	struct sl_slice pem = fixture(file);
	struct sl_key key;
	struct sl_buf token = {0};

	ck_assert_int_eq(sl_key_parse(&key, pem.data, pem.len, kid, error), 0);
	ck_assert(key.can_sign);
	ck_assert_int_eq(sl_jwt_sign(&key, &claims, &token), 0);
	sl_key_clear(&key);
	return token;
}

START_TEST(a_pair_signs_and_verifies_and_has_one_print)
{
	static const char *const names[][3] = {
	    {"rsa2048.key", "rsa2048.pub", "RS256"}, {"p256.key", "p256.pub", "ES256"}};
	struct sl_jwt_claims claims;

	for (int i = 0; i < 2; i++) {
		struct sl_key public_key;
		ck_assert_msg(parse(&public_key, names[i][1]) == 0, "%s", error);
		ck_assert(!public_key.can_sign);
		ck_assert_str_eq(sl_key_alg_name(public_key.alg), names[i][2]);
		ck_assert_int_eq(sl_key_set_add(&set, &public_key), 0);
		struct sl_buf token = token_of(names[i][0], NULL);
		ck_assert_int_eq(verify(&token, &claims), SL_JWT_OK);
		ck_assert_int_eq(claims.key_print, public_key.print);
		ck_assert_str_eq(claims.sub, "anna");
		for (size_t at = 0; at < token.len; at += 7) {
			char kept = token.data[at];
			token.data[at] = kept == 'A' ? 'B' : 'A';
			ck_assert_int_ne(verify(&token, &claims), SL_JWT_OK);
			token.data[at] = kept;
		}
		sl_buf_clear(&token);
		sl_key_clear(&public_key);
	}
}
END_TEST

START_TEST(a_set_has_the_keys_that_verify_tokens_and_no_other)
{
	struct sl_slice json = fixture("set.jwks");
	struct sl_jwt_claims claims;
	int code = sl_jwks_parse(&set, json.data, json.len, &skipped, error);

	ck_assert_msg(code == 0, "%s", error);
	ck_assert_uint_eq(set.count, 3);
	ck_assert_uint_eq(skipped, 7);
	ck_assert_int_eq(set.keys[0].alg, SL_KEY_RS256);
	ck_assert_int_eq(set.keys[1].alg, SL_KEY_ES256);
	ck_assert_int_eq(set.keys[2].alg, SL_KEY_EDDSA);
	struct sl_buf token = token_of("rsa2048.key", "rsa-1");
	ck_assert_int_eq(verify(&token, &claims), SL_JWT_OK);
	struct sl_key pem;
	ck_assert_int_eq(parse(&pem, "rsa2048.pub"), 0);
	ck_assert_int_eq(pem.print, set.keys[0].print);
	sl_key_clear(&pem);
	sl_buf_clear(&token);
	token = token_of("p256.key", "ec-1");
	ck_assert_int_eq(verify(&token, &claims), SL_JWT_OK);
	ck_assert_int_eq(claims.key_print, set.keys[1].print);
	sl_buf_clear(&token);
	/* Its key is there, under the name that it does not say. */
	token = token_of("rsa2048.key", "rsa-512");
	ck_assert_int_eq(verify(&token, &claims), SL_JWT_UNKNOWN_KEY);
	sl_buf_clear(&token);
	token = token_of("rsa2048.key", "ec-1");
	ck_assert_int_eq(verify(&token, &claims), SL_JWT_ALG_MISMATCH);
	sl_buf_clear(&token);
}
END_TEST

START_TEST(a_key_of_a_set_with_an_id_is_not_tried_for_tokens_without)
{
	struct sl_slice json = fixture("set.jwks");
	struct sl_jwt_claims claims;
	struct sl_buf token = token_of("rsa2048.key", NULL), bare = {0};
	const char *dot = strchr(sl_buf_text(&token), '.');

	json = fixture("set.jwks");
	ck_assert_int_eq(sl_jwks_parse(&set, json.data, json.len, &skipped, error), 0);
	sl_crypto_base64url_add(&bare, "{\"alg\":\"RS256\"}", 15);
	sl_buf_adds(&bare, dot);
	ck_assert_int_eq(verify(&bare, &claims), SL_JWT_ALG_MISMATCH);
	set.keys[0].named_only = false;
	ck_assert_int_eq(verify(&bare, &claims), SL_JWT_BAD_SIGNATURE);
	sl_buf_clear(&token);
	sl_buf_clear(&bare);
}
END_TEST

START_TEST(a_signature_of_p256_is_r_and_s_and_nothing_else)
{
	uint8_t signature[SL_PKEY_SIGNATURE_MAX], zero[64] = {0};
	struct sl_slice pem = fixture("p256.key");
	char why[SL_PKEY_ERROR];
	struct sl_pkey *key;

	ck_assert_int_eq(sl_pkey_read_pem(&key, pem.data, pem.len, why), 0);
	size_t len = sl_pkey_sign(key, "abc", 3, signature);
	ck_assert_uint_eq(len, 64);
	ck_assert(sl_pkey_verify(key, "abc", 3, signature, 64));
	ck_assert(!sl_pkey_verify(key, "abd", 3, signature, 64));
	ck_assert(!sl_pkey_verify(key, "abc", 3, signature, 63));
	ck_assert(!sl_pkey_verify(key, "abc", 3, signature, 65));
	ck_assert(!sl_pkey_verify(key, "abc", 3, zero, 64));
	ck_assert(!sl_pkey_verify(key, "abc", 3, signature, 0));
	memset(signature + 32, 0xff, 32);
	ck_assert(!sl_pkey_verify(key, "abc", 3, signature, 64));
	sl_pkey_unref(key);
}
END_TEST

START_TEST(keys_that_are_too_weak_or_of_another_kind_are_refused)
{
	static const char *const wrong[][2] = {
	    {"rsa1024.pub", "2048 to 8192 bits, this one 1024"},
	    {"p384.pub", "only P-256"},
	    {"pss.pub", "neither an Ed25519, an RSA nor a P-256 key"},
	    {"encrypted.key", "not encrypted"},
	};
	struct sl_key key;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(parse(&key, wrong[i][0]), SL_EMALFORMED);
		ck_assert_msg(strstr(error, wrong[i][1]) != NULL, "%s", error);
	}
	struct sl_slice json = fixture("weak.jwks");
	ck_assert_int_eq(
	    sl_jwks_parse(&set, json.data, json.len, &skipped, error), SL_EMALFORMED);
	ck_assert_msg(
	    strstr(error, "key 1 of the set: an RSA key has 2048") != NULL, "%s", error);
}
END_TEST

START_TEST(sets_that_are_none_are_refused_with_a_line)
{
	static const char *const wrong[][2] = {
	    {"", "line"},
	    {"{\"keys\":[", "line 1"},
	    {"[]", "\"keys\" is no array"},
	    {"{}", "\"keys\" is no array"},
	    {"{\"keys\":{}}", "\"keys\" is no array"},
	    {"{\"keys\":[]}", "no key of the set"},
	    {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "no key of the set"},
	    {"{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\"}]}", "\"n\" is missing"},
	    {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ+B\",\"e\":\"AQAB\"}]}",
		"\"n\" is not base64url"},
	    {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}]}",
		"\"n\" is not base64url"},
	    {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}"
	     "]}",
		"32 bytes"},
	    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}",
		"32 bytes"},
	    {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	     "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
	     "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
		"not on P-256"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(parse_set(wrong[i][0]), SL_EMALFORMED);
		ck_assert_msg(
		    strstr(error, wrong[i][1]) != NULL, "%s: %s", wrong[i][0], error);
		ck_assert_uint_eq(set.count, 0);
	}
}
END_TEST

START_TEST(a_set_that_is_full_says_so)
{
	struct sl_buf json = {0};
	uint8_t x[32] = {0};

	sl_buf_adds(&json, "{\"keys\":[");
	for (int i = 0; i <= SL_KEY_SET_MAX; i++) {
		x[0] = (uint8_t)i;
		sl_buf_adds(&json, i ? "," : "");
		sl_buf_adds(&json, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
		sl_crypto_base64url_add(&json, x, sizeof x);
		sl_buf_adds(&json, "\"}");
	}
	sl_buf_adds(&json, "]}");
	ck_assert_int_eq(parse_set(sl_buf_text(&json)), SL_EFULL);
	ck_assert_uint_eq(set.count, SL_KEY_SET_MAX);
	sl_buf_clear(&json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jwks");
	TCase *tc = tcase_create("jwks");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_pair_signs_and_verifies_and_has_one_print);
	tcase_add_test(tc, a_set_has_the_keys_that_verify_tokens_and_no_other);
	tcase_add_test(tc, a_key_of_a_set_with_an_id_is_not_tried_for_tokens_without);
	tcase_add_test(tc, a_signature_of_p256_is_r_and_s_and_nothing_else);
	tcase_add_test(tc, keys_that_are_too_weak_or_of_another_kind_are_refused);
	tcase_add_test(tc, sets_that_are_none_are_refused_with_a_line);
	tcase_add_test(tc, a_set_that_is_full_says_so);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
