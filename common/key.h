/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that sign and verify tokens: files, formats, sets. */
#ifndef SL_KEY_H
#define SL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct sl_pkey;

/*
 * The algorithm belongs to the key: a token whose header names another one is
 * refused, so a public key can never be taken for an HMAC secret.
 *
 * Files:
 *   "-----BEGIN PUBLIC KEY-----"   Ed25519, RSA or P-256 in SPKI: EdDSA, RS256,
 *                                  ES256; verifies
 *   "-----BEGIN PRIVATE KEY-----"  the same in PKCS#8: signs and verifies; RSA
 *                                  and P-256 in their older armours, too
 *   anything else                  HS256 secret: the file's bytes without one
 *                                  trailing line end, 32 to 512 bytes
 * The PEM files are what `openssl genpkey` and `openssl pkey -pubout` write.  A
 * file with another PEM header, or an RSA key under 2048 bits, is refused.
 */
#define SL_KEY_ALG_TABLE(X)                                                              \
	X(SL_KEY_NONE, 0, "none")                                                        \
	X(SL_KEY_HS256, 1, "HS256")                                                      \
	X(SL_KEY_EDDSA, 2, "EdDSA")                                                      \
	X(SL_KEY_RS256, 3, "RS256")                                                      \
	X(SL_KEY_ES256, 4, "ES256")

enum sl_key_alg {
#define X(id, value, name) id = (value),
	SL_KEY_ALG_TABLE(X)
#undef X
};

#define SL_KEY_ID_MAX     128
#define SL_KEY_SECRET_MAX 512
#define SL_KEY_SET_MAX    64
/* Size of the caller's buffer for one line that says what failed and where. */
#define SL_KEY_ERROR 320

struct sl_key {
	enum sl_key_alg alg;
	bool can_sign;
	bool named_only;                   /* only for tokens that name its id */
	char id[SL_KEY_ID_MAX + 1];        /* "kid" */
	int64_t print;                     /* tells the key itself, whatever its id */
	uint8_t public_key[32];            /* EdDSA */
	uint8_t secret[SL_KEY_SECRET_MAX]; /* HS256 secret, or EdDSA secret (64) */
	size_t secret_len;
	struct sl_pkey *pkey; /* RS256, ES256; one reference */
};

/* A few keys; all zeroes is empty. */
struct sl_key_set {
	struct sl_key *keys;
	size_t count;
};

/* sl_key_alg_name returns the name in a token's header: "HS256", "EdDSA", "none". */
const char *sl_key_alg_name(enum sl_key_alg alg);

/* sl_key_fail writes a line into error and returns code. */
int sl_key_fail(char error[SL_KEY_ERROR], int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * sl_key_finish gives a key whose numbers are set its print and its id: id, or,
 * where that is NULL, the first 16 hex digits of the SHA-256 of the public key or,
 * for secrets, of the secret's own hash.  Returns 0 or SL_EINVAL with a line.
 */
int sl_key_finish(struct sl_key *key, const char *id, char error[SL_KEY_ERROR]);

/*
 * sl_key_parse reads a key from the bytes of a file, with an id as for
 * sl_key_finish.  Pure.  Returns 0, SL_EINVAL, SL_EMALFORMED or SL_ETOOBIG with a
 * line in error.
 */
int sl_key_parse(struct sl_key *key, const char *data, size_t len, const char *id,
    char error[SL_KEY_ERROR]);

/*
 * sl_key_load reads a key file.  A private key or secret that others may read
 * (mode o+r) or write is SL_EDENIED; missing is SL_ENOTFOUND.
 */
int sl_key_load(
    struct sl_key *key, const char *path, const char *id, char error[SL_KEY_ERROR]);

/* sl_key_clear wipes a key and gives back what it holds. */
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

/*
 * sl_key_file_read reads a whole key file of at most max bytes into out, and its
 * mode.  Returns 0 or an error as sl_key_load does, with a line.
 */
int sl_key_file_read(const char *path, size_t max, struct sl_buf *out, unsigned *mode,
    char error[SL_KEY_ERROR]);

/* sl_key_set_load adds a key file to the set; SL_EFULL past SL_KEY_SET_MAX. */
int sl_key_set_load(
    struct sl_key_set *set, const char *path, const char *id, char error[SL_KEY_ERROR]);

/* sl_key_set_add copies a key into the set; SL_EFULL past SL_KEY_SET_MAX. */
int sl_key_set_add(struct sl_key_set *set, const struct sl_key *key);

/* sl_key_set_clear wipes and frees all keys. */
void sl_key_set_clear(struct sl_key_set *set);

#endif
