/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a named service runs. */
#ifndef COL_SERVICE_H
#define COL_SERVICE_H

#include <stdbool.h>

#include "procs.h"

#define COL_SERVICE_PATH 512

/*
 * One service, told by one of three ways; the strings are the caller's and
 * outlive it.  The rest begins as zeroes and is service.c's.
 */
struct col_service {
	const char *process; /* name of a program, or "" */
	const char *unit;    /* systemd unit, or "" */
	const char *pidfile; /* absolute path, or "" */

	uint64_t pid; /* found last time; 0: none */
	uint64_t start_ticks;
	char unit_path[COL_SERVICE_PATH]; /* its cgroup, found last time; "" */
};

/*
 * col_service_check fills up[i] for each of count services: whether it runs
 * now.  cgroup_root is where cgroup v2 is mounted, "" if it is not: units
 * then count as not running.  Goes through /proc once for all services whose
 * process is not where it was.
 */
void col_service_check(struct col_service *services, size_t count,
    struct col_procs *procs, const char *cgroup_root, bool *up);

/*
 * col_service_populated reads a cgroup.events file: whether a process lives in
 * the group.  Pure.
 */
bool col_service_populated(struct sl_slice text);

#endif
