/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Tokens: verify what clients bring, sign what sightlinectl hands out. */
#ifndef SL_JWT_H
#define SL_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct sl_key;
struct sl_key_set;

#define SL_JWT_TOKEN_MAX 8192
#define SL_JWT_NAME_MAX  128 /* sub, role, tenant, jti, in bytes */
#define SL_JWT_HASH      32

/* The leeway where no rules say otherwise, and the largest that rules may ask for. */
#define SL_JWT_LEEWAY_S     5
#define SL_JWT_LEEWAY_MAX_S 300

/* Why a token is refused: stable name, text for problem+json and the audit log. */
#define SL_JWT_RESULT_TABLE(X)                                                           \
	X(SL_JWT_OK, "ok", "valid")                                                      \
	X(SL_JWT_MALFORMED, "malformed", "not a JSON Web Token")                         \
	X(SL_JWT_TOO_LONG, "too_long", "token longer than 8192 bytes")                   \
	X(SL_JWT_BAD_HEADER, "bad_header", "token header is not valid JSON")             \
	X(SL_JWT_BAD_PAYLOAD, "bad_payload", "token payload is not valid JSON")          \
	X(SL_JWT_ALG_NONE, "alg_none", "algorithm none is not accepted")                 \
	X(SL_JWT_ALG_MISMATCH, "alg_mismatch",                                           \
	    "the token's algorithm is not the key's algorithm")                          \
	X(SL_JWT_CRIT, "crit", "token demands an extension that is not supported")       \
	X(SL_JWT_UNKNOWN_KEY, "unknown_key", "no key with the token's key id")           \
	X(SL_JWT_BAD_SIGNATURE, "bad_signature", "wrong signature")                      \
	X(SL_JWT_NO_EXP, "no_exp", "claim exp is missing")                               \
	X(SL_JWT_EXPIRED, "expired", "expired")                                          \
	X(SL_JWT_NOT_YET, "not_yet", "not valid yet")                                    \
	X(SL_JWT_NO_SUB, "no_sub", "claim sub is missing")                               \
	X(SL_JWT_NO_ROLE, "no_role", "claim role is missing")                            \
	X(SL_JWT_BAD_CLAIM, "bad_claim", "a claim has the wrong type, length or value")  \
	X(SL_JWT_ISSUER, "issuer", "wrong issuer")                                       \
	X(SL_JWT_AUDIENCE, "audience", "wrong audience")

enum sl_jwt_result {
#define X(id, name, text) id,
	SL_JWT_RESULT_TABLE(X)
#undef X
};

/* sl_jwt_result_name and _text: static strings, "?" outside the table. */
const char *sl_jwt_result_name(enum sl_jwt_result result);
const char *sl_jwt_result_text(enum sl_jwt_result result);

/* What a valid token says; strings are NUL-terminated and without control bytes. */
struct sl_jwt_claims {
	char sub[SL_JWT_NAME_MAX + 1];
	char role[SL_JWT_NAME_MAX + 1];
	char tenant[SL_JWT_NAME_MAX + 1]; /* "default" if the token names none */
	char jti[SL_JWT_NAME_MAX + 1];    /* "" if absent */
	char issuer[SL_JWT_NAME_MAX + 1]; /* "" if absent; only for signing */
	char audience[SL_JWT_NAME_MAX + 1];
	int64_t exp_s;            /* seconds since the epoch, whole */
	int64_t nbf_s;            /* 0 if absent */
	int64_t iat_s;            /* 0 if absent */
	int64_t key_print;        /* of the key that verified it; not for signing */
	uint32_t max_connections; /* 0 if absent */
};

/* What this installation demands beyond the signature.  NULL members: nothing. */
struct sl_jwt_rules {
	const char *role_claim; /* dotted path, NULL: "role" */
	const char *issuer;     /* exact "iss" */
	const char *audience;   /* "aud" is it, or an array that contains it */
	int64_t leeway_s;       /* that exp and nbf forgive; whole seconds */
};

/*
 * sl_jwt_verify checks signature first, then the claims, against now_ns of the
 * wall clock.  Pure; constant time where it touches
 * secrets; never logs.  claims is filled only when SL_JWT_OK is returned.
 * rules may be NULL: then the leeway is SL_JWT_LEEWAY_S.
 */
enum sl_jwt_result sl_jwt_verify(const char *token, size_t len,
    const struct sl_key_set *keys, const struct sl_jwt_rules *rules, int64_t now_ns,
    struct sl_jwt_claims *claims);

/*
 * sl_jwt_sign appends a token with these claims to out; empty strings and zeroes
 * are left out, the role goes into "role".  SL_EDENIED if the key cannot sign,
 * SL_EINVAL if sub, role or exp is missing.
 */
int sl_jwt_sign(
    const struct sl_key *key, const struct sl_jwt_claims *claims, struct sl_buf *out);

/*
 * sl_jwt_hash tells a token from all others without revealing it: for caches.
 * sl_jwt_name is the same for all signatures under the same text, as anybody can
 * make a second one of ES256 from the first: for revocation.
 */
void sl_jwt_hash(const char *token, size_t len, uint8_t out[SL_JWT_HASH]);
void sl_jwt_name(const char *token, size_t len, uint8_t out[SL_JWT_HASH]);

#endif
