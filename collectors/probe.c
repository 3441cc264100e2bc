/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"

/*
 * Design notes.  A measurement goes resolve -> connect -> send -> read ->
 * drain; finish() is the only way out of the first four and calls done
 * exactly once.  After the status line is known the result is reported and
 * the rest of the answer is drained up to DRAIN_MAX, so that the server does
 * not see a reset; the same deadline bounds that, too.
 */
enum step { IDLE, RESOLVE, CONNECT, SEND, READ, DRAIN };

#define DRAIN_MAX (64u << 10)

struct col_probe {
	struct col_resolver *resolver;
	struct col_probe_target target;
	int64_t timeout_ms;
	col_probe_fn *done;
	void *arg;

	enum step step;
	struct col_resolver_query *query;     /* NULL: no name is being resolved */
	struct evutil_addrinfo *found, *next; /* all addresses, and the one to try next */
	struct event *begin;
	struct event *deadline;
	struct event *io;
	int fd;
	int64_t started_ns; /* monotonic */
	struct sl_buf out;  /* what is left to send */
	char in[COL_PROBE_LINE_MAX + 1];
	size_t in_len;
	size_t drained;
};

/* Ends the connection, not the measurement's result. */
static void hang_up(struct col_probe *probe)
{
	if (probe->io != NULL)
		event_free(probe->io);
	probe->io = NULL;
	if (probe->fd >= 0)
		close(probe->fd);
	probe->fd = -1;
	if (probe->query != NULL)
		col_resolver_cancel(probe->query);
	probe->query = NULL;
	if (probe->found != NULL)
		evutil_freeaddrinfo(probe->found);
	probe->found = probe->next = NULL;
	event_del(probe->deadline);
	probe->step = IDLE;
}

static void finish(struct col_probe *probe, bool success, bool drain, const char *reason)
{
	int64_t elapsed_ns = sl_clock_mono_ns() - probe->started_ns;

	if (drain)
		probe->step = DRAIN;
	else
		hang_up(probe);
	probe->done(probe->arg, success, elapsed_ns, reason);
}

static void fail(struct col_probe *probe, const char *what, const char *why)
{
	char reason[160];

	snprintf(reason, sizeof(reason), "%s: %s", what, why);
	finish(probe, false, false, reason);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	static const char *const doing[] = {[RESOLVE] = "resolving the name",
	    [CONNECT] = "connecting",
	    [SEND] = "sending",
	    [READ] = "waiting for an answer"};
	struct col_probe *probe = arg;

	(void)fd;
	(void)what;
	if (probe->step == DRAIN) {
		hang_up(probe);
		return;
	}
	fail(probe, "timed out", doing[probe->step]);
}

/* ---- request and answer ------------------------------------------------------- */

static void read_answer(struct col_probe *probe)
{
	ssize_t n = recv(probe->fd, probe->in + probe->in_len,
	    sizeof(probe->in) - 1 - probe->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(probe, "reading", strerror(errno));
		return;
	}
	if (n == 0) {
		fail(probe, "reading", "closed without an answer");
		return;
	}
	probe->in_len += (size_t)n;
	int status = col_probe_target_status((struct sl_slice){probe->in, probe->in_len});
	if (status == SL_EAGAIN && probe->in_len < sizeof(probe->in) - 1)
		return;
	if (status < 0) {
		fail(probe, "reading", "the answer is not HTTP/1");
		return;
	}
	char reason[32] = "";
	if (status >= 400)
		snprintf(reason, sizeof(reason), "status %d", status);
	finish(probe, status < 400, true, reason);
}

static void drain(struct col_probe *probe)
{
	char rest[4096];
	ssize_t n = recv(probe->fd, rest, sizeof(rest), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		probe->drained += (size_t)n;
	if (n <= 0 || probe->drained >= DRAIN_MAX)
		hang_up(probe);
}

static void watch(struct col_probe *probe, short what);

static void send_request(struct col_probe *probe)
{
	ssize_t n =
	    send(probe->fd, probe->out.data, probe->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(probe, "sending", strerror(errno));
		return;
	}
	sl_buf_drop(&probe->out, (size_t)n);
	if (probe->out.len > 0)
		return;
	probe->step = READ;
	watch(probe, EV_READ);
}

static void connected(struct col_probe *probe)
{
	if (!probe->target.http) {
		finish(probe, true, false, "");
		return;
	}
	sl_buf_reset(&probe->out);
	col_probe_target_request(&probe->target, &probe->out);
	probe->in_len = 0;
	probe->drained = 0;
	probe->step = SEND;
	send_request(probe);
}

static void try_next(struct col_probe *probe, const char *why);

static void check_connect(struct col_probe *probe)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		try_next(probe, strerror(error));
	else
		connected(probe);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct col_probe *probe = arg;

	(void)fd;
	(void)what;
	switch (probe->step) {
	case CONNECT:
		check_connect(probe);
		break;
	case SEND:
		send_request(probe);
		break;
	case READ:
		read_answer(probe);
		break;
	case DRAIN:
		drain(probe);
		break;
	case IDLE:
	case RESOLVE:
		break;
	}
}

