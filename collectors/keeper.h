/* SPDX-License-Identifier: Apache-2.0 */
/* The process that starts scripts, for the collector that reads what they say. */
#ifndef COL_KEEPER_H
#define COL_KEEPER_H

#include <stdint.h>

#include "config.h"

/*
 * The collector parses what scripts write, so it is confined like every other
 * and cannot start a program.  The keeper is forked from it before that and reads
 * nothing but the numbers below: which script, start or stop.  What a script's
 * command, environment and directory are it knows from the configuration that it
 * was forked with; a collector that is taken over cannot have another one run.
 */
enum col_keeper_verb {
	/* asked by the collector */
	COL_KEEPER_START = 1, /* answered by STARTED or FAILED, then ENDED */
	COL_KEEPER_SIGNAL,    /* the one of the script's section */
	COL_KEEPER_STOP,      /* SIGTERM, and SIGKILL after stop_timeout */
	/* told by the keeper */
	COL_KEEPER_STARTED, /* with descriptors of stdout, stderr and, maybe, stdin */
	COL_KEEPER_FAILED,  /* value: errno */
	COL_KEEPER_ENDED,   /* value: status as of wait(2); nothing of it runs any more */
};

/* One message of the SOCK_SEQPACKET socket between the two. */
struct col_keeper_message {
	uint32_t verb;
	uint32_t script; /* its place in the section */
	int32_t value;
};

#define COL_KEEPER_FDS 3 /* stdout, stderr, stdin */

/*
 * col_keeper_fork makes the keeper for a section's scripts and gives the
 * collector's end of its socket, non-blocking.  Call it before the first thread.
 * The keeper ends when that end is closed, after it has killed what still runs.
 * Returns 0, or SL_ESYS with errno.
 */
int col_keeper_fork(const struct sl_config_collector *section, int *fd);

#endif
