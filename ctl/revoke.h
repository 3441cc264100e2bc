/* SPDX-License-Identifier: Apache-2.0 */
/* sightlinectl revoke */
#ifndef CTL_REVOKE_H
#define CTL_REVOKE_H

#include "ctl.h"

/* ctl_revoke revokes one token, or all that a user has; returns an exit code. */
int ctl_revoke(struct ctl *ctl);

#endif
