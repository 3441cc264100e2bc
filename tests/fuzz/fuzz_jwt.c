/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of any bytes are refused; any payload under a right signature is read
 * without harm; any key file is parsed or refused with a line.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "jwt.h"
#include "key.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";

static void check_claims(const struct sl_jwt_claims *claims)
{
	if (!claims->sub[0] || !claims->role[0] || !claims->tenant[0] ||
	    strlen(claims->sub) > SL_JWT_NAME_MAX ||
	    strlen(claims->role) > SL_JWT_NAME_MAX || claims->exp_s < 0)
		abort();
}

/* Signs header.payload as given, so that the fuzzer gets past the signature. */
static void verify_signed(const struct sl_key_set *keys, const uint8_t *data, size_t size)
{
	static const char header[] = "{\"alg\":\"HS256\"}";
	struct sl_jwt_rules rules = {.role_claim = "a.role", .audience = "b"};
	struct sl_buf token = {0};
	struct sl_jwt_claims claims;
	uint8_t mac[SL_CRYPTO_SHA256_BYTES];

	sl_crypto_base64url_add(&token, header, sizeof header - 1);
	sl_buf_addc(&token, '.');
	sl_crypto_base64url_add(&token, data, size);
	sl_crypto_hmac_sha256(secret, sizeof secret - 1, token.data, token.len, mac);
	sl_buf_addc(&token, '.');
	sl_crypto_base64url_add(&token, mac, sizeof mac);
	if (sl_jwt_verify(token.data, token.len, keys, NULL, 0, &claims) == SL_JWT_OK)
		check_claims(&claims);
	if (sl_jwt_verify(token.data, token.len, keys, &rules, 0, &claims) == SL_JWT_OK)
		check_claims(&claims);
	sl_buf_clear(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_key_set keys;
	char error[SL_KEY_ERROR];
	struct sl_jwt_claims claims;
	struct sl_key key;

	if (keys.count == 0) {
		if (sl_crypto_init() != 0 ||
		    sl_key_parse(&key, secret, sizeof secret - 1, NULL, error) != 0)
			abort();
		sl_key_set_add(&keys, &key);
		sl_key_generate(&key);
		sl_key_set_add(&keys, &key);
	}
	/* A token that the fuzzer guessed right would be a broken signature. */
	if (sl_jwt_verify((const char *)data, size, &keys, NULL, 0, &claims) == SL_JWT_OK)
		abort();
	verify_signed(&keys, data, size);
	error[0] = '\0';
	if (sl_key_parse(&key, (const char *)data, size, NULL, error) == 0)
		sl_key_clear(&key);
	else if (!error[0])
		abort();
	return 0;
}