static void watch(struct col_probe *probe, short what)
{
	if (probe->io != NULL)
		event_free(probe->io);
	probe->io = event_new(
	    probe->resolver->loop, probe->fd, (short)(what | EV_PERSIST), on_io, probe);
	if (probe->io == NULL || event_add(probe->io, NULL) != 0)
		fail(probe, "watching the socket", strerror(errno));
}

/* ---- connecting --------------------------------------------------------------- */

/* Returns NULL, or why it cannot connect. */
static const char *connect_to(
    struct col_probe *probe, const struct sockaddr *address, socklen_t len)
{
	if (probe->io != NULL)
		event_free(probe->io);
	probe->io = NULL;
	if (probe->fd >= 0)
		close(probe->fd);
	probe->step = CONNECT;
	probe->fd =
	    socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe->fd < 0)
		return strerror(errno);
	/* A unix socket whose queue is full says EAGAIN: that service does not answer. */
	if (connect(probe->fd, address, len) != 0 && errno != EINPROGRESS)
		return strerror(errno);
	watch(probe, EV_WRITE);
	return NULL;
}

/* Tries the addresses that are left; why is what became of the last one. */
static void try_next(struct col_probe *probe, const char *why)
{
	while (why != NULL && probe->next != NULL) {
		const struct evutil_addrinfo *address = probe->next;
		probe->next = address->ai_next;
		why = connect_to(probe, address->ai_addr, address->ai_addrlen);
	}
	if (why != NULL)
		fail(probe, "connecting", why);
}

static void on_resolved(void *arg, int error, struct evutil_addrinfo *found)
{
	struct col_probe *probe = arg;

	probe->query = NULL;
	probe->found = probe->next = found;
	if (error != 0 || found == NULL)
		fail(probe, "resolving the name", evutil_gai_strerror(error));
	else
		try_next(probe, "no address");
}

static void resolve(struct col_probe *probe)
{
	probe->step = RESOLVE;
	struct col_resolver_query *query = col_resolver_ask(
	    probe->resolver, probe->target.host, probe->target.port, on_resolved, probe);
	if (query != NULL)
		probe->query = query;
}

/* Runs from the loop, so that done is never called from within col_probe_start. */
static void on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct col_probe *probe = arg;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)fd;
	(void)what;
	probe->started_ns = sl_clock_mono_ns();
	struct timeval timeout = sl_loop_ms(probe->timeout_ms);
	event_add(probe->deadline, &timeout);
	if (probe->target.unix_path[0] == '\0') {
		resolve(probe);
		return;
	}
	memcpy(address.sun_path, probe->target.unix_path, sizeof(address.sun_path));
	const char *why =
	    connect_to(probe, (const struct sockaddr *)&address, sizeof(address));
	if (why != NULL)
		fail(probe, "connecting", why);
}

/* ---- life cycle --------------------------------------------------------------- */

struct col_probe *col_probe_new(struct col_resolver *resolver,
    const struct col_probe_target *target, int64_t timeout_ms, col_probe_fn *done,
    void *arg)
{
	struct col_probe *probe = calloc(1, sizeof(*probe));

	if (probe == NULL)
		abort();
	probe->resolver = resolver;
	probe->target = *target;
	probe->timeout_ms = timeout_ms;
	probe->done = done;
	probe->arg = arg;
	probe->fd = -1;
	probe->begin = evtimer_new(resolver->loop, on_begin, probe);
	probe->deadline = evtimer_new(resolver->loop, on_deadline, probe);
	if (probe->begin == NULL || probe->deadline == NULL)
		abort();
	return probe;
}

void col_probe_free(struct col_probe *probe)
{
	if (probe == NULL)
		return;
	hang_up(probe);
	event_free(probe->begin);
	event_free(probe->deadline);
	sl_buf_clear(&probe->out);
	free(probe);
}

bool col_probe_start(struct col_probe *probe)
{
	struct timeval now = {0};

	if (probe->step == DRAIN)
		hang_up(probe);
	if (probe->step != IDLE)
		return false;
	probe->step = RESOLVE;
	return event_add(probe->begin, &now) == 0;
}
