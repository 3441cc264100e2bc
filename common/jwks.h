/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Key Sets (RFC 7517): the public keys of whoever signs tokens. */
#ifndef SL_JWKS_H
#define SL_JWKS_H

#include <stddef.h>

#include "key.h"

/* Largest file. */
#define SL_JWKS_MAX (256u * 1024u)

/*
 * sl_jwks_parse adds the keys of a set that can verify tokens: RSA (RS256), EC on
 * P-256 (ES256), OKP with Ed25519 (EdDSA).  Members that say a key is for something
 * else ("use", "key_ops", another "alg" or curve, another "kty") leave it out, and
 * skipped counts those; secrets ("oct") are never taken from a set.  A key with a
 * "kid" is only for tokens that name it.  Pure.  Returns 0, SL_EMALFORMED or
 * SL_EFULL with a line in error; what was added until then stays in set.
 */
int sl_jwks_parse(struct sl_key_set *set, const char *data, size_t len, size_t *skipped,
    char error[SL_KEY_ERROR]);

#endif
