/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes, signatures, random bytes, base64: the home of libsodium. */
#ifndef SL_CRYPTO_H
#define SL_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define SL_CRYPTO_SHA256_BYTES      32
#define SL_CRYPTO_ED25519_SEED      32
#define SL_CRYPTO_ED25519_PUBLIC    32
#define SL_CRYPTO_ED25519_SECRET    64
#define SL_CRYPTO_ED25519_SIGNATURE 64

/*
 * sl_crypto_init prepares the library; call it once before confinement (it may
 * open /dev/urandom).  Again is harmless.  Returns 0 or SL_ESYS.
 */
int sl_crypto_init(void);

/* sl_crypto_sha256 hashes len bytes. */
void sl_crypto_sha256(const void *data, size_t len, uint8_t out[SL_CRYPTO_SHA256_BYTES]);

/* sl_crypto_hmac_sha256 authenticates len bytes with a key of any length. */
void sl_crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    uint8_t out[SL_CRYPTO_SHA256_BYTES]);

/* sl_crypto_ed25519_keys derives the pair from a seed. */
void sl_crypto_ed25519_keys(const uint8_t seed[SL_CRYPTO_ED25519_SEED],
    uint8_t public_key[SL_CRYPTO_ED25519_PUBLIC],
    uint8_t secret_key[SL_CRYPTO_ED25519_SECRET]);

/* sl_crypto_ed25519_sign signs len bytes. */
void sl_crypto_ed25519_sign(const uint8_t secret_key[SL_CRYPTO_ED25519_SECRET],
    const void *data, size_t len, uint8_t signature[SL_CRYPTO_ED25519_SIGNATURE]);

/* sl_crypto_ed25519_verify says whether the signature is right. */
bool sl_crypto_ed25519_verify(const uint8_t public_key[SL_CRYPTO_ED25519_PUBLIC],
    const void *data, size_t len, const uint8_t signature[SL_CRYPTO_ED25519_SIGNATURE]);

#define SL_CRYPTO_SEAL_KEY 32
/* What a seal adds: a random nonce before, an authenticator behind. */
#define SL_CRYPTO_SEAL_BYTES 40

/*
 * sl_crypto_seal appends len bytes encrypted and authenticated (XSalsa20 and
 * Poly1305); sl_crypto_unseal appends what was sealed, false if it was not with
 * this key.
 */
void sl_crypto_seal(const uint8_t key[SL_CRYPTO_SEAL_KEY], const void *data, size_t len,
    struct sl_buf *out);
bool sl_crypto_unseal(const uint8_t key[SL_CRYPTO_SEAL_KEY], const void *sealed,
    size_t len, struct sl_buf *out);

/* sl_crypto_random fills n unpredictable bytes. */
void sl_crypto_random(void *out, size_t n);

/* sl_crypto_equal compares n bytes in constant time. */
bool sl_crypto_equal(const void *a, const void *b, size_t n);

/* sl_crypto_wipe overwrites n bytes; the compiler may not drop it. */
void sl_crypto_wipe(void *data, size_t n);

/* sl_crypto_base64url_add appends unpadded base64url (RFC 4648 §5) of n bytes. */
void sl_crypto_base64url_add(struct sl_buf *out, const void *data, size_t n);

/*
 * sl_crypto_base64url_read decodes exactly len characters of unpadded
 * base64url into out (cap bytes).  Padding, foreign characters, a length of
 * 4n+1 and stray bits in the last character are SL_EMALFORMED; more than cap
 * bytes SL_ETOOBIG.
 */
int sl_crypto_base64url_read(
    const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len);

/* sl_crypto_base64_add appends padded standard base64 of n bytes. */
void sl_crypto_base64_add(struct sl_buf *out, const void *data, size_t n);

/*
 * sl_crypto_base64_read decodes padded standard base64; line ends are skipped
 * when multiline.  Errors as for base64url.
 */
int sl_crypto_base64_read(const char *text, size_t len, bool multiline, uint8_t *out,
    size_t cap, size_t *out_len);

#endif
