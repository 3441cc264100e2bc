/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are no longer accepted although they have not expired. */
#ifndef SL_REVOKED_H
#define SL_REVOKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"
#include "jwt.h"

/*
 * The "revoke" entries of the control log are kept alike by the aggregator and
 * by every gateway.  The body of one is
 *
 *   {"tenant", "jti" | "sub", "before"?, "exp"}  or  {"hash", "exp"}
 *
 * jti names one token, hash (sl_jwt_name, in hex) one that has no jti.  sub names all
 * tokens of a user that were issued up to before, by their iat; without it, all.
 * A token without iat counts as issued before everything.
 */
struct sl_revoked;

struct sl_revoked *sl_revoked_new(void);
void sl_revoked_free(struct sl_revoked *revoked);

/*
 * sl_revoked_add takes the body of an entry.  Returns 1 if it revokes anything
 * that was not revoked, 0 if not, SL_EMALFORMED if it is no such body.
 */
int sl_revoked_add(struct sl_revoked *revoked, struct sl_slice body);

/* sl_revoked_sweep drops those that concern nothing but expired tokens. */
void sl_revoked_sweep(struct sl_revoked *revoked, int64_t now_s);

/* What a token is found by. */
struct sl_revoked_token {
	const char *tenant;
	const char *sub;
	const char *jti; /* "" if it has none */
	int64_t iat_s;   /* 0 if it has none */
	const uint8_t *hash;
};

/* sl_revoked_has says whether a token is revoked. */
bool sl_revoked_has(
    const struct sl_revoked *revoked, const struct sl_revoked_token *token);

/* sl_revoked_count returns how many entries are kept. */
size_t sl_revoked_count(const struct sl_revoked *revoked);

/* What to revoke: jti, else sub, else hash. */
struct sl_revoked_body {
	const char *tenant;
	const char *jti;     /* NULL or "": not by it */
	const char *sub;     /* NULL: not by it */
	const uint8_t *hash; /* where neither is there */
	int64_t before_s;    /* of sub */
	int64_t exp_s;       /* until when it has to be kept */
};

/* sl_revoked_write appends the body of an entry. */
void sl_revoked_write(struct sl_buf *out, const struct sl_revoked_body *body);

/* The hex form of a token's hash, with a NUL. */
#define SL_REVOKED_HEX (2 * SL_JWT_HASH + 1)
void sl_revoked_hex(const uint8_t hash[SL_JWT_HASH], char out[SL_REVOKED_HEX]);

/* sl_revoked_hex_read reads that form; false if it is none. */
bool sl_revoked_hex_read(const char *hex, size_t len, uint8_t hash[SL_JWT_HASH]);

#endif
