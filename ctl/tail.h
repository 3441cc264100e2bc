/* SPDX-License-Identifier: Apache-2.0 */
/* `sightlinectl tail` */
#ifndef CTL_TAIL_H
#define CTL_TAIL_H

#include "ctl.h"

/*
 * ctl_tail prints events, alerts and changes of metrics as they come, those of
 * the operands' topics or all, until it is interrupted; an exit code.
 */
int ctl_tail(struct ctl *ctl);

#endif
