/* SPDX-License-Identifier: Apache-2.0 */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

/*
 * Debian 12's headers know the first version of the interface; the running
 * kernel may know more.  The numbers are the kernel's, see landlock(7); a
 * version's rights are asked for only from kernels that have them.
 */
#define FS_REFER                   (UINT64_C(1) << 13) /* version 2 */
#define FS_TRUNCATE                (UINT64_C(1) << 14) /* 3 */
#define FS_IOCTL_DEV               (UINT64_C(1) << 15) /* 5 */
#define NET_BIND_TCP               (UINT64_C(1) << 0)  /* 4 */
#define NET_CONNECT_TCP            (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0) /* 6 */
#define SCOPE_SIGNAL               (UINT64_C(1) << 1)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                 \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |               \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                 \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_REFER |      \
	    FS_TRUNCATE)
/* Of these, the ones that a file (not a directory) can have. */
#define FS_OF_FILES                                                                      \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE |    \
	    LANDLOCK_ACCESS_FS_EXECUTE | FS_IOCTL_DEV)
#define FS_ALL                                                                           \
	(FS_READ | FS_WRITE | LANDLOCK_ACCESS_FS_EXECUTE |                               \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | FS_IOCTL_DEV)

static uint64_t fs_rights(long version)
{
	uint64_t rights = FS_ALL;

	if (version < 2)
		rights &= ~FS_REFER;
	if (version < 3)
		rights &= ~FS_TRUNCATE;
	if (version < 5)
		rights &= ~FS_IOCTL_DEV;
	return rights;
}

static struct ruleset_attr handled(const struct sl_confine *confine, long version)
{
	struct ruleset_attr attr = {.handled_access_fs = fs_rights(version)};

	if (version >= 4 && !(confine->grants & SL_CONFINE_INET_LISTEN))
		attr.handled_access_net |= NET_BIND_TCP;
	if (version >= 4 && !(confine->grants & SL_CONFINE_INET_CONNECT))
		attr.handled_access_net |= NET_CONNECT_TCP;
	if (version >= 6)
		attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET |
			      (confine->grants & SL_CONFINE_SIGNAL ? 0 : SCOPE_SIGNAL);
	return attr;
}

/* The kernel of a version takes only as much of the struct as it knows. */
static size_t attr_size(long version)
{
	if (version < 4)
		return sizeof(uint64_t);
	return version < 6 ? 2 * sizeof(uint64_t) : sizeof(struct ruleset_attr);
}

static int add_path(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {
	    .allowed_access = rights, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;

	if (rule.parent_fd < 0)
		return 0; /* not there: nothing to grant */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	long rc =
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(rule.parent_fd);
	if (rc == 0)
		return 0;
	sl_log_error("confine", "landlock-rule-failed path=\"%s\" reason=\"%s\"", path,
	    strerror(error));
	return SL_ESYS;
}

/* What libc and every loop read without being asked to. */
static const char *const everyone[] = {"/dev/urandom", "/dev/random", "/etc/localtime",
    "/usr/share/zoneinfo", "/sys/devices/system/cpu", "/proc/self", "/proc/sys/kernel"};

static int add_paths(int ruleset, const struct sl_confine *confine, long version)
{
	uint64_t all = fs_rights(version);
	int rc = add_path(ruleset, "/dev/null",
	    all & (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE));

	for (size_t i = 0; rc == 0 && i < sizeof everyone / sizeof *everyone; i++)
		rc = add_path(ruleset, everyone[i], FS_READ);
	for (size_t i = 0; rc == 0 && i < confine->path_count; i++)
		rc = add_path(ruleset, confine->path[i].path,
		    confine->path[i].write ? all & (FS_READ | FS_WRITE) : FS_READ);
	return rc;
}

int sl_landlock_apply(const struct sl_confine *confine)
{
	long version = syscall(
	    SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1) {
		sl_log_info("confine", "no-landlock reason=\"%s\"", strerror(errno));
		return 0;
	}
	struct ruleset_attr attr = handled(confine, version);
	long ruleset = syscall(SYS_landlock_create_ruleset, &attr, attr_size(version), 0);
	if (ruleset < 0) {
		sl_log_error("confine", "landlock-failed reason=\"%s\"", strerror(errno));
		return SL_ESYS;
	}
	int rc = add_paths((int)ruleset, confine, version);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, (int)ruleset, 0)) {
		sl_log_error("confine", "landlock-failed reason=\"%s\"", strerror(errno));
		rc = SL_ESYS;
	}
	close((int)ruleset);
	return rc;
}
