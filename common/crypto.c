/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "error.h"

int sl_crypto_init(void)
{
	return sodium_init() < 0 ? SL_ESYS : 0;
}

void sl_crypto_sha256(const void *data, size_t len, uint8_t out[SL_CRYPTO_SHA256_BYTES])
{
	crypto_hash_sha256(out, data, len);
}

void sl_crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    uint8_t out[SL_CRYPTO_SHA256_BYTES])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, data, len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

void sl_crypto_ed25519_keys(const uint8_t seed[SL_CRYPTO_ED25519_SEED],
    uint8_t public_key[SL_CRYPTO_ED25519_PUBLIC],
    uint8_t secret_key[SL_CRYPTO_ED25519_SECRET])
{
	crypto_sign_seed_keypair(public_key, secret_key, seed);
}

void sl_crypto_ed25519_sign(const uint8_t secret_key[SL_CRYPTO_ED25519_SECRET],
    const void *data, size_t len, uint8_t signature[SL_CRYPTO_ED25519_SIGNATURE])
{
	crypto_sign_detached(signature, NULL, data, len, secret_key);
}

bool sl_crypto_ed25519_verify(const uint8_t public_key[SL_CRYPTO_ED25519_PUBLIC],
    const void *data, size_t len, const uint8_t signature[SL_CRYPTO_ED25519_SIGNATURE])
{
	return crypto_sign_verify_detached(signature, data, len, public_key) == 0;
}

_Static_assert(SL_CRYPTO_SEAL_KEY == crypto_secretbox_KEYBYTES, "key");
_Static_assert(
    SL_CRYPTO_SEAL_BYTES == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
    "seal");

void sl_crypto_seal(const uint8_t key[SL_CRYPTO_SEAL_KEY], const void *data, size_t len,
    struct sl_buf *out)
{
	uint8_t *at = (uint8_t *)sl_buf_reserve(out, len + SL_CRYPTO_SEAL_BYTES);

	randombytes_buf(at, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(at + crypto_secretbox_NONCEBYTES, data, len, at, key);
	out->len += len + SL_CRYPTO_SEAL_BYTES;
}

bool sl_crypto_unseal(const uint8_t key[SL_CRYPTO_SEAL_KEY], const void *sealed,
    size_t len, struct sl_buf *out)
{
	const uint8_t *nonce = sealed;

	if (len < SL_CRYPTO_SEAL_BYTES)
		return false;
	if (crypto_secretbox_open_easy(
		(uint8_t *)sl_buf_reserve(out, len - SL_CRYPTO_SEAL_BYTES),
		nonce + crypto_secretbox_NONCEBYTES, len - crypto_secretbox_NONCEBYTES,
		nonce, key) != 0)
		return false;
	out->len += len - SL_CRYPTO_SEAL_BYTES;
	return true;
}

void sl_crypto_random(void *out, size_t n)
{
	randombytes_buf(out, n);
}

bool sl_crypto_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void sl_crypto_wipe(void *data, size_t n)
{
	sodium_memzero(data, n);
}

static void encode(struct sl_buf *out, const void *data, size_t n, int variant)
{
	size_t room = sodium_base64_encoded_len(n, variant);
	char *at = sl_buf_reserve(out, room);

	sodium_bin2base64(at, room, data, n, variant);
	out->len += strlen(at);
}

/* The whole text must be taken: libsodium stops at the first foreign character. */
static int decode(const char *text, size_t len, const char *ignore, uint8_t *out,
    size_t cap, size_t *out_len, int variant)
{
	const char *end = text;

	if (len == 0) {
		*out_len = 0;
		return 0;
	}
	errno = 0;
	if (sodium_base642bin(out, cap, text, len, ignore, out_len, &end, variant) != 0)
		/* ERANGE is missing padding, too: that is no matter of size. */
		return errno == ERANGE && len / 4 * 3 > cap ? SL_ETOOBIG : SL_EMALFORMED;
	return end == text + len ? 0 : SL_EMALFORMED;
}

void sl_crypto_base64url_add(struct sl_buf *out, const void *data, size_t n)
{
	encode(out, data, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int sl_crypto_base64url_read(
    const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len)
{
	return decode(
	    text, len, NULL, out, cap, out_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void sl_crypto_base64_add(struct sl_buf *out, const void *data, size_t n)
{
	encode(out, data, n, sodium_base64_VARIANT_ORIGINAL);
}

int sl_crypto_base64_read(const char *text, size_t len, bool multiline, uint8_t *out,
    size_t cap, size_t *out_len)
{
	return decode(text, len, multiline ? "\r\n" : NULL, out, cap, out_len,
	    sodium_base64_VARIANT_ORIGINAL);
}
