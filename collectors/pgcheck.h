/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with a section of type postgres, found before it runs. */
#ifndef COL_PGCHECK_H
#define COL_PGCHECK_H

#include "process.h"

/* col_pgcheck_section returns EX_OK, or EX_CONFIG after one log line. */
int col_pgcheck_section(
    const struct sl_process *process, const struct sl_config_collector *section);

#endif
