/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "error.h"
#include "sha1.h"

static void is_hex(const uint8_t *bytes, size_t n, const char *hex)
{
	for (size_t i = 0; i < n; i++) {
		char two[3];
		snprintf(two, sizeof two, "%02x", bytes[i]);
		ck_assert_mem_eq(two, hex + 2 * i, 2);
	}
}

START_TEST(hashes_match_their_published_vectors)
{
	uint8_t out[32];

	ck_assert_int_eq(sl_crypto_init(), 0);
	sl_crypto_sha256("abc", 3, out);
	is_hex(
	    out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sl_crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	is_hex(
	    out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	sl_sha1("abc", 3, out);
	is_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
}
END_TEST

START_TEST(base64_comes_back_and_nothing_loose_is_accepted)
{
	static const char *const bad_url[] = {
	    "A", "AA=", "AA==", "AB", "A+", "A/", "AAAAA", "AA AA", "AAA\n", "AA.A"};
	struct sl_buf text = {0};
	uint8_t bytes[64], out[64];
	size_t n;

	for (size_t len = 0; len < sizeof bytes; len++) {
		sl_crypto_random(bytes, len);
		sl_buf_reset(&text);
		sl_crypto_base64url_add(&text, bytes, len);
		ck_assert_int_eq(
		    sl_crypto_base64url_read(text.data, text.len, out, sizeof out, &n),
		    0);
		ck_assert_uint_eq(n, len);
		ck_assert_mem_eq(out, bytes, len);
		sl_buf_reset(&text);
		sl_crypto_base64_add(&text, bytes, len);
		ck_assert_int_eq(sl_crypto_base64_read(
				     text.data, text.len, false, out, sizeof out, &n),
		    0);
		ck_assert_uint_eq(n, len);
	}
	for (size_t i = 0; i < sizeof bad_url / sizeof *bad_url; i++)
		ck_assert_msg(sl_crypto_base64url_read(bad_url[i], strlen(bad_url[i]),
				  out, sizeof out, &n) == SL_EMALFORMED,
		    "%s", bad_url[i]);
	ck_assert_int_eq(sl_crypto_base64url_read("AAAAAAAA", 8, out, 5, &n), SL_ETOOBIG);
	ck_assert_int_eq(
	    sl_crypto_base64_read("AA", 2, false, out, 5, &n), SL_EMALFORMED);
	ck_assert_int_eq(sl_crypto_base64_read("AA\n==\n", 6, true, out, 5, &n), 0);
	ck_assert_int_eq(
	    sl_crypto_base64_read("AA\n==", 5, false, out, 5, &n), SL_EMALFORMED);
	sl_buf_clear(&text);
}
END_TEST

START_TEST(only_the_key_that_sealed_opens_and_only_what_was_sealed)
{
	uint8_t key[SL_CRYPTO_SEAL_KEY] = {1};
	uint8_t other[SL_CRYPTO_SEAL_KEY] = {2};
	struct sl_buf sealed = {0};
	struct sl_buf plain = {0};

	sl_crypto_seal(key, "secret", 6, &sealed);
	ck_assert_uint_eq(sealed.len, 6 + SL_CRYPTO_SEAL_BYTES);
	ck_assert(!sl_crypto_unseal(other, sealed.data, sealed.len, &plain));
	for (size_t len = 0; len < sealed.len; len++)
		ck_assert(!sl_crypto_unseal(key, sealed.data, len, &plain));
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		ck_assert(!sl_crypto_unseal(key, sealed.data, sealed.len, &plain));
		sealed.data[i] ^= 1;
	}
	ck_assert_uint_eq(plain.len, 0);
	ck_assert(sl_crypto_unseal(key, sealed.data, sealed.len, &plain));
	ck_assert_uint_eq(plain.len, 6);
	ck_assert_mem_eq(plain.data, "secret", 6);
	sl_buf_clear(&sealed);
	sl_buf_clear(&plain);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crypto");
	TCase *tc = tcase_create("crypto");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, hashes_match_their_published_vectors);
	tcase_add_test(tc, base64_comes_back_and_nothing_loose_is_accepted);
	tcase_add_test(tc, only_the_key_that_sealed_opens_and_only_what_was_sealed);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
