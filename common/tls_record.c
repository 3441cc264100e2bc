/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_record.h"

#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "crypto.h"
#include "error.h"

#define TAG 16
#define IV  12

static const struct suite {
	uint16_t id;
	uint16_t hash_len;
	uint16_t key_len;
	const EVP_MD *(*hash)(void);
	const EVP_CIPHER *(*cipher)(void);
} suites[] = {
    {SL_TLS_AES_128_GCM, 32, 16, EVP_sha256, EVP_aes_128_gcm},
    {SL_TLS_AES_256_GCM, 48, 32, EVP_sha384, EVP_aes_256_gcm},
    {SL_TLS_CHACHA20_POLY1305, 32, 32, EVP_sha256, EVP_chacha20_poly1305},
};

#define SUITES (sizeof suites / sizeof *suites)

struct sl_tls_record {
	EVP_CIPHER_CTX *cipher[SUITES];
};

static size_t suite_index(uint16_t id)
{
	size_t i = 0;

	while (i < SUITES && suites[i].id != id)
		i++;
	return i;
}

struct sl_tls_record *sl_tls_record_new(void)
{
	struct sl_tls_record *record = calloc(1, sizeof *record);

	if (!record)
		abort();
	for (size_t i = 0; i < SUITES; i++) {
		record->cipher[i] = EVP_CIPHER_CTX_new();
		if (!record->cipher[i] ||
		    EVP_CipherInit_ex(
			record->cipher[i], suites[i].cipher(), NULL, NULL, NULL, 1) != 1)
			abort();
	}
	return record;
}

void sl_tls_record_free(struct sl_tls_record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < SUITES; i++)
		EVP_CIPHER_CTX_free(record->cipher[i]);
	free(record);
}

/* ---- keys ------------------------------------------------------------------- */

/*
 * HKDF-Expand-Label with an empty context (RFC 8446 §7.1).  out is never longer
 * than the hash, so that expanding is one HMAC.
 */
static void expand(const struct suite *suite, const uint8_t *secret, const char *label,
    uint8_t *out, size_t len)
{
	uint8_t info[64], block[EVP_MAX_MD_SIZE];
	size_t label_len = strlen(label), n = 0;

	info[n++] = 0;
	info[n++] = (uint8_t)len;
	info[n++] = (uint8_t)(6 + label_len);
	memcpy(info + n, "tls13 ", 6);
	memcpy(info + n + 6, label, label_len);
	n += 6 + label_len;
	info[n++] = 0; /* the context's length */
	info[n++] = 1; /* HKDF's first block */
	if (!HMAC(suite->hash(), secret, suite->hash_len, info, n, block, NULL))
		abort();
	memcpy(out, block, len);
	sl_crypto_wipe(block, sizeof block);
}

static void derive(struct sl_tls_keys *keys, uint64_t seq)
{
	const struct suite *suite = &suites[suite_index(keys->suite)];

	expand(suite, keys->secret, "key", keys->key, suite->key_len);
	expand(suite, keys->secret, "iv", keys->iv, IV);
	keys->seq = seq;
}

int sl_tls_keys_init(struct sl_tls_keys *keys, uint16_t suite, const uint8_t *secret,
    size_t len, uint64_t seq)
{
	size_t i = suite_index(suite);

	*keys = (struct sl_tls_keys){.suite = suite};
	if (i == SUITES || suites[i].hash_len != len)
		return SL_EINVAL;
	memcpy(keys->secret, secret, len);
	derive(keys, seq);
	return 0;
}

void sl_tls_keys_update(struct sl_tls_keys *keys)
{
	const struct suite *suite = &suites[suite_index(keys->suite)];
	uint8_t next[sizeof keys->secret];

	expand(suite, keys->secret, "traffic upd", next, suite->hash_len);
	memcpy(keys->secret, next, suite->hash_len);
	sl_crypto_wipe(next, sizeof next);
	derive(keys, 0);
}

/* ---- records ---------------------------------------------------------------- */

