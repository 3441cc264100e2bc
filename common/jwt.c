/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The order is: shape, header, key, signature, then claims, so
 * that nothing in the payload is believed or even parsed before the signature
 * holds.  The key decides the algorithm; the header's "alg" may only agree.
 */
#include "jwt.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "json_in.h"
#include "key.h"
#include "pkey.h"
#include "utf8.h"

#define DECODED_MAX (SL_JWT_TOKEN_MAX / 4 * 3 + 3)
/* The year 2262: much later, and with the leeway, nanoseconds do not fit 64 bits. */
#define TIME_MAX            9223300000.0
#define MAX_CONNECTIONS_MAX 1000000

/* The three parts of a compact token; signed_len covers the first two. */
struct parts {
	struct sl_slice header;
	struct sl_slice payload;
	struct sl_slice signature;
	size_t signed_len;
};

static const struct {
	const char *name;
	const char *text;
} results[] = {
#define X(id, name, text) {name, text},
    SL_JWT_RESULT_TABLE(X)
#undef X
};

const char *sl_jwt_result_name(enum sl_jwt_result result)
{
	return (size_t)result < sizeof results / sizeof *results ? results[result].name
								 : "?";
}

const char *sl_jwt_result_text(enum sl_jwt_result result)
{
	return (size_t)result < sizeof results / sizeof *results ? results[result].text
								 : "?";
}

void sl_jwt_hash(const char *token, size_t len, uint8_t out[SL_JWT_HASH])
{
	sl_crypto_sha256(token, len, out);
}

void sl_jwt_name(const char *token, size_t len, uint8_t out[SL_JWT_HASH])
{
	const char *dot = memrchr(token, '.', len);

	sl_crypto_sha256(token, dot ? (size_t)(dot - token) : len, out);
}

/* ---- signature ---------------------------------------------------------------- */

static bool split(const char *token, size_t len, struct parts *parts)
{
	const char *first = memchr(token, '.', len);
	if (!first)
		return false;
	const char *second = memchr(first + 1, '.', len - (size_t)(first + 1 - token));
	if (!second)
		return false;
	const char *end = token + len;
	parts->header = (struct sl_slice){token, (size_t)(first - token)};
	parts->payload = (struct sl_slice){first + 1, (size_t)(second - first) - 1};
	parts->signature = (struct sl_slice){second + 1, (size_t)(end - second) - 1};
	parts->signed_len = (size_t)(second - token);
	return parts->header.len > 0 && parts->payload.len > 0 &&
	       !memchr(second + 1, '.', parts->signature.len);
}

/* Decodes and parses one part; NULL unless it is a JSON object. */
static json_t *parse_part(struct sl_slice part, enum sl_jwt_result *result)
{
	uint8_t decoded[DECODED_MAX];
	size_t len;

	if (sl_crypto_base64url_read(
		part.data, part.len, decoded, sizeof decoded, &len) != 0) {
		*result = SL_JWT_MALFORMED;
		return NULL;
	}
	json_t *tree = sl_json_in_parse((const char *)decoded, len, NULL);
	if (tree && !json_is_object(tree)) {
		json_decref(tree);
		tree = NULL;
	}
	return tree;
}

