/* SPDX-License-Identifier: Apache-2.0 */
/* `sightlinectl doctor` */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include "ctl.h"

/*
 * ctl_doctor checks the installation and explains what it finds.  Returns 0,
 * or 1 if something needs to be done.
 */
int ctl_doctor(struct ctl *ctl);

#endif
