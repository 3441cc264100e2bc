/* SPDX-License-Identifier: Apache-2.0 */
#include "pkey.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
/* A huge exponent makes each verification slow; real ones have 17 bits. */
#define EXPONENT_BITS_MAX 32

struct sl_pkey {
	uint32_t refs;
	enum sl_pkey_kind kind;
	bool can_sign;
	EVP_PKEY *evp;
};

static int fail(char error[SL_PKEY_ERROR], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(char error[SL_PKEY_ERROR], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, SL_PKEY_ERROR, fmt, ap);
	va_end(ap);
	return SL_EMALFORMED;
}

/* ---- reading -------------------------------------------------------------------- */

static int check_rsa(EVP_PKEY *evp, char error[SL_PKEY_ERROR])
{
	int bits = EVP_PKEY_get_bits(evp);
	BIGNUM *e = NULL;

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return fail(error, "an RSA key has %d to %d bits, this one %d",
		    RSA_BITS_MIN, RSA_BITS_MAX, bits);
	bool right = EVP_PKEY_get_bn_param(evp, OSSL_PKEY_PARAM_RSA_E, &e) &&
		     BN_num_bits(e) <= EXPONENT_BITS_MAX && BN_is_odd(e) && !BN_is_one(e);
	BN_free(e);
	return right ? 0 : fail(error, "the RSA key's exponent is none that is used");
}

static int check_curve(EVP_PKEY *evp, char error[SL_PKEY_ERROR])
{
	char group[64] = "";
	size_t len;

	if (!EVP_PKEY_get_utf8_string_param(
		evp, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &len) ||
	    strcmp(group, "prime256v1") != 0)
		return fail(error, "the curve is %.40s: only P-256 is used",
		    group[0] ? group : "not a named one");
	return 0;
}

/* Takes evp, or frees it with an error. */
static int accept_key(
    struct sl_pkey **out, EVP_PKEY *evp, bool can_sign, char error[SL_PKEY_ERROR])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL);
	bool sound = ctx && EVP_PKEY_public_check(ctx) == 1;
	bool rsa = EVP_PKEY_is_a(evp, "RSA");
	int result;

	EVP_PKEY_CTX_free(ctx);
	if (rsa)
		result = check_rsa(evp, error);
	else if (EVP_PKEY_is_a(evp, "EC"))
		result = check_curve(evp, error);
	else
		result = fail(error, "neither an Ed25519, an RSA nor a P-256 key");
	if (result == 0 && !sound)
		result = fail(error, "the key's numbers make no key");
	struct sl_pkey *key = result == 0 ? malloc(sizeof *key) : NULL;
	if (result == 0 && !key)
		abort();
	if (result != 0) {
		EVP_PKEY_free(evp);
		return result;
	}
	*key = (struct sl_pkey){
	    .refs = 1,
	    .kind = rsa ? SL_PKEY_RSA : SL_PKEY_P256,
	    .can_sign = can_sign,
	    .evp = evp,
	};
	*out = key;
	return 0;
}

/* OpenSSL's own would ask on the terminal. */
static int no_passphrase(
    char *pass, size_t size, size_t *len, const OSSL_PARAM params[], void *arg)
{
	(void)pass, (void)size, (void)len, (void)params, (void)arg;
	return 0;
}

int sl_pkey_read_pem(
    struct sl_pkey **out, const char *pem, size_t len, char error[SL_PKEY_ERROR])
{
	static const char private_armour[] = "PRIVATE KEY-----";
	const unsigned char *data = (const unsigned char *)pem;
	bool can_sign =
	    memmem(pem, len, private_armour, sizeof private_armour - 1) != NULL;
	EVP_PKEY *evp = NULL;
	OSSL_DECODER_CTX *ctx =
	    OSSL_DECODER_CTX_new_for_pkey(&evp, "PEM", NULL, NULL, 0, NULL, NULL);

	*out = NULL;
	if (!ctx)
		abort();
	OSSL_DECODER_CTX_set_passphrase_cb(ctx, no_passphrase, NULL);
	int done = OSSL_DECODER_from_data(ctx, &data, &len);
	OSSL_DECODER_CTX_free(ctx);
	if (!done || !evp) {
		EVP_PKEY_free(evp);
		return fail(error, "not a key in PEM (\"PUBLIC KEY\" or \"PRIVATE "
				   "KEY\", not encrypted)");
	}
	return accept_key(out, evp, can_sign, error);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *evp = NULL;

	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_PUBLIC_KEY, params) != 1)
		evp = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return evp;
}

