/* SPDX-License-Identifier: Apache-2.0 */
/* Who a verified token speaks for, and what that one may see and do. */
#ifndef GW_IDENTITY_H
#define GW_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "catalog.h"
#include "jwt.h"
#include "mirror.h"
#include "user.h"

/*
 * Counted; one per token, shared by the cache of verified tokens and all
 * connections and requests that came with it.
 */
struct gw_identity {
	uint32_t refs;
	struct gw_tenant *tenant;
	const struct sl_catalog_role *role;
	uint64_t modules;
	uint32_t may; /* enum sl_right */
	struct gw_user *user;
	int64_t exp_s;
	int64_t iat_s;             /* 0: the token does not say */
	int64_t key_print;         /* of the key that verified it */
	uint32_t max_connections;  /* 0: the configured limit */
	uint8_t name[SL_JWT_HASH]; /* sl_jwt_name */
	char jti[];                /* "" if the token has none */
};

/*
 * gw_identity_new makes an identity with one reference from valid claims.
 * Returns NULL when the catalog does not know the role.
 */
struct gw_identity *gw_identity_new(struct gw_mirror *mirror, struct gw_users *users,
    const struct sl_jwt_claims *claims, const uint8_t name[SL_JWT_HASH]);

struct gw_identity *gw_identity_ref(struct gw_identity *identity);
void gw_identity_unref(struct gw_identity *identity);

/* gw_identity_may says whether the role has a right. */
static inline bool gw_identity_may(const struct gw_identity *who, enum sl_right right)
{
	return (who->may & (uint32_t)right) != 0;
}

/* gw_identity_is_default says whether the tenant is the default one. */
static inline bool gw_identity_is_default(const struct gw_identity *who)
{
	return strcmp(who->tenant->name, "default") == 0;
}

#endif
