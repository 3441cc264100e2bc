/* SPDX-License-Identifier: Apache-2.0 */
/* A run of lines that is read in one go: see logstate.h for what it is good for. */
#ifndef COL_LOGCHUNK_H
#define COL_LOGCHUNK_H

#include "logread.h"

/* A position's second half: the place behind the line, and the event of the line. */
#define COL_LOGCHUNK_BITS   8
#define COL_LOGCHUNK_EVENTS ((1u << COL_LOGCHUNK_BITS) - 1)

struct col_logchunk {
	struct col_logfile *file;
	struct col_logstate_chunk *record; /* NULL: not begun; valid until another is */
	int64_t mono_ns;
};

/* col_logchunk_begin begins a chunk at its file's place, if it has not begun. */
void col_logchunk_begin(struct col_logread *read, struct col_logchunk *chunk);

/*
 * col_logchunk_line takes one line, with all that it says or, where the ring has
 * no room for it or the state cannot be written, not at all: then false.  end is
 * the place behind it, to which the caller moves the file.
 */
bool col_logchunk_line(struct col_logread *read, struct col_logchunk *chunk,
    struct sl_slice line, uint64_t end);

/* col_logchunk_end ends a chunk at its file's place, if it has begun. */
void col_logchunk_end(struct col_logread *read, struct col_logchunk *chunk);

#endif
