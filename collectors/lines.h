/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out of a stream of bytes, with a bound on their length.  Pure. */
#ifndef COL_LINES_H
#define COL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

/*
 * The caller's; begins as zeroes with max set.  It holds what was put in and
 * not given out yet: never more than max and one piece, if all complete lines
 * are taken out before the next piece is put in.
 */
struct col_lines {
	size_t max;        /* bytes of a line without its end */
	bool cut;          /* give the beginning of a longer one; else leave it out */
	uint64_t overlong; /* longer ones so far, each counted once */
	/* its own: */
	struct sl_buf text;
	size_t begin;   /* of the next line */
	size_t scanned; /* no line ends before this */
	bool skipping;  /* the rest of a line that was too long */
};

/*
 * col_lines_room makes room for a piece of up to n bytes and returns where it
 * goes; col_lines_put says how many came.  Lines given out before are invalid
 * from then on.
 */
char *col_lines_room(struct col_lines *lines, size_t n);
void col_lines_put(struct col_lines *lines, size_t n);

/*
 * col_lines_next takes the next complete line, without "\n" or "\r\n"; false
 * if there is none.
 */
bool col_lines_next(struct col_lines *lines, struct sl_slice *line);

/*
 * col_lines_rest takes what stands behind the last line end, once the stream
 * has ended; false if there is nothing.
 */
bool col_lines_rest(struct col_lines *lines, struct sl_slice *line);

/*
 * col_lines_trim gives back the memory that an open line does not need: all of
 * it between two lines, for streams that are many and mostly idle.
 */
void col_lines_trim(struct col_lines *lines);

/* col_lines_reset begins a new stream; counts stay.  _clear frees the memory. */
void col_lines_reset(struct col_lines *lines);
void col_lines_clear(struct col_lines *lines);

#endif
