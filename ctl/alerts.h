/* SPDX-License-Identifier: Apache-2.0 */
/* `sightlinectl alerts` and `sightlinectl ack` */
#ifndef CTL_ALERTS_H
#define CTL_ALERTS_H

#include "ctl.h"

/* ctl_alerts lists alerts by state; an exit code. */
int ctl_alerts(struct ctl *ctl);

/* ctl_ack acknowledges the alerts named; an exit code, of the first that failed. */
int ctl_ack(struct ctl *ctl);

#endif
