/* SPDX-License-Identifier: Apache-2.0 */
/* What has to hold between options.  config.c's helper. */
#ifndef SL_CONFIG_CHECK_H
#define SL_CONFIG_CHECK_H

#include "config.h"

struct sl_conf_entry;

/*
 * sl_config_check returns 0, or SL_EINVAL with one line in error for the first
 * thing that is wrong.  root is the file, for the lines.
 */
int sl_config_check(const struct sl_config *config, const struct sl_conf_entry *root,
    struct sl_buf *error);

#endif
