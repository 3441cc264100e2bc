/* SPDX-License-Identifier: Apache-2.0 */
/* Says how a run of a script has ended. */
#ifndef COL_SCRIPT_REPORT_H
#define COL_SCRIPT_REPORT_H

#include <stdint.h>

#include "log.h"

/*
 * col_script_report_end writes a line of this level.  status is as of wait(2),
 * failures are those in a row.
 */
void col_script_report_end(enum sl_log_level level, const char *script, int status,
    int64_t ran_ms, unsigned failures);

#endif
