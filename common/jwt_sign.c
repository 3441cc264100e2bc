/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto.h"
#include "error.h"
#include "json_out.h"
#include "jwt.h"
#include "key.h"
#include "pkey.h"

static void put_text(struct sl_json_out *w, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	sl_json_out_key(w, key);
	sl_json_out_text(w, text);
}

static void put_number(struct sl_json_out *w, const char *key, int64_t value)
{
	if (value == 0)
		return;
	sl_json_out_key(w, key);
	sl_json_out_int(w, value);
}

static void write_header(const struct sl_key *key, struct sl_buf *out)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	put_text(&w, "alg", sl_key_alg_name(key->alg));
	put_text(&w, "typ", "JWT");
	put_text(&w, "kid", key->id);
	sl_json_out_object_end(&w);
}

static void write_payload(const struct sl_jwt_claims *claims, struct sl_buf *out)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	put_text(&w, "iss", claims->issuer);
	put_text(&w, "aud", claims->audience);
	put_text(&w, "sub", claims->sub);
	put_text(&w, "role", claims->role);
	put_text(&w, "tenant", claims->tenant);
	put_text(&w, "jti", claims->jti);
	put_number(&w, "iat", claims->iat_s);
	put_number(&w, "nbf", claims->nbf_s);
	put_number(&w, "exp", claims->exp_s);
	put_number(&w, "max_connections", claims->max_connections);
	sl_json_out_object_end(&w);
}

static size_t sign(const struct sl_key *key, const char *data, size_t len,
    uint8_t signature[SL_PKEY_SIGNATURE_MAX])
{
	switch (key->alg) {
	case SL_KEY_HS256:
		sl_crypto_hmac_sha256(key->secret, key->secret_len, data, len, signature);
		return SL_CRYPTO_SHA256_BYTES;
	case SL_KEY_EDDSA:
		sl_crypto_ed25519_sign(key->secret, data, len, signature);
		return SL_CRYPTO_ED25519_SIGNATURE;
	case SL_KEY_RS256:
	case SL_KEY_ES256:
		return sl_pkey_sign(key->pkey, data, len, signature);
	case SL_KEY_NONE:
		break;
	}
	return 0;
}

int sl_jwt_sign(
    const struct sl_key *key, const struct sl_jwt_claims *claims, struct sl_buf *out)
{
	uint8_t signature[SL_PKEY_SIGNATURE_MAX];
	struct sl_buf json = {0};
	size_t start = out->len, len;

	if (!key->can_sign)
		return SL_EDENIED;
	if (!claims->sub[0] || !claims->role[0] || claims->exp_s <= 0)
		return SL_EINVAL;
	write_header(key, &json);
	sl_crypto_base64url_add(out, json.data, json.len);
	sl_buf_reset(&json);
	write_payload(claims, &json);
	sl_buf_addc(out, '.');
	sl_crypto_base64url_add(out, json.data, json.len);
	sl_buf_clear(&json);
	len = sign(key, out->data + start, out->len - start, signature);
	if (len == 0) {
		out->len = start;
		return SL_EDENIED;
	}
	sl_buf_addc(out, '.');
	sl_crypto_base64url_add(out, signature, len);
	return 0;
}
