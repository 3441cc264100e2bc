/* SPDX-License-Identifier: Apache-2.0 */
/* `sightlinectl status` */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include "ctl.h"

/* ctl_status shows processes, sources, gateways, bus and journal; an exit code. */
int ctl_status(struct ctl *ctl);

#endif
