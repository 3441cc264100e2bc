/* SPDX-License-Identifier: Apache-2.0 */
#include "jwks.h"

#include <string.h>

#include "crypto.h"
#include "error.h"
#include "json_in.h"
#include "pkey.h"

/* A modulus of 8192 bits, and a zero before it. */
#define NUMBER_MAX 1025

/* A member's base64url bytes (RFC 7518 §2); an error unless it is there and right. */
static int read_bytes(const json_t *jwk, const char *name, uint8_t *out, size_t cap,
    size_t *len, char error[SL_KEY_ERROR])
{
	struct sl_slice text;

	if (!sl_json_in_string(jwk, name, &text))
		return sl_key_fail(error, SL_EMALFORMED, "\"%s\" is missing", name);
	if (sl_crypto_base64url_read(text.data, text.len, out, cap, len) != 0 ||
	    *len == 0)
		return sl_key_fail(error, SL_EMALFORMED,
		    "\"%s\" is not base64url of 1 to %zu bytes", name, cap);
	return 0;
}

static int read_rsa(struct sl_key *key, const json_t *jwk, char error[SL_KEY_ERROR])
{
	uint8_t n[NUMBER_MAX], e[8];
	size_t n_len, e_len;
	char why[SL_PKEY_ERROR];
	int code = read_bytes(jwk, "n", n, sizeof n, &n_len, error);

	if (code == 0)
		code = read_bytes(jwk, "e", e, sizeof e, &e_len, error);
	if (code == 0 && sl_pkey_rsa(&key->pkey, n, n_len, e, e_len, why) != 0)
		code = sl_key_fail(error, SL_EMALFORMED, "%s", why);
	return code;
}

static int read_p256(struct sl_key *key, const json_t *jwk, char error[SL_KEY_ERROR])
{
	uint8_t x[SL_PKEY_P256_BYTES], y[SL_PKEY_P256_BYTES];
	size_t x_len, y_len;
	char why[SL_PKEY_ERROR];
	int code = read_bytes(jwk, "x", x, sizeof x, &x_len, error);

	if (code == 0)
		code = read_bytes(jwk, "y", y, sizeof y, &y_len, error);
	if (code == 0 && (x_len != sizeof x || y_len != sizeof y))
		code = sl_key_fail(error, SL_EMALFORMED,
		    "a coordinate of P-256 has %d bytes", SL_PKEY_P256_BYTES);
	if (code == 0 && sl_pkey_p256(&key->pkey, x, y, why) != 0)
		code = sl_key_fail(error, SL_EMALFORMED, "%s", why);
	return code;
}

static int read_ed25519(struct sl_key *key, const json_t *jwk, char error[SL_KEY_ERROR])
{
	size_t len;
	int code =
	    read_bytes(jwk, "x", key->public_key, sizeof key->public_key, &len, error);

	if (code == 0 && len != sizeof key->public_key)
		code = sl_key_fail(
		    error, SL_EMALFORMED, "\"x\" of an Ed25519 key has 32 bytes");
	return code;
}

static const struct kind {
	const char *kty;
	const char *crv; /* NULL: the type has none */
	enum sl_key_alg alg;
	int (*read)(struct sl_key *key, const json_t *jwk, char error[SL_KEY_ERROR]);
} kinds[] = {
    {"RSA", NULL, SL_KEY_RS256, read_rsa},
    {"EC", "P-256", SL_KEY_ES256, read_p256},
    {"OKP", "Ed25519", SL_KEY_EDDSA, read_ed25519},
};

/* A member that is absent or this text. */
static bool may_be(const json_t *jwk, const char *name, const char *text)
{
	const json_t *value = json_object_get(jwk, name);
	const char *is = json_string_value(value);

	return !value || (is && strcmp(is, text) == 0);
}

static bool may_verify(const json_t *jwk)
{
	const json_t *ops = json_object_get(jwk, "key_ops");

	for (size_t i = 0; i < json_array_size(ops); i++) {
		const char *op = json_string_value(json_array_get(ops, i));
		if (op && strcmp(op, "verify") == 0)
			return true;
	}
	return !ops;
}

/* How a key is read; NULL if it is not one for tokens. */
static const struct kind *kind_of(const json_t *jwk)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	const char *crv = json_string_value(json_object_get(jwk, "crv"));

	for (size_t i = 0; kty && i < sizeof kinds / sizeof *kinds; i++) {
		const struct kind *kind = &kinds[i];
		if (strcmp(kind->kty, kty) == 0 &&
		    (!kind->crv || (crv && strcmp(kind->crv, crv) == 0)))
			return may_be(jwk, "use", "sig") && may_verify(jwk) &&
				       may_be(jwk, "alg", sl_key_alg_name(kind->alg))
				   ? kind
				   : NULL;
	}
	return NULL;
}

static int add_key(struct sl_key_set *set, const json_t *jwk, const struct kind *kind,
    char error[SL_KEY_ERROR])
{
	struct sl_key key = {.alg = kind->alg};
	const json_t *kid = json_object_get(jwk, "kid");
	const char *id = json_string_value(kid);
	int code = kind->read(&key, jwk, error);

	if (code == 0 && kid && !id)
		code = sl_key_fail(error, SL_EMALFORMED, "\"kid\" is not a string");
	if (code == 0)
		code = sl_key_finish(&key, id, error) ? SL_EMALFORMED : 0;
	key.named_only = kid != NULL;
	if (code == 0 && sl_key_set_add(set, &key) != 0)
		code = sl_key_fail(error, SL_EFULL, "more than %d keys", SL_KEY_SET_MAX);
	sl_key_clear(&key);
	return code;
}

int sl_jwks_parse(struct sl_key_set *set, const char *data, size_t len, size_t *skipped,
    char error[SL_KEY_ERROR])
{
	struct sl_json_in_error where;
	json_t *tree = sl_json_in_parse(data, len, &where);
	const json_t *keys = json_object_get(tree, "keys");
	size_t taken = 0;
	int code = 0;

	*skipped = 0;
	if (!tree)
		return sl_key_fail(error, SL_EMALFORMED, "line %d, column %d: %s",
		    where.line, where.column, where.text);
	if (!json_is_array(keys))
		code = sl_key_fail(
		    error, SL_EMALFORMED, "not a JSON Web Key Set: \"keys\" is no array");
	for (size_t i = 0; code == 0 && i < json_array_size(keys); i++) {
		char why[SL_KEY_ERROR];
		const json_t *jwk = json_array_get(keys, i);
		const struct kind *kind = kind_of(jwk);
		if (!kind) {
			(*skipped)++;
			continue;
		}
		code = add_key(set, jwk, kind, why);
		if (code != 0)
			sl_key_fail(
			    error, code, "key %zu of the set: %.200s", i + 1, why);
		else
			taken++;
	}
	json_decref(tree);
	if (code == 0 && taken == 0)
		code = sl_key_fail(error, SL_EMALFORMED,
		    "no key of the set is for RS256, ES256 or EdDSA");
	return code;
}
