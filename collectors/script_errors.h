/* SPDX-License-Identifier: Apache-2.0 */
/* Standard error of a script: lines of our log, so many and no more. */
#ifndef COL_SCRIPT_ERRORS_H
#define COL_SCRIPT_ERRORS_H

#include <stdint.h>

#include "loop.h"

struct col_script_errors;

/*
 * col_script_errors_new makes the reader for a script of this name, which outlives
 * it, as does the counter of its lines.  Lines are cut; of a burst the first are
 * written and the others counted; it is read slowly then.  "E! ", "W! ", "I! " and
 * "D! ", as Telegraf's plug-ins begin a line, give it its level.
 */
struct col_script_errors *col_script_errors_new(
    struct event_base *loop, const char *name, uint64_t *count);
void col_script_errors_free(struct col_script_errors *errors);

/* col_script_errors_open begins a run and takes the descriptor over. */
void col_script_errors_open(struct col_script_errors *errors, int fd);

/* col_script_errors_close ends it: what is in the pipe is read, as far as it is little.
 */
void col_script_errors_close(struct col_script_errors *errors);

#endif
