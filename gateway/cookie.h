/* SPDX-License-Identifier: Apache-2.0 */
/* The session cookie: the token itself, where no script can read it. */
#ifndef GW_COOKIE_H
#define GW_COOKIE_H

#include "call.h"

/* Longest token that goes into a cookie: browsers keep 4096 bytes of name and value. */
#define GW_COOKIE_TOKEN_MAX 3900

/*
 * gw_cookie_set adds Set-Cookie to whatever the request is answered with: the token
 * of an identity until that expires; with who NULL it takes the cookie back.
 */
void gw_cookie_set(
    const struct gw_call *call, struct sl_slice token, const struct gw_identity *who);

#endif
