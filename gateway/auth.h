/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: verified, remembered, revoked; and where a request carries its own. */
#ifndef GW_AUTH_H
#define GW_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "http_request.h"
#include "identity.h"
#include "jwt.h"
#include "key.h"
#include "msg.h"
#include "paths.h"

struct gw_auth;

/* Where a request's token was found, in the order of precedence. */
enum gw_place {
	GW_PLACE_NONE,
	GW_PLACE_HEADER,
	GW_PLACE_SUBPROTOCOL,
	GW_PLACE_TICKET,
	GW_PLACE_QUERY,
	GW_PLACE_COOKIE,
};

struct gw_credential {
	enum gw_place place;
	struct sl_slice token; /* in the request's memory, or in scratch */
	struct sl_buf scratch;
	const char *why; /* why there is no token, where more is known than that */
};

struct gw_auth_stats {
	uint64_t verified; /* signatures checked */
	uint64_t hits;     /* found among the remembered */
	uint64_t failures;
};

/*
 * gw_auth_new makes an empty authority; gw_auth_keys loads the keys that the
 * configuration names.  On failure the former keys stay and error gets a line.
 * What was verified with a key that is gone is revoked by that.
 */
struct gw_auth *gw_auth_new(struct gw_mirror *mirror, struct gw_users *users);
void gw_auth_free(struct gw_auth *auth);
int gw_auth_keys(struct gw_auth *auth, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR]);

/*
 * gw_auth_follow loads the keys again if their files have changed, as
 * sl_keyring_follow does.
 */
int gw_auth_follow(struct gw_auth *auth, const struct sl_config *config,
    const struct sl_paths *paths, char error[SL_KEY_ERROR]);

/* gw_auth_forget drops all remembered tokens (another catalog, other keys). */
void gw_auth_forget(struct gw_auth *auth);

/* gw_auth_mirror is for a new catalog: tokens are verified against it anew. */
void gw_auth_mirror(struct gw_auth *auth, struct gw_mirror *mirror);

/*
 * gw_auth_token gives the identity of a token, with a reference, or NULL and
 * the reason as static text.
 */
struct gw_identity *gw_auth_token(
    struct gw_auth *auth, const char *token, size_t len, const char **why);

/*
 * gw_auth_claims gives the identity of a token that the aggregator has verified,
 * from its claims and name, with a reference; NULL if role or key are not known
 * here.  It is not remembered.
 */
struct gw_identity *gw_auth_claims(struct gw_auth *auth,
    const struct sl_jwt_claims *claims, const uint8_t name[SL_JWT_HASH]);

/* What a request keeps (request->kept) whose ticket was none: no token is this. */
#define GW_AUTH_NO_TICKET "-"

/*
 * gw_auth_find looks where a request carries its token; the first place that
 * is present decides.  A ticket's token is what the request keeps, empty until it
 * is spent.  A ticket that was spent before gives way to the session cookie, as
 * EventSource reconnects with the address that it began with.  cookie is the name of the
 * session cookie, query_token whether ?token= counts.  Clear the credential's scratch
 * afterwards.
 */
void gw_auth_find(const struct sl_http_request *request, const char *cookie,
    bool query_token, struct gw_credential *out);

/*
 * gw_auth_revoke takes a "revoke" entry of the control log.  Returns 1 if it was
 * not known before, 0 if it was, SL_EMALFORMED if the body is none.
 */
int gw_auth_revoke(struct gw_auth *auth, struct sl_slice body);

/* gw_auth_sweep forgets tokens and revocations that have expired. */
void gw_auth_sweep(struct gw_auth *auth);

/* gw_auth_is_revoked says whether an identity is revoked by what is known now. */
bool gw_auth_is_revoked(const struct gw_auth *auth, const struct gw_identity *who);

const struct gw_auth_stats *gw_auth_stats(const struct gw_auth *auth);

#endif
