/* SPDX-License-Identifier: Apache-2.0 */
/* `sightlinectl config` */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "ctl.h"

/*
 * ctl_options prints every option, or those whose path begins with an operand,
 * with its effective value and where it came from; an exit code.
 */
int ctl_options(struct ctl *ctl);

#endif
