/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the log collector on disk. */
#ifndef COL_LOGKEEP_H
#define COL_LOGKEEP_H

#include "logstate.h"
#include "paths.h"

/* All zeroes, but for fd = -1, is closed. */
struct col_logkeep {
	char path[SL_PATHS_MAX];
	int fd;
	struct sl_buf pending; /* records that are not yet in the file */
	size_t bytes;          /* appended since it was written anew */
	bool failing;          /* said once */
	int64_t written_ns;    /* wall time at which the former run wrote it last */
};

/*
 * col_logkeep_open reads the state file, or begins a state where there is none
 * or one that is damaged (the damaged one is kept beside it); *fresh says which.
 * An flock keeps a second collector away from it.  Returns 0, or SL_ESYS after
 * a log line.
 */
int col_logkeep_open(
    struct col_logkeep *keep, const char *path, struct col_logstate *state, bool *fresh);

/*
 * col_logkeep_flush appends what is pending.  Returns 0, or SL_ESYS (said once;
 * what is pending is kept for the next try): nothing that depends on it may
 * happen then.
 */
int col_logkeep_flush(struct col_logkeep *keep);

/*
 * col_logkeep_renew puts the whole state in the file's place, once enough was
 * appended, or always.
 */
void col_logkeep_renew(struct col_logkeep *keep, struct col_logstate *state, bool always);

/* col_logkeep_close closes the file; what is pending is not written. */
void col_logkeep_close(struct col_logkeep *keep);

#endif
