/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of a script's output becomes: events and samples of a batch. */
#ifndef COL_SCRIPT_LINE_H
#define COL_SCRIPT_LINE_H

#include "batch.h"
#include "script_settings.h"
#include "script_world.h"

struct col_script_line;

/*
 * col_script_line_new makes the reader of one run of a script, which knows what
 * was described in it; world outlives it.  Freed with col_script_line_free, which
 * ignores NULL.
 */
struct col_script_line *col_script_line_new(
    struct col_script_world *world, enum col_script_format format);
void col_script_line_free(struct col_script_line *reader);

/*
 * col_script_line_read reads a line into an empty batch, which may stay empty.
 * A line of JSON is taken whole or not at all; of a line with several values
 * (influx, netdata) those are left out and counted that the catalog does not know;
 * then batch->error says why.  Returns 0, SL_ECLOSED (the script does not want to
 * run again), SL_EMALFORMED, SL_EINVAL (refused) or SL_ETOOBIG, with
 * batch->error.  Counts malformed, refused and ignored in the world's figures.
 */
int col_script_line_read(
    struct col_script_line *reader, struct sl_slice line, struct col_batch *batch);

#endif
