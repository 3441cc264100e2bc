/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "ed_pem.h"
#include "error.h"
#include "pkey.h"

#define SECRET_MIN 32

int sl_key_fail(char error[SL_KEY_ERROR], int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, SL_KEY_ERROR, fmt, ap);
	va_end(ap);
	return code;
}

const char *sl_key_alg_name(enum sl_key_alg alg)
{
	static const char *const names[] = {
#define X(id, value, name) [value] = (name),
	    SL_KEY_ALG_TABLE(X)
#undef X
	};

	return (size_t)alg < sizeof names / sizeof *names ? names[alg] : "none";
}

void sl_key_clear(struct sl_key *key)
{
	sl_pkey_unref(key->pkey);
	sl_crypto_wipe(key, sizeof *key);
}

/* ---- reading ---------------------------------------------------------------- */

/* What tells a key: secrets are hashed twice, so that it helps nobody to guess one. */
static void hash_of(const struct sl_key *key, uint8_t hash[SL_CRYPTO_SHA256_BYTES])
{
	if (key->pkey) {
		sl_pkey_print(key->pkey, hash);
	} else if (key->alg == SL_KEY_EDDSA) {
		sl_crypto_sha256(key->public_key, sizeof key->public_key, hash);
	} else {
		sl_crypto_sha256(key->secret, key->secret_len, hash);
		sl_crypto_sha256(hash, SL_CRYPTO_SHA256_BYTES, hash);
	}
}

int sl_key_finish(struct sl_key *key, const char *id, char error[SL_KEY_ERROR])
{
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];

	hash_of(key, hash);
	memcpy(&key->print, hash, sizeof key->print);
	key->print &= INT64_MAX;
	if (!id) {
		for (int i = 0; i < 8; i++)
			snprintf(key->id + 2 * i, 3, "%02x", hash[i]);
		return 0;
	}
	if (id[0] == '\0' || strlen(id) > SL_KEY_ID_MAX)
		return sl_key_fail(
		    error, SL_EINVAL, "a key id has 1 to %d bytes", SL_KEY_ID_MAX);
	memcpy(key->id, id, strlen(id) + 1);
	return 0;
}

static int parse_pem(
    struct sl_key *key, const char *data, size_t len, char error[SL_KEY_ERROR])
{
	uint8_t seed[SL_CRYPTO_ED25519_SEED];
	char why[SL_PKEY_ERROR];

	key->alg = SL_KEY_EDDSA;
	if (sl_ed_pem_read_public(data, len, key->public_key))
		return 0;
	if (sl_ed_pem_read_private(data, len, seed)) {
		sl_crypto_ed25519_keys(seed, key->public_key, key->secret);
		sl_crypto_wipe(seed, sizeof seed);
		key->secret_len = SL_CRYPTO_ED25519_SECRET;
		key->can_sign = true;
		return 0;
	}
	if (sl_pkey_read_pem(&key->pkey, data, len, why) != 0)
		return sl_key_fail(error, SL_EMALFORMED, "%s", why);
	key->alg = sl_pkey_kind(key->pkey) == SL_PKEY_RSA ? SL_KEY_RS256 : SL_KEY_ES256;
	key->can_sign = sl_pkey_can_sign(key->pkey);
	return 0;
}

static int parse_secret(
    struct sl_key *key, const char *data, size_t len, char error[SL_KEY_ERROR])
{
	if (len > 0 && data[len - 1] == '\n')
		len--;
	if (len > 0 && data[len - 1] == '\r')
		len--;
	if (len < SECRET_MIN)
		return sl_key_fail(error, SL_EMALFORMED,
		    "an HS256 secret has at least %d bytes, this one %zu", SECRET_MIN,
		    len);
	if (len > SL_KEY_SECRET_MAX)
		return sl_key_fail(error, SL_ETOOBIG,
		    "an HS256 secret has at most %d bytes, this one %zu",
		    SL_KEY_SECRET_MAX, len);
	key->alg = SL_KEY_HS256;
	key->can_sign = true;
	memcpy(key->secret, data, len);
	key->secret_len = len;
	return 0;
}

int sl_key_parse(struct sl_key *key, const char *data, size_t len, const char *id,
    char error[SL_KEY_ERROR])
{
	*key = (struct sl_key){0};
	/*
	 * Anything in armour is a key of its own kind and never an HMAC secret:
	 * a public key that is taken for one would let everyone sign.
	 */
	bool armoured = memmem(data, len, "-----BEGIN", 10) != NULL;
	int code = armoured ? parse_pem(key, data, len, error)
			    : parse_secret(key, data, len, error);
	if (code == 0)
		code = sl_key_finish(key, id, error);
	if (code != 0)
		sl_key_clear(key);
	return code;
}

void sl_key_generate(struct sl_key *key)
{
	uint8_t seed[SL_CRYPTO_ED25519_SEED];
	char error[SL_KEY_ERROR];

	*key = (struct sl_key){.alg = SL_KEY_EDDSA, .can_sign = true};
	sl_crypto_random(seed, sizeof seed);
	sl_crypto_ed25519_keys(seed, key->public_key, key->secret);
	key->secret_len = SL_CRYPTO_ED25519_SECRET;
	sl_crypto_wipe(seed, sizeof seed);
	sl_key_finish(key, NULL, error);
}

/* ---- sets ------------------------------------------------------------------- */

int sl_key_set_add(struct sl_key_set *set, const struct sl_key *key)
{
	if (set->count == SL_KEY_SET_MAX)
		return SL_EFULL;
	if (!set->keys) {
		set->keys = calloc(SL_KEY_SET_MAX, sizeof *set->keys);
		if (!set->keys)
			abort();
	}
	set->keys[set->count] = *key;
	sl_pkey_ref(set->keys[set->count++].pkey);
	return 0;
}

void sl_key_set_clear(struct sl_key_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		sl_key_clear(&set->keys[i]);
	free(set->keys);
	*set = (struct sl_key_set){0};
}
