/* SPDX-License-Identifier: Apache-2.0 */
/* What a process gives up for good before it reads anything from outside. */
#ifndef SL_CONFINE_H
#define SL_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Everything that is not granted here is refused by the kernel: starting
 * programs always; files outside the listed paths (Landlock, where the kernel
 * has it); kinds of sockets and rare system calls (seccomp).
 */
enum sl_confine_grant {
	SL_CONFINE_INET_LISTEN = 1 << 0,  /* bind and accept on TCP and UDP */
	SL_CONFINE_INET_CONNECT = 1 << 1, /* connect over TCP and UDP */
	SL_CONFINE_NETLINK = 1 << 2,      /* ask the kernel about its network */
	SL_CONFINE_SIGNAL = 1 << 3,       /* signal processes outside */
	SL_CONFINE_WATCH = 1 << 4,        /* be told of changed files (inotify) */
};

#define SL_CONFINE_PATHS_MAX 64

struct sl_confine {
	unsigned grants;
	struct {
		const char *path; /* a file, or a directory with all below it */
		bool write;       /* also create, change, remove */
	} path[SL_CONFINE_PATHS_MAX];
	size_t path_count;
};

/*
 * sl_confine_path adds a path; strings must live until sl_confine_apply.  One
 * that does not exist is skipped, so name the directory of what will be
 * created.  Descriptors that are already open stay usable.  Aborts past
 * SL_CONFINE_PATHS_MAX.
 */
void sl_confine_path(struct sl_confine *confine, const char *path, bool write);

/*
 * sl_confine_apply sets no_new_privs, Landlock and seccomp for the calling
 * thread and those that it starts later: call it before the first thread.
 * Logs what the kernel lacks and goes
 * on; returns 0, or SL_ESYS after a log line where it refuses what it has.
 */
int sl_confine_apply(const struct sl_confine *confine);

#endif
