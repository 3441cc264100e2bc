/* SPDX-License-Identifier: Apache-2.0 */
/* The revocations in force, as the control log tells them. */
#ifndef GW_REVOKED_H
#define GW_REVOKED_H

#include <stdbool.h>

#include "entry.h"
#include "identity.h"

struct gw_revoked;

struct gw_revoked *gw_revoked_new(void);
void gw_revoked_free(struct gw_revoked *revoked);

/*
 * gw_revoked_add takes the body of a "revoke" entry: {"tenant"?, "jti" | "hash"
 * | "sub", "exp"}.  Again is harmless; those whose exp has passed are dropped
 * on the way.  Returns 1 if it was not known before, 0 if it was, SL_EMALFORMED
 * if the body names nothing.
 */
int gw_revoked_add(struct gw_revoked *revoked, struct sl_slice body);

/* gw_revoked_sweep drops those whose exp has passed. */
void gw_revoked_sweep(struct gw_revoked *revoked);

/* gw_revoked_has says whether one of them concerns this identity. */
bool gw_revoked_has(const struct gw_revoked *revoked, const struct gw_identity *who);

#endif
