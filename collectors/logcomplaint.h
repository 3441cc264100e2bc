/* SPDX-License-Identifier: Apache-2.0 */
/* Files that cannot be read: each is said once, however often it is looked at. */
#ifndef COL_LOGCOMPLAINT_H
#define COL_LOGCOMPLAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Paths that are remembered. */
#define COL_LOGCOMPLAINTS_MAX 256

struct col_logcomplaint {
	char *path;
	unsigned scan; /* in which it was last found so */
};

/* All zero: none. */
struct col_logcomplaints {
	struct col_logcomplaint *item;
	size_t count;
	bool full;      /* and that was said */
	uint64_t total; /* ever said, and failures of files that are open */
};

/*
 * col_logcomplaints_add logs that a path cannot be read, unless it was said
 * before.  One that two scans did not find any more makes room for another;
 * without room, that is said once, and the path is not named.  Copies path.
 */
void col_logcomplaints_add(struct col_logcomplaints *complaints, unsigned scan,
    const char *path, const char *reason);

/* col_logcomplaints_drop: it can be read; that is logged where there was one. */
void col_logcomplaints_drop(struct col_logcomplaints *complaints, const char *path);

void col_logcomplaints_clear(struct col_logcomplaints *complaints);

#endif
