/* SPDX-License-Identifier: Apache-2.0 */
/* Splits what was read of a log into lines, none longer than a bound.  Pure. */
#ifndef COL_LOGLINE_H
#define COL_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "entry.h"

/* One line, and how much of the input it was. */
struct col_logline {
	struct sl_slice text; /* without its end: "\n" or "\r\n" */
	size_t used;          /* bytes of the input up to behind its end */
	bool cut;             /* it was longer than the bound: this is its beginning */
	bool skip;            /* its end has yet to come: the next call passes it over */
	bool skipped;         /* the rest of a line that was cut; no line of its own */
};

/*
 * col_logline_next takes the first line of len bytes.  skip says that they begin
 * inside a line that was cut, as the line before said.  A line of more than max
 * bytes is cut to these; any bytes are allowed in a line.  Returns false if the
 * input holds no whole line and no more than max bytes of one: then more has to
 * be read first, and nothing is used.
 */
bool col_logline_next(
    const char *data, size_t len, size_t max, bool skip, struct col_logline *out);

#endif
