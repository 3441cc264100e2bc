/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <stdlib.h>
#include <string.h>

struct gw_identity *gw_identity_new(struct gw_mirror *mirror, struct gw_users *users,
    const struct sl_jwt_claims *claims, const uint8_t name[SL_JWT_HASH])
{
	const struct sl_catalog *catalog = gw_mirror_catalog(mirror);
	const struct sl_catalog_role *role =
	    sl_catalog_role(catalog, claims->role, strlen(claims->role));
	size_t jti_size = strlen(claims->jti) + 1;

	if (!role)
		return NULL;
	struct gw_identity *who = malloc(sizeof *who + jti_size);
	if (!who)
		abort();
	*who = (struct gw_identity){
	    .refs = 1,
	    .tenant = gw_mirror_tenant(mirror, claims->tenant, strlen(claims->tenant)),
	    .role = role,
	    .modules =
		role->all_modules ? sl_catalog_all_modules(catalog) : role->modules,
	    .may = role->may,
	    .user = gw_user_get(users, claims->tenant, claims->sub),
	    .exp_s = claims->exp_s,
	    .iat_s = claims->iat_s,
	    .key_print = claims->key_print,
	    .max_connections = claims->max_connections,
	};
	memcpy(who->name, name, sizeof who->name);
	memcpy(who->jti, claims->jti, jti_size);
	return who;
}

struct gw_identity *gw_identity_ref(struct gw_identity *identity)
{
	identity->refs++;
	return identity;
}

void gw_identity_unref(struct gw_identity *identity)
{
	if (!identity || --identity->refs > 0)
		return;
	gw_user_unref(identity->user);
	free(identity);
}
