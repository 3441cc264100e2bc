/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor_net.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0a

/* The inode of a listening socket on this port in /proc/net/tcp or tcp6; 0: none. */
static unsigned long find_inode(const char *table, unsigned port)
{
	char line[512];
	unsigned local, state;
	unsigned long inode = 0;
	FILE *f = fopen(table, "re");

	if (!f)
		return 0;
	while (inode == 0 && fgets(line, sizeof(line), f)) {
		unsigned long found;

		if (sscanf(line,
			" %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s "
			"%*d %*d %lu",
			&local, &state, &found) == 3 &&
		    local == port && state == STATE_LISTEN)
			inode = found;
	}
	fclose(f);
	return inode;
}

static bool holds(const char *pid, const char *socket_name)
{
	char path[300];
	char target[64];
	bool found = false;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *fds = opendir(path);

	if (!fds)
		return false;
	while (!found && (entry = readdir(fds))) {
		ssize_t n =
		    readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (n > 0) {
			target[n] = '\0';
			found = strcmp(target, socket_name) == 0;
		}
	}
	closedir(fds);
	return found;
}

static void name_process(const char *pid, char *owner, size_t size)
{
	char path[300];
	char command[256] = "?";

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	FILE *f = fopen(path, "re");

	if (f) {
		/* The first argument: its name is not cut at 15 bytes like comm. */
		size_t n = fread(command, 1, sizeof(command) - 1, f);

		command[n] = '\0';
		fclose(f);
	}
	const char *base = strrchr(command, '/');

	snprintf(owner, size, "%.40s (pid %.10s)", base ? base + 1 : command, pid);
}

bool ctl_doctor_port_owner(unsigned port, char *owner, size_t size)
{
	char socket_name[64];
	struct dirent *entry;
	unsigned long inode = find_inode("/proc/net/tcp", port);

	if (inode == 0)
		inode = find_inode("/proc/net/tcp6", port);
	if (inode == 0)
		return false;
	snprintf(socket_name, sizeof(socket_name), "socket:[%lu]", inode);
	snprintf(owner, size, "?");
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !holds(entry->d_name, socket_name))
			continue;
		name_process(entry->d_name, owner, size);
		break;
	}
	if (proc)
		closedir(proc);
	return true;
}
