/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that sightlinectl signs: for others, and for its own requests. */
#ifndef CTL_TOKEN_H
#define CTL_TOKEN_H

#include "common/buf.h"
#include "ctl.h"

struct sl_jwt_claims;

/* ctl_token is the subcommand: prints the token and nothing else. */
int ctl_token(struct ctl *ctl);

/*
 * ctl_token_sign appends a token with these claims, signed with --key or the
 * instance's keys/jwt.key.  Returns an exit code, after one line on stderr.
 */
int ctl_token_sign(
    struct ctl *ctl, const struct sl_jwt_claims *claims, struct sl_buf *out);

/*
 * ctl_token_own appends a short-lived token of the invoking user with the role
 * that may do everything.  Returns an exit code, after one line on stderr.
 */
int ctl_token_own(struct ctl *ctl, struct sl_buf *out);

#endif
