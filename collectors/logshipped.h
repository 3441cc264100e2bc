/* SPDX-License-Identifier: Apache-2.0 */
/* The patterns that come with the log collector, in sets by program. */
#ifndef COL_LOGSHIPPED_H
#define COL_LOGSHIPPED_H

#include <stdbool.h>

#include "config.h"

/*
 * col_logshipped_at returns pattern i of a set ("sshd"), NULL past its last or
 * where there is no such set.  A pattern's title is "SET.NAME".
 */
const struct sl_config_log_pattern *col_logshipped_at(const char *set, size_t i);

#endif
