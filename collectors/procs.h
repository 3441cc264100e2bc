/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of this machine, from /proc. */
#ifndef COL_PROCS_H
#define COL_PROCS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "parse_process.h"

/* The caller's; begins as zeroes. */
struct col_procs {
	DIR *dir; /* /proc */
	struct sl_buf text;
};

/* col_procs_open opens /proc; SL_ESYS with errno if it cannot. */
int col_procs_open(struct col_procs *procs);
void col_procs_close(struct col_procs *procs);

/*
 * col_procs_visit calls fn for every process until it returns false; those
 * that end meanwhile may be left out.  Returns 0, or SL_ESYS with errno.
 */
int col_procs_visit(struct col_procs *procs,
    bool (*fn)(void *arg, const struct col_parse_process *process), void *arg);

/* col_procs_find reads one process; SL_ENOTFOUND if there is none with this number. */
int col_procs_find(struct col_procs *procs, uint64_t pid, struct col_parse_process *out);

/* col_procs_is_program says whether a process is a run of the program called name. */
bool col_procs_is_program(
    struct col_procs *procs, const struct col_parse_process *process, const char *name);

/* col_procs_is_running is false for what has ended and was not yet waited for. */
bool col_procs_is_running(const struct col_parse_process *process);

#endif