ssize_t sl_tls_record_size(const uint8_t *data, size_t len)
{
	if (len >= 1 && data[0] != SL_TLS_APPLICATION)
		return SL_EMALFORMED;
	if (len < SL_TLS_RECORD_HEAD)
		return 0;
	size_t body = (size_t)data[3] << 8 | data[4];
	if (body > SL_TLS_RECORD_IN_MAX - SL_TLS_RECORD_HEAD)
		return SL_ETOOBIG;
	if (body < TAG + 1)
		return SL_EMALFORMED;
	return (ssize_t)(SL_TLS_RECORD_HEAD + body);
}

/* Makes the cipher ready for the next record of keys, and authenticates its head. */
static EVP_CIPHER_CTX *begin(
    struct sl_tls_record *record, struct sl_tls_keys *keys, const uint8_t *head, int seal)
{
	EVP_CIPHER_CTX *cipher = record->cipher[suite_index(keys->suite)];
	uint8_t nonce[IV];
	int n;

	memcpy(nonce, keys->iv, IV);
	for (int i = 0; i < 8; i++)
		nonce[IV - 1 - i] ^= (uint8_t)(keys->seq >> (8 * i));
	keys->seq++;
	if (EVP_CipherInit_ex(cipher, NULL, NULL, keys->key, nonce, seal) != 1 ||
	    EVP_CipherUpdate(cipher, NULL, &n, head, SL_TLS_RECORD_HEAD) != 1)
		abort();
	return cipher;
}

static uint8_t *feed(EVP_CIPHER_CTX *cipher, const void *data, size_t len, uint8_t *out)
{
	int n;

	if (EVP_CipherUpdate(cipher, out, &n, data, (int)len) != 1)
		abort();
	return out + n;
}

size_t sl_tls_record_seal(struct sl_tls_record *record, struct sl_tls_keys *keys,
    uint8_t type, const struct iovec *pieces, size_t offset, size_t len, uint8_t *out)
{
	size_t body = len + 1 + TAG;
	uint8_t *at = out + SL_TLS_RECORD_HEAD;
	int n;

	out[0] = SL_TLS_APPLICATION;
	out[1] = 3;
	out[2] = 3;
	out[3] = (uint8_t)(body >> 8);
	out[4] = (uint8_t)body;
	EVP_CIPHER_CTX *cipher = begin(record, keys, out, 1);
	for (; len > 0; pieces++) {
		if (offset >= pieces->iov_len) {
			offset -= pieces->iov_len;
			continue;
		}
		size_t part = pieces->iov_len - offset;
		if (part > len)
			part = len;
		at = feed(cipher, (const uint8_t *)pieces->iov_base + offset, part, at);
		offset = 0;
		len -= part;
	}
	at = feed(cipher, &type, 1, at);
	if (EVP_CipherFinal_ex(cipher, at, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, at) != 1)
		abort();
	return SL_TLS_RECORD_HEAD + body;
}

ssize_t sl_tls_record_open(struct sl_tls_record *record, struct sl_tls_keys *keys,
    const uint8_t *data, size_t len, uint8_t *out, uint8_t *type)
{
	if (sl_tls_record_size(data, len) != (ssize_t)len)
		return SL_EMALFORMED;
	EVP_CIPHER_CTX *cipher = begin(record, keys, data, 0);
	const uint8_t *tag = data + len - TAG;
	size_t text = len - SL_TLS_RECORD_HEAD - TAG;
	int n;
	feed(cipher, data + SL_TLS_RECORD_HEAD, text, out);
	if (EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)tag) != 1 ||
	    EVP_CipherFinal_ex(cipher, out + text, &n) != 1)
		return SL_EMALFORMED;
	/* The type is the last byte that is not padding. */
	while (text > 0 && out[text - 1] == 0)
		text--;
	if (text == 0 || text - 1 > SL_TLS_RECORD_TEXT_MAX)
		return SL_EMALFORMED;
	*type = out[text - 1];
	return (ssize_t)(text - 1);
}
