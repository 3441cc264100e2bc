/* SPDX-License-Identifier: Apache-2.0 */
/* RSA and elliptic-curve keys: the home of OpenSSL's keys and signatures. */
#ifndef SL_PKEY_H
#define SL_PKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A counted key: RSA of 2048 to 8192 bits, or a point on P-256. */
struct sl_pkey;

enum sl_pkey_kind { SL_PKEY_RSA, SL_PKEY_P256 };

/* Size of the caller's buffer for what is wrong with a key. */
#define SL_PKEY_ERROR 120

/* Longest signature, and the one of P-256: r and s, 32 bytes each (RFC 7518 §3.4). */
#define SL_PKEY_SIGNATURE_MAX 1024
#define SL_PKEY_P256_BYTES    32

/*
 * Each makes a key with one reference in *out, or returns SL_EMALFORMED with a
 * line in error and *out NULL.
 *
 * sl_pkey_read_pem reads "PUBLIC KEY" (SubjectPublicKeyInfo), "PRIVATE KEY"
 * (PKCS#8) and the older forms "RSA …" and "EC …"; never an encrypted one.
 * sl_pkey_rsa takes modulus and exponent, sl_pkey_p256 a point, all big-endian.
 */
int sl_pkey_read_pem(
    struct sl_pkey **out, const char *pem, size_t len, char error[SL_PKEY_ERROR]);
int sl_pkey_rsa(struct sl_pkey **out, const uint8_t *n, size_t n_len, const uint8_t *e,
    size_t e_len, char error[SL_PKEY_ERROR]);
int sl_pkey_p256(struct sl_pkey **out, const uint8_t x[SL_PKEY_P256_BYTES],
    const uint8_t y[SL_PKEY_P256_BYTES], char error[SL_PKEY_ERROR]);

struct sl_pkey *sl_pkey_ref(struct sl_pkey *key);
void sl_pkey_unref(struct sl_pkey *key);

enum sl_pkey_kind sl_pkey_kind(const struct sl_pkey *key);

/* sl_pkey_can_sign says whether the private part is there. */
bool sl_pkey_can_sign(const struct sl_pkey *key);

/* sl_pkey_print is a SHA-256 of the public key, however it was written. */
void sl_pkey_print(const struct sl_pkey *key, uint8_t out[32]);

/*
 * sl_pkey_verify checks an RSASSA-PKCS1-v1_5 or ECDSA signature over SHA-256
 * (RS256, ES256).  Never fails otherwise than by false.
 */
bool sl_pkey_verify(const struct sl_pkey *key, const void *data, size_t len,
    const uint8_t *signature, size_t signature_len);

/* sl_pkey_sign makes one; returns its length, 0 if the key cannot sign. */
size_t sl_pkey_sign(const struct sl_pkey *key, const void *data, size_t len,
    uint8_t signature[SL_PKEY_SIGNATURE_MAX]);

#endif
