/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a directory into an instance: folders, configuration, keys. */
#ifndef CTL_INIT_H
#define CTL_INIT_H

#include "common/args.h"

/*
 * ctl_init makes what is missing of an instance in the directory of --dir (or
 * SIGHTLINE_DIR, or var/ of the checkout) and keeps what is there: doing it
 * again changes nothing.  Says what it made.  Returns an exit code.
 */
int ctl_init(const struct sl_args *args);

#endif
