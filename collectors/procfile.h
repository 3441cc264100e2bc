/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel file that is opened once and read again and again. */
#ifndef COL_PROCFILE_H
#define COL_PROCFILE_H

#include <stdbool.h>

#include "buf.h"
#include "entry.h"

/* Longest file that is read; /proc/stat of a machine with 8,000 interrupts is 100 KiB. */
#define COL_PROCFILE_MAX (4u << 20)

/* All zeroes with fd -1 and a path is a file that is not open yet. */
struct col_procfile {
	const char *path; /* the owner's; outlives the file */
	int fd;           /* -1: not open */
	bool failed;      /* has failed: that was logged */
};

#define COL_PROCFILE(name)                                                               \
	{                                                                                \
		.path = (name), .fd = -1                                                 \
	}

/*
 * col_procfile_read reads the whole file from its start into buf, which it
 * empties first; *text points into it.  Opens the file where it is not open.
 * Returns 0, SL_ENOTFOUND if there is no such file, SL_ESYS, or SL_ETOOBIG.
 * The first failure is logged.
 */
int col_procfile_read(
    struct col_procfile *file, struct sl_buf *buf, struct sl_slice *text);

/*
 * col_procfile_reject logs, once, that the contents are not what they should be.
 */
void col_procfile_reject(struct col_procfile *file);

/* col_procfile_close closes it; reading opens it again. */
void col_procfile_close(struct col_procfile *file);

#endif
