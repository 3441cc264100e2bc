/* SPDX-License-Identifier: Apache-2.0 */
#include "kin.h"

#include <signal.h>
#include <unistd.h>

#include "procs.h"

struct search {
	pid_t self;
	const pid_t *spare;
	size_t spare_count;
	size_t killed;
};

static bool look(void *arg, const struct col_parse_process *process)
{
	struct search *search = arg;
	pid_t pid = (pid_t)process->pid;

	if ((pid_t)process->ppid != search->self)
		return true;
	for (size_t i = 0; i < search->spare_count; i++)
		if (search->spare[i] == pid)
			return true;
	search->killed += kill(pid, SIGKILL) == 0;
	return true;
}

size_t col_kin_kill(const pid_t *spare, size_t spare_count)
{
	struct search search = {
	    .self = getpid(), .spare = spare, .spare_count = spare_count};
	struct col_procs procs = {0};

	if (col_procs_open(&procs) == 0)
		col_procs_visit(&procs, look, &search);
	col_procs_close(&procs);
	return search.killed;
}
