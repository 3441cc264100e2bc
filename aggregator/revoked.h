/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are no longer accepted although they have not expired. */
#ifndef AGG_REVOKED_H
#define AGG_REVOKED_H

#include <stdbool.h>

#include "common/jwt.h"
#include "journal.h"

/*
 * A mirror of the "revoke" entries of the control log, whose body is
 * {"jti":…} or, for a token without one, {"hash":…} (hex), and "exp".
 */
struct agg_revoked;

/* agg_revoked_new reads the entries in force; the journal is borrowed. */
struct agg_revoked *agg_revoked_new(struct agg_journal *journal);
void agg_revoked_free(struct agg_revoked *revoked);

/* agg_revoked_refresh reads them again: expired ones are gone then. */
void agg_revoked_refresh(struct agg_revoked *revoked);

/* agg_revoked_has tells whether this verified token is revoked. */
bool agg_revoked_has(struct agg_revoked *revoked, const struct sl_jwt_claims *claims,
    struct sl_slice token);

/* agg_revoked_body writes the control entry's body that revokes a token. */
void agg_revoked_body(
    struct sl_buf *out, const struct sl_jwt_claims *claims, struct sl_slice token);

/* agg_revoked_hex names a token by its hash, in hex with a NUL. */
#define AGG_REVOKED_HEX (2 * SL_JWT_HASH + 1)
void agg_revoked_hex(struct sl_slice token, char out[AGG_REVOKED_HEX]);

#endif
