/* SPDX-License-Identifier: Apache-2.0 */
#include "nanny.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "kin.h"

/*
 * Design notes.  A script may do what it likes: fork, leave its process group and
 * its session, ignore signals, close its descriptors.  What it cannot do is leave
 * its nanny: as a subreaper that inherits every orphan.  So the end of a run is
 * "this process has no more children", which the kernel tells without races and
 * without a list of ours that a script could escape from.
 *
 * Whoever dies, nothing stays.  The collector: the keeper sees its socket close
 * and ends its nannies.  The keeper: a nanny gets SIGINT (PR_SET_PDEATHSIG).  The
 * nanny: its script is killed in the same way, and the orphans become the
 * keeper's, who kills what is no nanny.
 */

#define ROUND_MS     5   /* between two looks at what is left */
#define ROUND_MS_MAX 200 /* where something takes its time to die */

struct nanny {
	pid_t script;
	int status; /* of the script, once it has ended */
	bool ended;
	int64_t kill_ns; /* SIGKILL is due, on the monotonic clock; 0: it is not */
};

/* ---- the script's side -------------------------------------------------------- */

/* Nothing of ours but these three descriptors, and default signals. */
static void shed(const struct col_nanny_orders *orders)
{
	struct rlimit no_core = {0, 0};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	dup2(orders->in, STDIN_FILENO);
	dup2(orders->out, STDOUT_FILENO);
	dup2(orders->err, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	for (int number = 1; number < NSIG; number++)
		sigaction(number, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	umask(022);
}

static _Noreturn void become(const struct col_nanny_orders *orders, pid_t nanny)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != nanny)
		_exit(127); /* it died before this was asked for */
	setsid();
	shed(orders);
	if (chdir(orders->directory) != 0)
		dprintf(STDERR_FILENO, "cannot enter the directory %s: %s\n",
		    orders->directory, strerror(errno));
	else if (execve(orders->argv[0], orders->argv, orders->envp) != 0)
		dprintf(STDERR_FILENO, "cannot run %s: %s\n", orders->argv[0],
		    strerror(errno));
	_exit(127);
}

/* ---- the nanny's side ---------------------------------------------------------- */

void col_nanny_signals(sigset_t *set)
{
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(set, numbers[i]);
}

/* Waits for a signal for at most so long; -1 if none came.  Negative: for ever. */
static int wait_signal(const sigset_t *set, int64_t wait_ns)
{
	struct timespec wait = {wait_ns / SL_NS_PER_S, wait_ns % SL_NS_PER_S};

	return wait_ns < 0 ? sigwaitinfo(set, NULL) : sigtimedwait(set, NULL, &wait);
}

/* The script's group, while its number cannot be somebody else's. */
static void signal_group(const struct nanny *nanny, int number)
{
	/* Before its setsid it has none. */
	if (!nanny->ended && kill(-nanny->script, number) != 0)
		kill(nanny->script, number);
}

/* Waits for what has ended; true while there are children. */
static bool reap(struct nanny *nanny)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
		if (info.si_pid == 0)
			return true;
		int status = 0;
		/* Before its number is free: the rest of its group. */
		if (info.si_pid == nanny->script)
			signal_group(nanny, SIGKILL);
		if (waitpid(info.si_pid, &status, 0) == nanny->script) {
			nanny->ended = true;
			nanny->status = status;
		}
		info.si_pid = 0;
	}
	return false;
}

static void kill_rest(struct nanny *nanny, const sigset_t *set)
{
	int64_t wait_ms = ROUND_MS;

	while (reap(nanny)) {
		col_kin_kill(NULL, 0);
		wait_signal(set, wait_ms * SL_NS_PER_MS);
		wait_ms = wait_ms * 2 < ROUND_MS_MAX ? wait_ms * 2 : ROUND_MS_MAX;
	}
}

static void on_signal(
    struct nanny *nanny, const struct col_nanny_orders *orders, int number)
{
	switch (number) {
	case SIGCHLD:
		reap(nanny);
		break;
	case SIGTERM:
		signal_group(nanny, SIGTERM);
		signal_group(nanny, SIGCONT);
		if (nanny->kill_ns == 0)
			nanny->kill_ns =
			    sl_clock_mono_ns() + orders->stop_ms * SL_NS_PER_MS;
		break;
	case SIGHUP:
	case SIGUSR1:
	case SIGUSR2:
		if (!nanny->ended)
			kill(nanny->script, number);
		break;
	default: /* SIGINT, or the time is over */
		signal_group(nanny, SIGKILL);
		nanny->kill_ns = 0;
	}
}

/* How long to wait: not at all if SIGKILL is due, for ever if it never is. */
static int64_t until_kill(const struct nanny *nanny)
{
	if (nanny->kill_ns == 0)
		return -1;
	int64_t left_ns = nanny->kill_ns - sl_clock_mono_ns();
	return left_ns > 0 ? left_ns : 0;
}

static _Noreturn void end_as(int status)
{
	sigset_t none;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	raise(WTERMSIG(status));
	_exit(128 + WTERMSIG(status));
}

_Noreturn void col_nanny_run(const struct col_nanny_orders *orders)
{
	struct nanny nanny = {0};
	struct rlimit no_core = {0, 0};
	pid_t self = getpid();
	sigset_t set;

	col_nanny_signals(&set);
	prctl(PR_SET_NAME, "exec-nanny");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGINT);
	setrlimit(RLIMIT_CORE, &no_core);
	if (getppid() != orders->keeper)
		_exit(127);
	nanny.script = fork();
	if (nanny.script == 0)
		become(orders, self);
	if (nanny.script < 0) {
		dprintf(orders->err, "cannot fork: %s\n", strerror(errno));
		_exit(127);
	}
	close_range(STDERR_FILENO + 1, ~0U, 0);
	while (!nanny.ended) {
		int number = wait_signal(&set, until_kill(&nanny));

		if (number > 0 || errno == EAGAIN)
			on_signal(&nanny, orders, number);
	}
	kill_rest(&nanny, &set);
	end_as(nanny.status);
}
