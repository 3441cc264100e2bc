/* SPDX-License-Identifier: Apache-2.0 */
/* The process around one run of a script: when it ends, nothing is left of it. */
#ifndef COL_NANNY_H
#define COL_NANNY_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct col_nanny_orders {
	char *const *argv; /* argv[0] is a path */
	char *const *envp;
	const char *directory;
	int in, out, err; /* the script's 0, 1 and 2 */
	int64_t stop_ms;  /* from SIGTERM to SIGKILL */
	pid_t keeper;     /* whose child it is */
};

/*
 * col_nanny_signals gives the signals that a nanny waits for.  The keeper blocks
 * them before it forks one, so that none is lost.
 */
void col_nanny_signals(sigset_t *set);

/*
 * col_nanny_run is called in a fresh child of the keeper and never returns.  It
 * runs the script in a session of its own and adopts its orphans.  SIGTERM goes
 * to the script's process group and, after stop_ms, SIGKILL to all; SIGINT, which
 * also comes when the keeper dies, is SIGKILL at once; SIGHUP, SIGUSR1 and
 * SIGUSR2 go to the script.  When the script has ended, so has everything that
 * it started; then the nanny ends in the same way, with the script's code or by
 * its signal.
 */
_Noreturn void col_nanny_run(const struct col_nanny_orders *orders);

#endif
