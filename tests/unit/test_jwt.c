/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "jwt.h"
#include "key.h"

#define NOW_S  1700000000LL
#define NOW_NS (NOW_S * SL_NS_PER_S)
#define SECRET "0123456789abcdef0123456789abcdef"

static struct sl_key eddsa, hs256;
static struct sl_key_set keys;
static struct sl_jwt_claims claims;

static void setup(void)
{
	char error[SL_KEY_ERROR];

	ck_assert_int_eq(sl_crypto_init(), 0);
	sl_key_generate(&eddsa);
	ck_assert_int_eq(sl_key_parse(&hs256, SECRET "\n", 33, "shared", error), 0);
	sl_key_set_add(&keys, &eddsa);
	sl_key_set_add(&keys, &hs256);
	memset(&claims, 0, sizeof claims);
}

static void teardown(void)
{
	sl_key_set_clear(&keys);
}

/* A token made from literal JSON, signed as HS256 with any secret. */
static struct sl_buf make(const char *header, const char *payload, const char *secret)
{
	struct sl_buf out = {0};
	uint8_t mac[SL_CRYPTO_SHA256_BYTES];

	sl_crypto_base64url_add(&out, header, strlen(header));
	sl_buf_addc(&out, '.');
	sl_crypto_base64url_add(&out, payload, strlen(payload));
	sl_crypto_hmac_sha256(secret, strlen(secret), out.data, out.len, mac);
	sl_buf_addc(&out, '.');
	sl_crypto_base64url_add(&out, mac, sizeof mac);
	return out;
}

static enum sl_jwt_result verify(
    const struct sl_buf *token, const struct sl_jwt_rules *rules)
{
	return sl_jwt_verify(token->data, token->len, &keys, rules, NOW_NS, &claims);
}

#define HS   "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define GOOD "\"sub\":\"u1\",\"role\":\"master_admin\",\"exp\":1700000100"

static void must(enum sl_jwt_result expected, const char *header, const char *payload)
{
	struct sl_buf token = make(header, payload, SECRET);
	enum sl_jwt_result result = verify(&token, NULL);

	ck_assert_msg(result == expected, "%s %s: %s instead of %s", header, payload,
	    sl_jwt_result_name(result), sl_jwt_result_name(expected));
	sl_buf_clear(&token);
}

START_TEST(what_is_signed_verifies_with_all_claims)
{
	struct sl_jwt_claims given = {.exp_s = NOW_S + 60,
	    .iat_s = NOW_S,
	    .nbf_s = NOW_S,
	    .max_connections = 12,
	    .sub = "anna",
	    .role = "technical_admin",
	    .tenant = "acme",
	    .jti = "j-1",
	    .issuer = "me",
	    .audience = "you"};
	const struct sl_key *const both[] = {&eddsa, &hs256};
	struct sl_jwt_rules rules = {.issuer = "me", .audience = "you"};

	for (int i = 0; i < 2; i++) {
		struct sl_buf token = {0};
		ck_assert_int_eq(sl_jwt_sign(both[i], &given, &token), 0);
		ck_assert_int_eq(verify(&token, &rules), SL_JWT_OK);
		ck_assert_str_eq(claims.sub, "anna");
		ck_assert_str_eq(claims.role, "technical_admin");
		ck_assert_str_eq(claims.tenant, "acme");
		ck_assert_str_eq(claims.jti, "j-1");
		ck_assert_int_eq(claims.exp_s, NOW_S + 60);
		ck_assert_uint_eq(claims.max_connections, 12);
		rules.issuer = "other";
		ck_assert_int_eq(verify(&token, &rules), SL_JWT_ISSUER);
		rules.issuer = "me";
		rules.audience = "other";
		ck_assert_int_eq(verify(&token, &rules), SL_JWT_AUDIENCE);
		rules.audience = "you";
		sl_buf_clear(&token);
	}
}
END_TEST

START_TEST(the_leeway_forgives_both_borders_and_no_more)
{
	struct sl_jwt_claims given = {
	    .exp_s = NOW_S - 29, .nbf_s = NOW_S - 60, .sub = "a", .role = "r"};
	struct sl_jwt_rules rules = {.leeway_s = 30};
	struct sl_buf token = {0};

	ck_assert_int_eq(sl_jwt_sign(&eddsa, &given, &token), 0);
	ck_assert_int_eq(verify(&token, &rules), SL_JWT_OK);
	rules.leeway_s = 29;
	ck_assert_int_eq(verify(&token, &rules), SL_JWT_EXPIRED);
	sl_buf_reset(&token);
	given.exp_s = NOW_S + 60;
	given.nbf_s = NOW_S + 30;
	ck_assert_int_eq(sl_jwt_sign(&eddsa, &given, &token), 0);
	ck_assert_int_eq(verify(&token, &rules), SL_JWT_NOT_YET);
	rules.leeway_s = 30;
	ck_assert_int_eq(verify(&token, &rules), SL_JWT_OK);
	sl_buf_clear(&token);
}
END_TEST

