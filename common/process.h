/* SPDX-License-Identifier: Apache-2.0 */
/* The recipe of every daemon: the same steps in the same order. */
#ifndef SL_PROCESS_H
#define SL_PROCESS_H

#include "args.h"
#include "catalog.h"
#include "config.h"
#include "confine.h"
#include "loop.h"
#include "paths.h"

/*
 * arguments -> configuration and catalog -> acquire -> drop privileges ->
 * divide -> confine -> signals -> start -> ready -> loop -> stop.
 */
struct sl_process {
	const struct sl_process_spec *spec;
	struct sl_args args;
	struct sl_paths paths;
	const struct sl_config *config;   /* the one in force */
	const struct sl_catalog *catalog; /* the one in force */
	struct event_base *loop;
	void *state; /* the daemon's own */
	int exit_code;
	bool draining;
};

/*
 * What a daemon brings along.  Functions that return int give 0 or one of
 * sysexits(3)'s codes, after one log line that says what is wrong; the process
 * then ends with that code.  Any of them but start may be NULL.
 */
struct sl_process_spec {
	struct sl_program program; /* its command line */

	/*
	 * scope of the log lines; user names the configured user that a process
	 * started as root becomes ("" stays), called after the configuration.
	 */
	const char *scope;
	const char *(*user)(const struct sl_process *process);

	/*
	 * acquire opens what needs the starter's rights: listening sockets,
	 * locks, keys.  No thread before start.  The loop exists already.
	 */
	int (*acquire)(struct sl_process *process);

	/*
	 * divide forks the process that does what this one must not be able to
	 * do any more, with the user that both have.  Its child never returns.
	 */
	int (*divide)(struct sl_process *process);

	/*
	 * confine lists what the process still needs.  SIGHUP's files are
	 * granted already.  NULL: the process is not confined.
	 */
	void (*confine)(const struct sl_process *process, struct sl_confine *confine);

	/*
	 * start begins work on process->loop.  The process is announced as ready
	 * when it returns, unless it set manual_ready and calls
	 * sl_process_ready later.
	 */
	int (*start)(struct sl_process *process);
	bool manual_ready;

	/*
	 * reload follows a SIGHUP whose files are right; process->config and
	 * ->catalog are the new ones, the old ones live until it returns (a
	 * catalog that is still referenced, longer).
	 */
	void (*reload)(struct sl_process *process, const struct sl_config *old_config,
	    const struct sl_catalog *old_catalog);

	/*
	 * drain follows SIGTERM or SIGINT: finish and call sl_process_end.
	 * NULL ends at once.  A second signal ends at once, too, and so does
	 * the deadline.
	 */
	void (*drain)(struct sl_process *process);
	int64_t (*drain_ms)(const struct sl_process *process);

	/*
	 * stop frees everything that acquire and start made, also after either
	 * has failed half-way.  The loop no longer runs, but still exists.
	 */
	void (*stop)(struct sl_process *process);
};

/*
 * sl_process_run is main: it returns the exit code.  state becomes
 * process->state.
 */
int sl_process_run(
    const struct sl_process_spec *spec, int argc, char **argv, void *state);

/*
 * sl_process_ready announces that the process serves: a log line, and a
 * newline on --notify-fd, which is then closed.  Once; later calls do nothing.
 */
void sl_process_ready(struct sl_process *process);

/* sl_process_end leaves the loop; the process ends with code (EX_OK, …). */
void sl_process_end(struct sl_process *process, int code);

#endif
