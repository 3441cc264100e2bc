/* SPDX-License-Identifier: Apache-2.0 */
#include "ed_pem.h"

#include <stdio.h>
#include <string.h>

#define DER_MAX  128
#define ED_BYTES 32

/* DER of an Ed25519 SubjectPublicKeyInfo and of a PKCS#8 key, up to the 32 bytes. */
static const uint8_t spki_prefix[] = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t pkcs8_prefix[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
    0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

#define PEM_PUBLIC  "PUBLIC KEY"
#define PEM_PRIVATE "PRIVATE KEY"

/* Cuts the base64 text between the armour lines of one PEM block. */
static bool pem_body(
    const char *data, size_t len, const char *label, const char **body, size_t *body_len)
{
	char begin[64], end[64];
	int begin_len = snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);

	snprintf(end, sizeof end, "-----END %s-----", label);
	if (len < (size_t)begin_len || memcmp(data, begin, (size_t)begin_len) != 0)
		return false;
	*body = data + begin_len;
	const char *stop = memmem(*body, len - (size_t)begin_len, end, strlen(end));
	if (!stop)
		return false;
	*body_len = (size_t)(stop - *body);
	return true;
}

/* Decodes a PEM block that holds exactly prefix and 32 bytes. */
static bool read_pem(const char *data, size_t len, const char *label,
    const uint8_t *prefix, size_t prefix_len, uint8_t out[ED_BYTES])
{
	uint8_t der[DER_MAX];
	const char *body;
	size_t body_len, n;

	bool right =
	    pem_body(data, len, label, &body, &body_len) &&
	    sl_crypto_base64_read(body, body_len, true, der, sizeof der, &n) == 0 &&
	    n == prefix_len + ED_BYTES && memcmp(der, prefix, prefix_len) == 0;
	if (right)
		memcpy(out, der + prefix_len, ED_BYTES);
	sl_crypto_wipe(der, sizeof der);
	return right;
}

bool sl_ed_pem_read_public(
    const char *data, size_t len, uint8_t key[SL_CRYPTO_ED25519_PUBLIC])
{
	return read_pem(data, len, PEM_PUBLIC, spki_prefix, sizeof spki_prefix, key);
}

bool sl_ed_pem_read_private(
    const char *data, size_t len, uint8_t seed[SL_CRYPTO_ED25519_SEED])
{
	return read_pem(data, len, PEM_PRIVATE, pkcs8_prefix, sizeof pkcs8_prefix, seed);
}

static void write_pem(struct sl_buf *out, const char *label, const uint8_t *prefix,
    size_t prefix_len, const uint8_t bytes[ED_BYTES])
{
	uint8_t der[DER_MAX];

	memcpy(der, prefix, prefix_len);
	memcpy(der + prefix_len, bytes, ED_BYTES);
	sl_buf_addf(out, "-----BEGIN %s-----\n", label);
	sl_crypto_base64_add(out, der, prefix_len + ED_BYTES);
	sl_buf_addf(out, "\n-----END %s-----\n", label);
	sl_crypto_wipe(der, sizeof der);
}

void sl_ed_pem_write_public(
    struct sl_buf *out, const uint8_t key[SL_CRYPTO_ED25519_PUBLIC])
{
	write_pem(out, PEM_PUBLIC, spki_prefix, sizeof spki_prefix, key);
}

void sl_ed_pem_write_private(
    struct sl_buf *out, const uint8_t seed[SL_CRYPTO_ED25519_SEED])
{
	write_pem(out, PEM_PRIVATE, pkcs8_prefix, sizeof pkcs8_prefix, seed);
}
