/* SPDX-License-Identifier: Apache-2.0 */
#include "confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "error.h"
#include "landlock.h"
#include "log.h"

/*
 * The filter lists what a daemon needs; the rest answers EPERM (ENOSYS where
 * libc has another way).  execve is in neither list: nothing here ever starts a
 * program.  Names that this libseccomp or machine does not know are skipped.
 */
static const char *const allowed[] = {
    /* memory and threads */
    "brk",
    "clone",
    "clone3",
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "get_robust_list",
    "getcpu",
    "madvise",
    "membarrier",
    "memfd_create",
    "mlock",
    "mlock2",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munmap",
    "rseq",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_setaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    /* files */
    "access",
    "chmod",
    "chown",
    "close",
    "close_range",
    "copy_file_range",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fcntl",
    "fdatasync",
    "flock",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "getcwd",
    "getdents64",
    "lseek",
    "lstat",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "splice",
    "stat",
    "statfs",
    "statx",
    "symlink",
    "sync_file_range",
    "truncate",
    "umask",
    "unlink",
    "unlinkat",
    "utimensat",
    "write",
    "writev",
    /* waiting and time */
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd2",
    "gettimeofday",
    "nanosleep",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "pselect6",
    "restart_syscall",
    "select",
    "signalfd4",
    "time",
    "timer_create",
    "timer_delete",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    /* signals */
    "pause",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sigaltstack",
    "tgkill",
    /* about itself */
    "capget",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "getsid",
    "gettid",
    "getuid",
    "prctl",
    "prlimit64",
    "setpriority",
    "sysinfo",
    "times",
    "uname",
    /* sockets; which kinds, see below */
    "accept",
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socketpair",
    /* FIONREAD, SIOCOUTQ, FIONBIO, TCGETS */
    "ioctl",
};

/* What libc tries first and can do without. */
static const char *const absent[] = {"io_uring_setup", "io_uring_enter",
    "io_uring_register", "pidfd_open", "pidfd_send_signal", "pidfd_getfd"};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int add_rules(
    scmp_filter_ctx filter, uint32_t action, const char *const *name, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(name[i]);

		/* Negative: another architecture's, or newer than libseccomp. */
		if (number < 0)
			continue;
		int rc = seccomp_rule_add(filter, action, number, 0);
		if (rc)
			return rc;
	}
	return 0;
}

static int allow_socket(scmp_filter_ctx filter, int domain)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)domain, 0));
}

static int add_grants(scmp_filter_ctx filter, unsigned grants)
{
	int rc = allow_socket(filter, AF_UNIX);

	if (rc == 0 && grants & (SL_CONFINE_INET_LISTEN | SL_CONFINE_INET_CONNECT))
		rc = allow_socket(filter, AF_INET);
	if (rc == 0 && grants & (SL_CONFINE_INET_LISTEN | SL_CONFINE_INET_CONNECT))
		rc = allow_socket(filter, AF_INET6);
	if (rc == 0 && grants & SL_CONFINE_NETLINK)
		rc = allow_socket(filter, AF_NETLINK);
	if (rc == 0 && grants & SL_CONFINE_SIGNAL)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 0);
	static const char *const watch[] = {
	    "inotify_init1", "inotify_add_watch", "inotify_rm_watch"};
	if (rc == 0 && grants & SL_CONFINE_WATCH)
		rc = add_rules(
		    filter, SCMP_ACT_ALLOW, watch, sizeof watch / sizeof *watch);
#ifdef SANITIZED
	/* LeakSanitizer looks at the threads of its own process when that ends. */
	static const char *const sanitizer[] = {
	    "ptrace", "wait4", "kill", "arch_prctl", "getdents"};
	if (rc == 0)
		rc = add_rules(filter, SCMP_ACT_ALLOW, sanitizer,
		    sizeof sanitizer / sizeof *sanitizer);
#endif
	return rc;
}

static int apply_seccomp(const struct sl_confine *confine)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!filter)
		return SL_ENOMEM;
	int rc =
	    add_rules(filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof *allowed);
	if (rc == 0)
		rc = add_rules(filter, SCMP_ACT_ERRNO(ENOSYS), absent,
		    sizeof absent / sizeof *absent);
	if (rc == 0)
		rc = add_grants(filter, confine->grants);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	if (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP) {
		sl_log_warn("confine", "no-seccomp reason=\"%s\"", strerror(-rc));
		return 0;
	}
	sl_log_error("confine", "seccomp-failed reason=\"%s\"", strerror(-rc));
	return SL_ESYS;
}

void sl_confine_path(struct sl_confine *confine, const char *path, bool write)
{
	if (confine->path_count == SL_CONFINE_PATHS_MAX)
		abort();
	confine->path[confine->path_count].path = path;
	confine->path[confine->path_count++].write = write;
}

int sl_confine_apply(const struct sl_confine *confine)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		sl_log_error(
		    "confine", "no-new-privs-failed reason=\"%s\"", strerror(errno));
		return SL_ESYS;
	}
	int rc = sl_landlock_apply(confine);
	return rc ? rc : apply_seccomp(confine);
}
