/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that sign and verify tokens: files, formats, sets. */
#ifndef SL_KEY_H
#define SL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The algorithm belongs to the key: a token whose header names another one is
 * refused, so a public key can never be taken for an HMAC secret.
 *
 * Files:
 *   "-----BEGIN PUBLIC KEY-----"   Ed25519 in SPKI  -> EdDSA, verifies
 *   "-----BEGIN PRIVATE KEY-----"  Ed25519 in PKCS#8 -> EdDSA, signs and verifies
 *   anything else                  HS256 secret: the file's bytes without one
 *                                  trailing line end, 32 to 512 bytes
 * The PEM files are what `openssl genpkey -algorithm ed25519` and `openssl
 * pkey -pubout` write.  A file with another PEM header is refused.
 */
enum sl_key_alg { SL_KEY_NONE = 0, SL_KEY_HS256 = 1, SL_KEY_EDDSA = 2 };

#define SL_KEY_ID_MAX     64
#define SL_KEY_SECRET_MAX 512
#define SL_KEY_SET_MAX    16
/* Size of the caller's buffer for one line that says what failed and where. */
#define SL_KEY_ERROR 320

struct sl_key {
	enum sl_key_alg alg;
	bool can_sign;
	char id[SL_KEY_ID_MAX + 1];        /* "kid" */
	uint8_t public_key[32];            /* EdDSA */
	uint8_t secret[SL_KEY_SECRET_MAX]; /* HS256 secret, or EdDSA secret (64) */
	size_t secret_len;
};

/* A few keys; all zeroes is empty. */
struct sl_key_set {
	struct sl_key *keys;
	size_t count;
};

/* sl_key_alg_name returns the name in a token's header: "HS256", "EdDSA", "none". */
const char *sl_key_alg_name(enum sl_key_alg alg);

/*
 * sl_key_parse reads a key from the bytes of a file.  id may be NULL: the key's
 * id then is the first 16 hex digits of the SHA-256 of the public key or, for
 * secrets, of the secret's own hash.  Pure.  Returns 0, SL_EMALFORMED or
 * SL_ETOOBIG with a line in error.
 */
int sl_key_parse(struct sl_key *key, const char *data, size_t len, const char *id,
    char error[SL_KEY_ERROR]);

/*
 * sl_key_load reads a key file.  A private key or secret that others may read
 * (mode o+r) or write is SL_EDENIED; missing is SL_ENOTFOUND.
 */
int sl_key_load(
    struct sl_key *key, const char *path, const char *id, char error[SL_KEY_ERROR]);

/* sl_key_clear wipes a key. */
void sl_key_clear(struct sl_key *key);

/* sl_key_generate makes a fresh EdDSA key. */
void sl_key_generate(struct sl_key *key);

/*
 * sl_key_write_pair writes an EdDSA key as PEM: the private one with mode 0600,
 * the public one with 0644.  Existing files are never overwritten (SL_EEXIST).
 * public_path may be NULL.
 */
int sl_key_write_pair(const struct sl_key *key, const char *private_path,
    const char *public_path, char error[SL_KEY_ERROR]);

/*
 * sl_key_write_random writes n (at most 512) random bytes into a new file of
 * mode 0600, as for keys/gateway.key.
 */
int sl_key_write_random(const char *path, size_t n, char error[SL_KEY_ERROR]);

/* sl_key_set_load adds a key file to the set; SL_EFULL past SL_KEY_SET_MAX. */
int sl_key_set_load(
    struct sl_key_set *set, const char *path, const char *id, char error[SL_KEY_ERROR]);

/* sl_key_set_add copies a key into the set. */
int sl_key_set_add(struct sl_key_set *set, const struct sl_key *key);

/* sl_key_set_clear wipes and frees all keys. */
void sl_key_set_clear(struct sl_key_set *set);

#endif
