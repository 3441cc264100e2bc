/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_sign.h"

#include <string.h>
#include <strings.h>

#include "clock.h"
#include "crypto.h"

#define HUB_PREFIX "sha256="
#define ID_MAX     256
#define DIGITS_MAX 12 /* of a time in seconds */
#define BASIC_MAX  1024
#define HEX_BYTES  (2 * SL_CRYPTO_SHA256_BYTES)

static const char *const texts[] = {
#define X(id, text) [id] = text,
    COL_HOOK_SIGN_TABLE(X)
#undef X
};

const char *col_hook_sign_text(enum col_hook_sign result)
{
	return texts[result];
}

/* ---- X-Hub-Signature-256 ----------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool read_hub(struct sl_slice text, uint8_t out[SL_CRYPTO_SHA256_BYTES])
{
	size_t prefix = strlen(HUB_PREFIX);

	if (text.len != prefix + HEX_BYTES || memcmp(text.data, HUB_PREFIX, prefix) != 0)
		return false;
	for (size_t i = 0; i < SL_CRYPTO_SHA256_BYTES; i++) {
		int high = hex_digit(text.data[prefix + 2 * i]);
		int low = hex_digit(text.data[prefix + 2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static enum col_hook_sign check_hub(const struct col_hook_secrets *secrets,
    const struct col_hook_claim *claim, struct col_hook_proof *proof)
{
	uint8_t given[SL_CRYPTO_SHA256_BYTES], wanted[SL_CRYPTO_SHA256_BYTES];
	bool right = false;

	if (!read_hub(claim->hub_signature, given))
		return COL_HOOK_SIGN_MALFORMED;
	for (size_t i = 0; i < secrets->count; i++) {
		sl_crypto_hmac_sha256(secrets->secret[i].text.data,
		    secrets->secret[i].text.len, claim->body.data, claim->body.len,
		    wanted);
		right |= sl_crypto_equal(given, wanted, sizeof(given));
	}
	if (!right)
		return COL_HOOK_SIGN_WRONG;
	proof->is_signed = true;
	col_batch_key('h', (struct sl_slice){NULL, 0},
	    (struct sl_slice){(const char *)given, sizeof(given)}, 0, proof->key);
	return COL_HOOK_SIGN_OK;
}

/* ---- Standard Webhooks ------------------------------------------------------------- */

static bool read_seconds(struct sl_slice text, int64_t *seconds)
{
	*seconds = 0;
	if (text.len == 0 || text.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*seconds = *seconds * 10 + (text.data[i] - '0');
	}
	return *seconds < INT64_MAX / SL_NS_PER_S;
}

/* "v1,<base64> v1,<base64> v1a,…": one of version 1 has to be the wanted one. */
static bool has_signature(
    struct sl_slice list, const uint8_t wanted[SL_CRYPTO_SHA256_BYTES])
{
	const char *at = list.data, *end = at + list.len;
	bool right = false;

	while (at < end) {
		const char *stop = memchr(at, ' ', (size_t)(end - at));
		size_t len = (size_t)((stop != NULL ? stop : end) - at), got;
		uint8_t given[SL_CRYPTO_SHA256_BYTES];

		if (len > 3 && memcmp(at, "v1,", 3) == 0 &&
		    sl_crypto_base64_read(
			at + 3, len - 3, false, given, sizeof(given), &got) == 0 &&
		    got == sizeof(given))
			right |= sl_crypto_equal(given, wanted, sizeof(given));
		at += len + 1;
	}
	return right;
}

static bool is_signed_by(
    const struct col_hook_secrets *secrets, const struct col_hook_claim *claim)
{
	uint8_t wanted[SL_CRYPTO_SHA256_BYTES];
	struct sl_buf text = {0};
	bool right = false;

	sl_buf_add(&text, claim->id.data, claim->id.len);
	sl_buf_addc(&text, '.');
	sl_buf_add(&text, claim->timestamp.data, claim->timestamp.len);
	sl_buf_addc(&text, '.');
	sl_buf_add(&text, claim->body.data, claim->body.len);
	for (size_t i = 0; i < secrets->count; i++) {
		sl_crypto_hmac_sha256(secrets->secret[i].key,
		    secrets->secret[i].key_bytes, text.data, text.len, wanted);
		right |= has_signature(claim->signature, wanted);
	}
	sl_buf_clear(&text);
	return right;
}

