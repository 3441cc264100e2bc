/* SPDX-License-Identifier: Apache-2.0 */
/* `sightlinectl snapshot` */
#ifndef CTL_SNAPSHOT_H
#define CTL_SNAPSHOT_H

#include "ctl.h"

/*
 * ctl_snapshot prints the newest values of all modules of a tenant: the same
 * JSON as GET /api/v1/snapshot, or tables; an exit code.
 */
int ctl_snapshot(struct ctl *ctl);

#endif