static bool slice_is(struct sl_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

static bool signature_holds(
    const struct sl_key *key, const char *token, const struct parts *parts)
{
	uint8_t given[SL_PKEY_SIGNATURE_MAX], made[SL_CRYPTO_SHA256_BYTES];
	size_t len;

	if (sl_crypto_base64url_read(parts->signature.data, parts->signature.len, given,
		sizeof given, &len) != 0)
		return false;
	switch (key->alg) {
	case SL_KEY_HS256:
		sl_crypto_hmac_sha256(
		    key->secret, key->secret_len, token, parts->signed_len, made);
		return len == sizeof made && sl_crypto_equal(given, made, sizeof made);
	case SL_KEY_EDDSA:
		return len == SL_CRYPTO_ED25519_SIGNATURE &&
		       sl_crypto_ed25519_verify(
			   key->public_key, token, parts->signed_len, given);
	case SL_KEY_RS256:
	case SL_KEY_ES256:
		return sl_pkey_verify(key->pkey, token, parts->signed_len, given, len);
	case SL_KEY_NONE:
		break;
	}
	return false;
}

/* Tries the keys that the header's "kid" and "alg" leave over. */
static enum sl_jwt_result try_keys(const struct sl_key_set *keys, const json_t *header,
    struct sl_slice alg, const char *token, const struct parts *parts, int64_t *print)
{
	struct sl_slice kid = {0};
	bool named = sl_json_in_string(header, "kid", &kid);
	enum sl_jwt_result result = named ? SL_JWT_UNKNOWN_KEY : SL_JWT_ALG_MISMATCH;

	for (size_t i = 0; i < keys->count; i++) {
		const struct sl_key *key = &keys->keys[i];
		if (named ? !slice_is(kid, key->id) : key->named_only)
			continue;
		if (!slice_is(alg, sl_key_alg_name(key->alg))) {
			if (result != SL_JWT_BAD_SIGNATURE)
				result = SL_JWT_ALG_MISMATCH;
			continue;
		}
		if (signature_holds(key, token, parts)) {
			*print = key->print;
			return SL_JWT_OK;
		}
		result = SL_JWT_BAD_SIGNATURE;
	}
	return result;
}

static enum sl_jwt_result check_signature(const struct sl_key_set *keys,
    const char *token, const struct parts *parts, int64_t *print)
{
	enum sl_jwt_result result = SL_JWT_BAD_HEADER;
	json_t *header = parse_part(parts->header, &result);
	struct sl_slice alg;

	if (!header)
		return result;
	json_t *kid = json_object_get(header, "kid");
	if (!sl_json_in_string(header, "alg", &alg) || (kid && !json_is_string(kid)))
		result = SL_JWT_BAD_HEADER;
	else if (alg.len == 4 && strncasecmp(alg.data, "none", 4) == 0)
		result = SL_JWT_ALG_NONE;
	else if (json_object_get(header, "crit"))
		result = SL_JWT_CRIT;
	else
		result = try_keys(keys, header, alg, token, parts, print);
	json_decref(header);
	return result;
}

/* ---- claims ------------------------------------------------------------------- */

/* Copies a string claim; an absent one leaves out as it is. */
static bool copy_text(const json_t *value, char out[SL_JWT_NAME_MAX + 1])
{
	if (!value)
		return true;
	if (!json_is_string(value))
		return false;
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	if (len == 0 || len > SL_JWT_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

/* Reads a NumericDate in whole seconds; an absent one is 0. */
static bool copy_time(const json_t *payload, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(payload, key);

	if (!value)
		return true;
	double seconds = json_is_number(value) ? json_number_value(value) : -1;
	if (!(seconds >= 0))
		return false;
	*out = (int64_t)floor(fmin(seconds, TIME_MAX));
	return true;
}

static bool copy_connections(const json_t *payload, uint32_t *out)
{
	const json_t *value = json_object_get(payload, "max_connections");
	int64_t n;

	if (!value)
		return true;
	if (!sl_json_in_int(payload, "max_connections", &n) || n < 1 ||
	    n > MAX_CONNECTIONS_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

static enum sl_jwt_result check_times(const json_t *payload,
    const struct sl_jwt_rules *rules, int64_t now_ns, struct sl_jwt_claims *claims)
{
	int64_t now_s = now_ns / SL_NS_PER_S;

	if (!json_object_get(payload, "exp"))
		return SL_JWT_NO_EXP;
	if (!copy_time(payload, "exp", &claims->exp_s) ||
	    !copy_time(payload, "nbf", &claims->nbf_s) ||
	    !copy_time(payload, "iat", &claims->iat_s))
		return SL_JWT_BAD_CLAIM;
	if (now_s >= claims->exp_s + rules->leeway_s)
		return SL_JWT_EXPIRED;
	if (now_s + rules->leeway_s < claims->nbf_s)
		return SL_JWT_NOT_YET;
	return SL_JWT_OK;
}

static bool text_is(const json_t *value, const char *text)
{
	return json_is_string(value) && json_string_length(value) == strlen(text) &&
	       memcmp(json_string_value(value), text, strlen(text)) == 0;
}

static bool has_audience(const json_t *payload, const char *wanted)
{
	const json_t *aud = json_object_get(payload, "aud");

	for (size_t i = 0; i < json_array_size(aud); i++)
		if (text_is(json_array_get(aud, i), wanted))
			return true;
	return text_is(aud, wanted);
}

static enum sl_jwt_result check_names(
    const json_t *payload, const struct sl_jwt_rules *rules, struct sl_jwt_claims *claims)
{
	const json_t *role =
	    sl_json_in_path(payload, rules->role_claim ? rules->role_claim : "role");
	const json_t *sub = json_object_get(payload, "sub");

	if (!sub)
		return SL_JWT_NO_SUB;
	if (!role)
		return SL_JWT_NO_ROLE;
	memcpy(claims->tenant, "default", sizeof "default");
	if (!copy_text(sub, claims->sub) || !copy_text(role, claims->role) ||
	    !copy_text(json_object_get(payload, "tenant"), claims->tenant) ||
	    !copy_text(json_object_get(payload, "jti"), claims->jti) ||
	    !copy_connections(payload, &claims->max_connections))
		return SL_JWT_BAD_CLAIM;
	if (rules->issuer) {
		if (!text_is(json_object_get(payload, "iss"), rules->issuer))
			return SL_JWT_ISSUER;
		copy_text(json_object_get(payload, "iss"), claims->issuer);
	}
	if (rules->audience && !has_audience(payload, rules->audience))
		return SL_JWT_AUDIENCE;
	return SL_JWT_OK;
}

enum sl_jwt_result sl_jwt_verify(const char *token, size_t len,
    const struct sl_key_set *keys, const struct sl_jwt_rules *rules, int64_t now_ns,
    struct sl_jwt_claims *claims)
{
	static const struct sl_jwt_rules no_rules = {.leeway_s = SL_JWT_LEEWAY_S};
	struct sl_jwt_claims found = {0};
	struct parts parts;

	if (len > SL_JWT_TOKEN_MAX)
		return SL_JWT_TOO_LONG;
	if (!split(token, len, &parts))
		return SL_JWT_MALFORMED;
	enum sl_jwt_result result =
	    check_signature(keys, token, &parts, &found.key_print);
	if (result != SL_JWT_OK)
		return result;
	result = SL_JWT_BAD_PAYLOAD;
	json_t *payload = parse_part(parts.payload, &result);
	if (!payload)
		return result;
	if (!rules)
		rules = &no_rules;
	result = check_times(payload, rules, now_ns, &found);
	if (result == SL_JWT_OK)
		result = check_names(payload, rules, &found);
	json_decref(payload);
	if (result == SL_JWT_OK)
		*claims = found;
	return result;
}
