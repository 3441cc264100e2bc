/* SPDX-License-Identifier: Apache-2.0 */
/* The revocations of the control log, as the aggregator keeps to them itself. */
#ifndef AGG_REVOKED_H
#define AGG_REVOKED_H

#include <stdbool.h>

#include "common/jwt.h"
#include "handler.h"
#include "journal.h"

/* A mirror of the "revoke" entries (common/revoked.h). */
struct agg_revoked;

/* agg_revoked_new reads the entries in force; the journal is borrowed. */
struct agg_revoked *agg_revoked_new(struct agg_journal *journal);
void agg_revoked_free(struct agg_revoked *revoked);

/* agg_revoked_sweep drops what has expired. */
void agg_revoked_sweep(struct agg_revoked *revoked);

/* agg_revoked_has tells whether this verified token is revoked. */
bool agg_revoked_has(struct agg_revoked *revoked, const struct sl_jwt_claims *claims,
    struct sl_slice token);

/* sign-out: the caller's own token; revoke: anybody's, by token, jti or sub. */
AGG_HANDLER(agg_revoked_sign_out);
AGG_HANDLER(agg_revoked_revoke);

#endif
