/* SPDX-License-Identifier: Apache-2.0 */
/* Signs tokens with the instance's key, or any other. */
#ifndef CTL_TOKEN_H
#define CTL_TOKEN_H

#include "common/args.h"
#include "common/buf.h"
#include "common/jwt.h"
#include "common/paths.h"

extern const struct sl_flag ctl_token_flags[];

/* ctl_token prints one token; returns an exit code. */
int ctl_token(const struct sl_args *args);

/*
 * ctl_token_sign appends a token with these claims, signed with the key of
 * key_path, to out.  Returns an exit code, with a line on stderr.
 */
int ctl_token_sign(
    const char *key_path, const struct sl_jwt_claims *claims, struct sl_buf *out);

#endif