START_TEST(one_changed_character_anywhere_is_refused)
{
	struct sl_jwt_claims given = {.exp_s = NOW_S + 60, .sub = "a", .role = "r"};
	struct sl_buf token = {0};

	ck_assert_int_eq(sl_jwt_sign(&eddsa, &given, &token), 0);
	for (size_t i = 0; i < token.len; i++) {
		char kept = token.data[i];
		token.data[i] = kept == 'A' ? 'B' : 'A';
		ck_assert_int_ne(verify(&token, NULL), SL_JWT_OK);
		token.data[i] = kept;
	}
	for (size_t len = 0; len < token.len; len++)
		ck_assert_int_ne(
		    sl_jwt_verify(token.data, len, &keys, NULL, NOW_NS, &claims),
		    SL_JWT_OK);
	ck_assert_int_eq(verify(&token, NULL), SL_JWT_OK);
	sl_buf_clear(&token);
}
END_TEST

START_TEST(the_key_decides_the_algorithm)
{
	char text[SL_KEY_ID_MAX + 64];
	struct sl_buf token;

	must(SL_JWT_OK, HS, "{" GOOD "}");
	must(SL_JWT_ALG_NONE, "{\"alg\":\"none\"}", "{" GOOD "}");
	must(SL_JWT_ALG_NONE, "{\"alg\":\"nOnE\"}", "{" GOOD "}");
	must(SL_JWT_ALG_MISMATCH, "{\"alg\":\"RS256\"}", "{" GOOD "}");
	must(SL_JWT_ALG_MISMATCH, "{\"alg\":\"hs256\"}", "{" GOOD "}");
	must(SL_JWT_BAD_SIGNATURE, "{\"alg\":\"EdDSA\"}", "{" GOOD "}");
	must(SL_JWT_OK, "{\"alg\":\"HS256\",\"kid\":\"shared\"}", "{" GOOD "}");
	must(SL_JWT_UNKNOWN_KEY, "{\"alg\":\"HS256\",\"kid\":\"x\"}", "{" GOOD "}");
	snprintf(text, sizeof text, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", eddsa.id);
	must(SL_JWT_ALG_MISMATCH, text, "{" GOOD "}");
	/* Confusion: HMAC with the bytes of the public key. */
	keys.count = 1;
	char public_key[33] = {0};
	memcpy(public_key, eddsa.public_key, 32);
	token = make(HS, "{" GOOD "}", public_key);
	ck_assert_int_eq(verify(&token, NULL), SL_JWT_ALG_MISMATCH);
	sl_buf_clear(&token);
	token = make("{\"alg\":\"EdDSA\"}", "{" GOOD "}", public_key);
	ck_assert_int_eq(verify(&token, NULL), SL_JWT_BAD_SIGNATURE);
	sl_buf_clear(&token);
}
END_TEST

START_TEST(headers_and_payloads_must_be_clean_json_objects)
{
	must(SL_JWT_BAD_HEADER, "{\"alg\":\"HS256\",\"alg\":\"none\"}", "{" GOOD "}");
	must(SL_JWT_BAD_HEADER, "[]", "{" GOOD "}");
	must(SL_JWT_BAD_HEADER, "{}", "{" GOOD "}");
	must(SL_JWT_BAD_HEADER, "{\"alg\":7}", "{" GOOD "}");
	must(SL_JWT_BAD_HEADER, "{\"alg\":\"HS256\",\"kid\":7}", "{" GOOD "}");
	must(SL_JWT_CRIT, "{\"alg\":\"HS256\",\"crit\":[\"b64\"]}", "{" GOOD "}");
	must(SL_JWT_BAD_PAYLOAD, HS, "[1]");
	must(SL_JWT_BAD_PAYLOAD, HS, "{" GOOD ",\"sub\":\"u2\"}");
	must(SL_JWT_BAD_PAYLOAD, HS, "{" GOOD ",\"x\":\"\\u0000\"}");
	must(SL_JWT_BAD_PAYLOAD, HS, "{" GOOD "} {}");
}
END_TEST

START_TEST(claims_are_checked_one_by_one)
{
#define WITHOUT_EXP "\"sub\":\"u1\",\"role\":\"r\""
	must(SL_JWT_NO_EXP, HS, "{" WITHOUT_EXP "}");
	must(SL_JWT_EXPIRED, HS, "{" WITHOUT_EXP ",\"exp\":1699999995}");
	must(SL_JWT_OK, HS, "{" WITHOUT_EXP ",\"exp\":1699999996}");
	must(SL_JWT_OK, HS, "{" WITHOUT_EXP ",\"exp\":1700000000.5}");
	must(SL_JWT_OK, HS, "{" WITHOUT_EXP ",\"exp\":1e200}");
	/* Who keeps a revocation until then counts in nanoseconds. */
	ck_assert_int_le(claims.exp_s, INT64_MAX / SL_NS_PER_S - SL_JWT_LEEWAY_MAX_S);
	must(SL_JWT_BAD_CLAIM, HS, "{" WITHOUT_EXP ",\"exp\":\"1700000100\"}");
	must(SL_JWT_BAD_CLAIM, HS, "{" WITHOUT_EXP ",\"exp\":-1}");
	must(SL_JWT_BAD_CLAIM, HS, "{" WITHOUT_EXP ",\"exp\":null}");
	must(SL_JWT_NOT_YET, HS, "{" GOOD ",\"nbf\":1700000006}");
	must(SL_JWT_OK, HS, "{" GOOD ",\"nbf\":1700000005}");
	must(SL_JWT_NO_SUB, HS, "{\"role\":\"r\",\"exp\":1700000100}");
	must(SL_JWT_NO_ROLE, HS, "{\"sub\":\"r\",\"exp\":1700000100}");
	must(SL_JWT_BAD_CLAIM, HS, "{\"sub\":\"\",\"role\":\"r\",\"exp\":1700000100}");
	must(SL_JWT_BAD_CLAIM, HS, "{\"sub\":7,\"role\":\"r\",\"exp\":1700000100}");
	must(SL_JWT_BAD_CLAIM, HS,
	    "{\"sub\":\"a\\nb\",\"role\":\"r\",\"exp\":1700000100}");
	must(SL_JWT_BAD_CLAIM, HS, "{\"sub\":\"a\",\"role\":[\"r\"],\"exp\":1700000100}");
	must(SL_JWT_BAD_CLAIM, HS, "{" GOOD ",\"max_connections\":0}");
	must(SL_JWT_BAD_CLAIM, HS, "{" GOOD ",\"max_connections\":1.5}");
	must(SL_JWT_OK, HS, "{" GOOD "}");
	ck_assert_str_eq(claims.tenant, "default");
	ck_assert_str_eq(claims.jti, "");
	ck_assert_uint_eq(claims.max_connections, 0);
}
END_TEST

START_TEST(the_role_may_be_deeper_and_the_audience_one_of_several)
{
	struct sl_jwt_rules rules = {.role_claim = "app.role", .audience = "b"};
	struct sl_buf token = make(HS,
	    "{\"sub\":\"u\",\"exp\":1700000100,\"app\":{\"role\":\"x\"},\"aud\":[\"a\","
	    "\"b\"]}",
	    SECRET);

	ck_assert_int_eq(verify(&token, &rules), SL_JWT_OK);
	ck_assert_str_eq(claims.role, "x");
	sl_buf_clear(&token);
}
END_TEST

START_TEST(refuses_what_has_not_the_shape_of_a_token)
{
	static const char *const shapes[] = {"", ".", "..", "...", "a.b", "a.b.c.d",
	    "a..c", ".b.c", "e30=.e30.e30", "e30.e30 .e30", "+/+/.e30.e30"};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		enum sl_jwt_result result = sl_jwt_verify(
		    shapes[i], strlen(shapes[i]), &keys, NULL, NOW_NS, &claims);
		ck_assert_msg(result == SL_JWT_MALFORMED || result == SL_JWT_BAD_HEADER,
		    "%s", shapes[i]);
	}
	struct sl_buf huge = {0};
	for (int i = 0; i < 8200; i++)
		sl_buf_addc(&huge, 'e');
	ck_assert_int_eq(verify(&huge, NULL), SL_JWT_TOO_LONG);
	sl_buf_clear(&huge);
}
END_TEST