int sl_pkey_rsa(struct sl_pkey **out, const uint8_t *n, size_t n_len, const uint8_t *e,
    size_t e_len, char error[SL_PKEY_ERROR])
{
	*out = NULL;
	if (n_len > RSA_BITS_MAX / 8 + 1 || e_len > EXPONENT_BITS_MAX / 8 + 1)
		return fail(error, "an RSA key has at most %d bits", RSA_BITS_MAX);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL);
	BIGNUM *exponent = BN_bin2bn(e, (int)e_len, NULL);
	if (!bld || !modulus || !exponent)
		abort();
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exponent);
	EVP_PKEY *evp = from_params("RSA", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_free(modulus);
	BN_free(exponent);
	if (!evp)
		return fail(error, "the key's numbers make no RSA key");
	return accept_key(out, evp, false, error);
}

int sl_pkey_p256(struct sl_pkey **out, const uint8_t x[SL_PKEY_P256_BYTES],
    const uint8_t y[SL_PKEY_P256_BYTES], char error[SL_PKEY_ERROR])
{
	uint8_t point[1 + 2 * SL_PKEY_P256_BYTES] = {4}; /* uncompressed: SEC 1 §2.3.3 */

	*out = NULL;
	memcpy(point + 1, x, SL_PKEY_P256_BYTES);
	memcpy(point + 1 + SL_PKEY_P256_BYTES, y, SL_PKEY_P256_BYTES);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	if (!bld)
		abort();
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(
	    bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
	EVP_PKEY *evp = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	if (!evp)
		return fail(error, "the point is not on P-256");
	return accept_key(out, evp, false, error);
}

/* ---- properties -------------------------------------------------------------------- */

struct sl_pkey *sl_pkey_ref(struct sl_pkey *key)
{
	if (key)
		key->refs++;
	return key;
}

void sl_pkey_unref(struct sl_pkey *key)
{
	if (!key || --key->refs > 0)
		return;
	EVP_PKEY_free(key->evp);
	free(key);
}

enum sl_pkey_kind sl_pkey_kind(const struct sl_pkey *key)
{
	return key->kind;
}

bool sl_pkey_can_sign(const struct sl_pkey *key)
{
	return key->can_sign;
}

void sl_pkey_print(const struct sl_pkey *key, uint8_t out[32])
{
	static const char *const rsa[] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E};
	static const char *const p256[] = {
	    OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
	const char *const *names = key->kind == SL_PKEY_RSA ? rsa : p256;
	uint8_t bytes[2 * (RSA_BITS_MAX / 8)];
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		BIGNUM *number = NULL;
		if (EVP_PKEY_get_bn_param(key->evp, names[i], &number))
			len += (size_t)BN_bn2bin(number, bytes + len);
		BN_free(number);
	}
	EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL);
}

/* ---- signatures -------------------------------------------------------------------- */

/* r and s as DER; the length, or 0. */
static size_t der_of(const uint8_t raw[2 * SL_PKEY_P256_BYTES], uint8_t der[80])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, SL_PKEY_P256_BYTES, NULL);
	BIGNUM *s = BN_bin2bn(raw + SL_PKEY_P256_BYTES, SL_PKEY_P256_BYTES, NULL);

	if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s))
		abort();
	int len = i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

bool sl_pkey_verify(const struct sl_pkey *key, const void *data, size_t len,
    const uint8_t *signature, size_t signature_len)
{
	uint8_t der[80];

	if (key->kind == SL_PKEY_P256) {
		if (signature_len != 2 * SL_PKEY_P256_BYTES)
			return false;
		signature_len = der_of(signature, der);
		signature = der;
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx)
		abort();
	bool holds = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->evp) == 1 &&
		     EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return holds;
}

static size_t raw_of(const uint8_t *der, size_t len, uint8_t *raw)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	size_t out = 0;

	if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, SL_PKEY_P256_BYTES) > 0 &&
	    BN_bn2binpad(
		ECDSA_SIG_get0_s(sig), raw + SL_PKEY_P256_BYTES, SL_PKEY_P256_BYTES) > 0)
		out = 2 * SL_PKEY_P256_BYTES;
	ECDSA_SIG_free(sig);
	return out;
}

size_t sl_pkey_sign(const struct sl_pkey *key, const void *data, size_t len,
    uint8_t signature[SL_PKEY_SIGNATURE_MAX])
{
	uint8_t made[SL_PKEY_SIGNATURE_MAX];
	size_t made_len = sizeof made;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx)
		abort();
	bool done = key->can_sign &&
		    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->evp) == 1 &&
		    EVP_DigestSign(ctx, made, &made_len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!done)
		return 0;
	if (key->kind == SL_PKEY_P256)
		return raw_of(made, made_len, signature);
	memcpy(signature, made, made_len);
	return made_len;
}
