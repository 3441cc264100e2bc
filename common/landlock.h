/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, as far as the running kernel has it.  confine.c's helper. */
#ifndef SL_LANDLOCK_H
#define SL_LANDLOCK_H

#include "confine.h"

/*
 * sl_landlock_apply restricts files to confine->path and TCP to the grants,
 * as far as the kernel can: a kernel without it is logged and yields 0.
 * no_new_privs must be set.  Returns 0, or SL_ESYS after a log line.
 */
int sl_landlock_apply(const struct sl_confine *confine);

#endif
