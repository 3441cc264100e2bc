/* SPDX-License-Identifier: Apache-2.0 */
#include "procs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "error.h"

/* A stat line has about 350 bytes; of a command line the first word counts. */
#define READ_MAX 4096u

int col_procs_open(struct col_procs *procs)
{
	procs->dir = opendir("/proc");
	return procs->dir != NULL ? 0 : SL_ESYS;
}

void col_procs_close(struct col_procs *procs)
{
	if (procs->dir != NULL)
		closedir(procs->dir);
	procs->dir = NULL;
	sl_buf_clear(&procs->text);
}

/* Reads the beginning of /proc/<name>/<file>. */
static int read_file(
    struct col_procs *procs, const char *name, const char *file, struct sl_slice *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", name, file);
	int fd = openat(dirfd(procs->dir), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return SL_ENOTFOUND;
	sl_buf_reset(&procs->text);
	ssize_t n = read(fd, sl_buf_reserve(&procs->text, READ_MAX), READ_MAX);
	close(fd);
	if (n <= 0)
		return SL_ENOTFOUND;
	*text = (struct sl_slice){procs->text.data, (size_t)n};
	return 0;
}

static int read_process(
    struct col_procs *procs, const char *name, struct col_parse_process *out)
{
	struct sl_slice text;
	int rc = read_file(procs, name, "stat", &text);

	return rc != 0 ? rc : col_parse_process(text, out);
}

int col_procs_visit(struct col_procs *procs,
    bool (*fn)(void *arg, const struct col_parse_process *process), void *arg)
{
	struct col_parse_process process;

	rewinddir(procs->dir);
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(procs->dir);
		if (entry == NULL)
			return errno == 0 ? 0 : SL_ESYS;
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		if (read_process(procs, entry->d_name, &process) == 0 &&
		    !fn(arg, &process))
			return 0;
	}
}

int col_procs_find(struct col_procs *procs, uint64_t pid, struct col_parse_process *out)
{
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)pid);
	return read_process(procs, name, out) == 0 ? 0 : SL_ENOTFOUND;
}

bool col_procs_is_program(
    struct col_procs *procs, const struct col_parse_process *process, const char *name)
{
	struct sl_slice cmdline;
	char number[24];

	if (!col_parse_may_be_program(process->comm, name))
		return false;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)process->pid);
	if (read_file(procs, number, "cmdline", &cmdline) != 0)
		cmdline = (struct sl_slice){"", 0}; /* a kernel thread has none */
	return col_parse_is_program(process->comm, cmdline, name);
}

bool col_procs_is_running(const struct col_parse_process *process)
{
	return process->state != 'Z' && process->state != 'X' && process->state != 'x';
}