static enum col_hook_sign check_standard(const struct col_hook_secrets *secrets,
    const struct col_hook_claim *claim, struct col_hook_proof *proof)
{
	int64_t seconds;

	if (claim->id.len == 0 || claim->id.len > ID_MAX || claim->signature.len == 0 ||
	    !read_seconds(claim->timestamp, &seconds))
		return COL_HOOK_SIGN_MALFORMED;
	/* First what is signed, so that a wrong one learns nothing of our clock. */
	if (!is_signed_by(secrets, claim))
		return COL_HOOK_SIGN_WRONG;
	int64_t age_ns = claim->now_ns - seconds * SL_NS_PER_S;
	if (age_ns > claim->tolerance_ns)
		return COL_HOOK_SIGN_OLD;
	if (age_ns < -claim->tolerance_ns)
		return COL_HOOK_SIGN_AHEAD;
	proof->is_signed = true;
	proof->is_timed = true;
	col_batch_key('s', (struct sl_slice){NULL, 0}, claim->id, 0, proof->key);
	return COL_HOOK_SIGN_OK;
}

/* ---- bearer and basic ---------------------------------------------------------------
 */

/* Hashes have one length, so that comparing tells nothing of a secret's own. */
static bool is_secret(
    const struct col_hook_secrets *secrets, const void *data, size_t len)
{
	uint8_t hash[SL_CRYPTO_SHA256_BYTES];
	bool right = false;

	sl_crypto_sha256(data, len, hash);
	for (size_t i = 0; i < secrets->count; i++)
		right |= sl_crypto_equal(hash, secrets->secret[i].hash, sizeof(hash));
	return right;
}

static bool begins(struct sl_slice text, const char *scheme, struct sl_slice *rest)
{
	size_t len = strlen(scheme);

	if (text.len <= len || strncasecmp(text.data, scheme, len) != 0)
		return false;
	*rest = (struct sl_slice){text.data + len, text.len - len};
	while (rest->len > 0 && *rest->data == ' ') {
		rest->data++;
		rest->len--;
	}
	return true;
}

static enum col_hook_sign check_authorization(
    const struct col_hook_secrets *secrets, const struct col_hook_claim *claim)
{
	struct sl_slice rest;
	uint8_t pair[BASIC_MAX];
	size_t len;

	if (begins(claim->authorization, "Bearer ", &rest))
		return is_secret(secrets, rest.data, rest.len) ? COL_HOOK_SIGN_OK
							       : COL_HOOK_SIGN_WRONG;
	if (!begins(claim->authorization, "Basic ", &rest))
		return COL_HOOK_SIGN_MISSING;
	if (sl_crypto_base64_read(rest.data, rest.len, false, pair, sizeof(pair), &len))
		return COL_HOOK_SIGN_MALFORMED;
	/* Any user's name: the password is the secret. */
	const uint8_t *colon = memchr(pair, ':', len);
	if (colon == NULL)
		return COL_HOOK_SIGN_MALFORMED;
	bool right = is_secret(secrets, colon + 1, len - (size_t)(colon + 1 - pair));
	sl_crypto_wipe(pair, sizeof(pair));
	return right ? COL_HOOK_SIGN_OK : COL_HOOK_SIGN_WRONG;
}

enum col_hook_sign col_hook_sign_check(const struct col_hook_secrets *secrets,
    const struct col_hook_claim *claim, struct col_hook_proof *proof)
{
	*proof = (struct col_hook_proof){0};
	if (claim->signature.data != NULL || claim->id.data != NULL ||
	    claim->timestamp.data != NULL)
		return check_standard(secrets, claim, proof);
	if (claim->hub_signature.data != NULL)
		return check_hub(secrets, claim, proof);
	return check_authorization(secrets, claim);
}
