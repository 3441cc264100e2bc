/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "keeper_command.h"
#include "kin.h"
#include "nanny.h"

/*
 * Design notes.  A single thread that sleeps in poll(2): a message, or a child
 * that ended.  Each run of a script has a process of its own around it (nanny.c)
 * that waits for it, keeps its time to stop and cleans up behind it; so the
 * keeper has no timers, and an end that it tells is the end of all of it.
 */

#define STRAYS_MS 100 /* between two looks for strays at the end */
#define PATIENCE  10  /* such looks until nannies are killed, too */

struct keeper {
	int socket;
	int signals; /* signalfd of SIGCHLD */
	const struct sl_config_collector *section;
	struct col_keeper_command *command; /* one for each script */
	pid_t *nanny;                       /* likewise; 0: it does not run */
	size_t count;
};

/* The script's ends of its descriptors, and the collector's. */
struct pipes {
	int out[2], err[2], in[2];
};

/* ---- telling ------------------------------------------------------------------ */

static void tell(const struct keeper *keeper, enum col_keeper_verb verb, uint32_t script,
    int32_t value, const int *fd, size_t fd_count)
{
	struct col_keeper_message message = {verb, script, value};
	union {
		char bytes[CMSG_SPACE(COL_KEEPER_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec data = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd_count > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		struct cmsghdr *item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(item), fd, fd_count * sizeof(int));
	}
	/* A collector that is gone is noticed by the next receive. */
	while (sendmsg(keeper->socket, &header, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* ---- runs --------------------------------------------------------------------- */

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	pair[0] = pair[1] = -1;
}

static void close_pipes(struct pipes *pipes)
{
	close_pair(pipes->out);
	close_pair(pipes->err);
	close_pair(pipes->in);
}

/* A script that runs once reads nothing; the others may be waked by their stdin. */
static bool open_pipes(struct pipes *pipes, bool once)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
	bool made =
	    pipe2(pipes->out, O_CLOEXEC) == 0 && pipe2(pipes->err, O_CLOEXEC) == 0;

	if (made && once)
		made = (pipes->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;
	else if (made)
		made = pipe2(pipes->in, O_CLOEXEC) == 0;
	/* Of our ends only: each end of a pipe has flags of its own. */
	if (made && fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) == 0 &&
	    fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) == 0 &&
	    (once || fcntl(pipes->in[1], F_SETFL, O_NONBLOCK) == 0))
		return true;
	int error = errno;
	close_pipes(pipes);
	errno = error;
	return false;
}

static void start(struct keeper *keeper, uint32_t script)
{
	const struct sl_config_script *section = &keeper->section->script[script];
	bool once = strcmp(section->mode, "oneshot") == 0;
	struct pipes pipes;
	pid_t self = getpid();

	if (keeper->nanny[script] != 0) {
		tell(keeper, COL_KEEPER_FAILED, script, EBUSY, NULL, 0);
		return;
	}
	if (!open_pipes(&pipes, once)) {
		tell(keeper, COL_KEEPER_FAILED, script, errno, NULL, 0);
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		col_nanny_run(&(struct col_nanny_orders){
		    .argv = keeper->command[script].argv,
		    .envp = keeper->command[script].envp,
		    .directory = section->directory,
		    .in = pipes.in[0],
		    .out = pipes.out[1],
		    .err = pipes.err[1],
		    .stop_ms = section->stop_timeout_ms,
		    .keeper = self,
		});
	if (pid < 0) {
		tell(keeper, COL_KEEPER_FAILED, script, errno, NULL, 0);
	} else {
		int fd[COL_KEEPER_FDS] = {pipes.out[0], pipes.err[0], pipes.in[1]};
		keeper->nanny[script] = pid;
		tell(keeper, COL_KEEPER_STARTED, script, pid, fd, once ? 2 : 3);
	}
	close_pipes(&pipes);
}

static int signal_number(const struct sl_config_script *section)
{
	if (strcmp(section->signal, "SIGHUP") == 0)
		return SIGHUP;
	if (strcmp(section->signal, "SIGUSR1") == 0)
		return SIGUSR1;
	return strcmp(section->signal, "SIGUSR2") == 0 ? SIGUSR2 : 0;
}

/* Also one that a script has stopped: it runs as the same user. */
static void signal_nanny(pid_t nanny, int number)
{
	kill(nanny, number);
	kill(nanny, SIGCONT);
}

/* False where the collector is gone, or says what only a defect can make it say. */
static bool obey(struct keeper *keeper)
{
	struct col_keeper_message message;
	ssize_t n = recv(keeper->socket, &message, sizeof(message), 0);

	if (n < 0 && errno == EINTR)
		return true;
	if (n != (ssize_t)sizeof(message) || message.script >= keeper->count)
		return false;
	pid_t nanny = keeper->nanny[message.script];
	int number = 0;
	switch (message.verb) {
	case COL_KEEPER_START:
		start(keeper, message.script);
		return true;
	case COL_KEEPER_SIGNAL:
		number = signal_number(&keeper->section->script[message.script]);
		break;
	case COL_KEEPER_STOP:
		number = SIGTERM;
		break;
	default:
		return false;
	}
	if (nanny != 0 && number != 0)
		signal_nanny(nanny, number);
	return true;
}

/* ---- ends --------------------------------------------------------------------- */

static size_t list_nannies(const struct keeper *keeper, pid_t *list)
{
	size_t count = 0;

	for (size_t i = 0; i < keeper->count; i++)
		if (keeper->nanny[i] != 0)
			list[count++] = keeper->nanny[i];
	return count;
}

/* What a nanny leaves that was killed itself has become ours. */
static void kill_strays(const struct keeper *keeper)
{
	pid_t *list = calloc(keeper->count, sizeof(*list));

	if (list == NULL)
		abort();
	col_kin_kill(list, list_nannies(keeper, list));
	free(list);
}

/* Waits for what has ended; true while there are children. */
static bool reap(struct keeper *keeper)
{
	bool stray = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool known = false;
		for (size_t i = 0; i < keeper->count; i++)
			if (keeper->nanny[i] == pid) {
				known = true;
				keeper->nanny[i] = 0;
				tell(keeper, COL_KEEPER_ENDED, (uint32_t)i, status, NULL,
				    0);
			}
		/* Those that the dead had adopted or started are ours now. */
		stray |= !known || WIFSIGNALED(status);
	}
	if (stray)
		kill_strays(keeper);
	return pid == 0;
}

/* What has ended is asked of the kernel, not of these. */
static void forget_signals(const struct keeper *keeper)
{
	struct signalfd_siginfo info;

	while (read(keeper->signals, &info, sizeof(info)) > 0)
		;
}

static void signal_nannies(const struct keeper *keeper, int number)
{
	for (size_t i = 0; i < keeper->count; i++)
		if (keeper->nanny[i] != 0)
			signal_nanny(keeper->nanny[i], number);
}

static _Noreturn void finish(struct keeper *keeper)
{
	struct pollfd wait = {.fd = keeper->signals, .events = POLLIN};

	signal_nannies(keeper, SIGINT);
	for (unsigned idle = 0; reap(keeper);) {
		if (poll(&wait, 1, STRAYS_MS) > 0) {
			forget_signals(keeper);
			continue;
		}
		/* Also without a signal: a stray may have become ours meanwhile. */
		kill_strays(keeper);
		/* Whoever has not ended by now is kept from it. */
		if (++idle == PATIENCE)
			signal_nannies(keeper, SIGKILL);
	}
	_exit(0);
}

static _Noreturn void work(struct keeper *keeper)
{
	struct pollfd wait[2] = {{.fd = keeper->socket, .events = POLLIN},
	    {.fd = keeper->signals, .events = POLLIN}};

	for (;;) {
		if (poll(wait, 2, -1) < 0)
			continue;
		/* Ends first: a script that is started again has ended before. */
		if (wait[1].revents != 0) {
			forget_signals(keeper);
			reap(keeper);
		}
		if (wait[0].revents != 0 && !obey(keeper))
			finish(keeper);
	}
}

/* ---- beginning ---------------------------------------------------------------- */

/* A session of its own, so that a terminal's Ctrl-C is the collector's alone. */
static _Noreturn void be_keeper(struct keeper *keeper)
{
	sigset_t set;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	prctl(PR_SET_NAME, "exec-keeper");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (null < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(127);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	/* Everything of the collector's but standard error and the socket. */
	if (keeper->socket != STDERR_FILENO + 1) {
		dup3(keeper->socket, STDERR_FILENO + 1, O_CLOEXEC);
		keeper->socket = STDERR_FILENO + 1;
	}
	close_range((unsigned)keeper->socket + 1, ~0U, 0);
	/* It ends when its socket does; before that nobody's signal ends it.  A
	 * nanny waits for the same ones: none is lost before it does. */
	signal(SIGCHLD, SIG_DFL); /* ignored, the ends of children would be, too */
	col_nanny_signals(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	keeper->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	keeper->nanny = calloc(keeper->count, sizeof(*keeper->nanny));
	keeper->command = calloc(keeper->count, sizeof(*keeper->command));
	if (keeper->signals < 0 || keeper->nanny == NULL || keeper->command == NULL)
		_exit(127);
	for (size_t i = 0; i < keeper->count; i++)
		col_keeper_command_init(
		    &keeper->command[i], keeper->section, &keeper->section->script[i]);
	work(keeper);
}

int col_keeper_fork(const struct sl_config_collector *section, int *fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return SL_ESYS;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		be_keeper(&(struct keeper){.socket = pair[1],
		    .section = section,
		    .count = section->script_count});
	}
	int error = errno;
	close(pair[1]);
	if (pid > 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0) {
		*fd = pair[0];
		return 0;
	}
	close(pair[0]);
	errno = error;
	return SL_ESYS;
}