START_TEST(signing_demands_what_verifying_demands)
{
	struct sl_jwt_claims given = {.exp_s = NOW_S, .sub = "a", .role = "r"};
	struct sl_key public_only = eddsa;
	struct sl_buf token = {0};

	public_only.can_sign = false;
	ck_assert_int_eq(sl_jwt_sign(&public_only, &given, &token), SL_EDENIED);
	given.exp_s = 0;
	ck_assert_int_eq(sl_jwt_sign(&eddsa, &given, &token), SL_EINVAL);
	ck_assert_uint_eq(token.len, 0);
	sl_buf_clear(&token);
}
END_TEST

/* ---- key files ----------------------------------------------------------------- */

static char dir[64];

static const char *in_dir(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

static void make_dir(void)
{
	strcpy(dir, "/tmp/sl-test-key-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777u;
}

START_TEST(a_written_pair_loads_again_and_is_never_overwritten)
{
	char error[SL_KEY_ERROR];
	struct sl_key loaded;

	make_dir();
	ck_assert_int_eq(
	    sl_key_write_pair(&eddsa, in_dir("jwt.key"), in_dir("jwt.pub"), error), 0);
	ck_assert_uint_eq(mode_of(in_dir("jwt.key")), 0600);
	ck_assert_uint_eq(mode_of(in_dir("jwt.pub")), 0644);
	ck_assert_int_eq(sl_key_load(&loaded, in_dir("jwt.key"), NULL, error), 0);
	ck_assert(loaded.can_sign);
	ck_assert_mem_eq(loaded.secret, eddsa.secret, 64);
	ck_assert_str_eq(loaded.id, eddsa.id);
	ck_assert_int_eq(sl_key_load(&loaded, in_dir("jwt.pub"), NULL, error), 0);
	ck_assert(!loaded.can_sign);
	ck_assert_mem_eq(loaded.public_key, eddsa.public_key, 32);
	ck_assert_str_eq(loaded.id, eddsa.id);
	ck_assert_int_eq(
	    sl_key_write_pair(&eddsa, in_dir("jwt.key"), NULL, error), SL_EEXIST);
	chmod(in_dir("jwt.key"), 0644);
	ck_assert_int_eq(
	    sl_key_load(&loaded, in_dir("jwt.key"), NULL, error), SL_EDENIED);
	ck_assert_ptr_nonnull(strstr(error, "mode 0644"));
	ck_assert_int_eq(sl_key_load(&loaded, in_dir("none"), NULL, error), SL_ENOTFOUND);
	ck_assert_int_eq(sl_key_load(&loaded, dir, NULL, error), SL_EINVAL);
	ck_assert_int_eq(sl_key_write_random(in_dir("gateway.key"), 32, error), 0);
	ck_assert_uint_eq(mode_of(in_dir("gateway.key")), 0600);
	unlink(in_dir("jwt.key"));
	unlink(in_dir("jwt.pub"));
	unlink(in_dir("gateway.key"));
	rmdir(dir);
}
END_TEST

START_TEST(reads_what_openssl_writes_and_refuses_other_armour)
{
	static const char pub[] =
	    "-----BEGIN PUBLIC KEY-----\r\n"
	    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\r\n"
	    "-----END PUBLIC KEY-----\r\n";
	static const char rsa[] = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"
				  "-----END RSA PRIVATE KEY-----\n";
	char error[SL_KEY_ERROR];
	struct sl_key key;

	ck_assert_int_eq(sl_key_parse(&key, pub, sizeof pub - 1, "k", error), 0);
	ck_assert_int_eq(key.alg, SL_KEY_EDDSA);
	ck_assert_uint_eq(key.public_key[0], 0x19);
	ck_assert_int_eq(
	    sl_key_parse(&key, rsa, sizeof rsa - 1, NULL, error), SL_EMALFORMED);
	ck_assert_int_eq(sl_key_parse(&key, pub, 60, NULL, error), SL_EMALFORMED);
	ck_assert_int_eq(sl_key_parse(&key, "short", 5, NULL, error), SL_EMALFORMED);
	ck_assert_int_eq(sl_key_parse(&key, SECRET, 32, "", error), SL_EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jwt");
	TCase *tc = tcase_create("jwt");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_is_signed_verifies_with_all_claims);
	tcase_add_test(tc, the_leeway_forgives_both_borders_and_no_more);
	tcase_add_test(tc, one_changed_character_anywhere_is_refused);
	tcase_add_test(tc, the_key_decides_the_algorithm);
	tcase_add_test(tc, headers_and_payloads_must_be_clean_json_objects);
	tcase_add_test(tc, claims_are_checked_one_by_one);
	tcase_add_test(tc, the_role_may_be_deeper_and_the_audience_one_of_several);
	tcase_add_test(tc, refuses_what_has_not_the_shape_of_a_token);
	tcase_add_test(tc, signing_demands_what_verifying_demands);
	tcase_add_test(tc, a_written_pair_loads_again_and_is_never_overwritten);
	tcase_add_test(tc, reads_what_openssl_writes_and_refuses_other_armour);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
