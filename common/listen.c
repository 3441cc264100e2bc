/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "log.h"
#include "loop.h"

#define ACCEPTS_PER_WAKE 64
#define DEFAULT_BACKLOG  4096
#define DEFAULT_MODE     0660

struct sl_listen {
	struct event *event;
	sl_listen_fn *fn;
	void *arg;
	int fd;
	int spare_fd; /* given up for a moment when descriptors run out */
	bool *closed; /* set when the callback closes the listener */
	int64_t logged_ns;
	struct sl_listen_stats stats;
	struct stat socket_file; /* unix: what bind made, to remove no other's */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "" for TCP */
};

static int fail(char error[SL_LISTEN_ERROR], int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(char error[SL_LISTEN_ERROR], int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, SL_LISTEN_ERROR, fmt, ap);
	va_end(ap);
	return code;
}

static int code_of(int error)
{
	switch (error) {
	case EADDRINUSE:
		return SL_EEXIST;
	case EACCES:
	case EPERM:
		return SL_EDENIED;
	case EADDRNOTAVAIL:
		return SL_EINVAL;
	default:
		return SL_ESYS;
	}
}

/* ---- accepting ------------------------------------------------------------ */

static void log_rarely(struct sl_listen *listener, const char *what, int error)
{
	int64_t now = sl_clock_mono_ns();

	if (listener->logged_ns && now - listener->logged_ns < SL_NS_PER_S)
		return;
	listener->logged_ns = now;
	sl_log_warn("listen", "%s error=\"%s\" refused=%llu", what, strerror(error),
	    (unsigned long long)listener->stats.out_of_fds);
}

/*
 * No descriptor is left.  Left alone, the connection would stay in the queue
 * and wake the loop for ever: it is accepted on the spare one and closed, so
 * that the client learns at once.
 */
static void refuse_one(struct sl_listen *listener, int error)
{
	log_rarely(listener, "out of descriptors", error);
	if (listener->spare_fd >= 0)
		close(listener->spare_fd);
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		listener->stats.out_of_fds++;
		close(fd);
	}
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Returns false when there is nothing more to accept for now. */
static bool accept_one(struct sl_listen *listener)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	struct sl_addr peer;

	int fd = accept4(
	    listener->fd, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE) {
			refuse_one(listener, errno);
			return false;
		}
		if (errno == EAGAIN)
			return false;
		if (errno == EINTR || errno == ECONNABORTED)
			return true;
		listener->stats.failed++;
		log_rarely(listener, "accept failed", errno);
		return false;
	}
	listener->stats.accepted++;
	if (!listener->path[0]) {
		int on = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	sl_addr_from_sockaddr(&peer, (struct sockaddr *)&sa, len);
	listener->fn(listener->arg, fd, &peer);
	return true;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct sl_listen *listener = arg;
	bool closed = false;

	(void)fd;
	(void)what;
	listener->closed = &closed;
	for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
		bool more = accept_one(listener);
		if (closed)
			return;
		if (!more)
			break;
	}
	listener->closed = NULL;
}

static int start(struct event_base *base, struct sl_listen *listener,
    const struct sl_listen_options *options, const char *name, struct sl_listen **out,
    char error[SL_LISTEN_ERROR])
{
	int backlog = options && options->backlog ? options->backlog : DEFAULT_BACKLOG;

	if (listen(listener->fd, backlog) != 0) {
		int code = code_of(errno);
		fail(error, code, "cannot listen on %s: %s", name, strerror(errno));
		sl_listen_close(listener);
		return code;
	}
	listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->event =
	    event_new(base, listener->fd, EV_READ | EV_PERSIST, on_acceptable, listener);
	if (!listener->event || event_add(listener->event, NULL) != 0) {
		fail(error, SL_ESYS, "cannot watch %s for connections", name);
		sl_listen_close(listener);
		return SL_ESYS;
	}
	*out = listener;
	return 0;
}

static struct sl_listen *listener_new(int fd, sl_listen_fn *fn, void *arg)
{
	struct sl_listen *listener = calloc(1, sizeof *listener);

	if (!listener)
		abort();
	listener->fd = fd;
	listener->spare_fd = -1;
	listener->fn = fn;
	listener->arg = arg;
	return listener;
}

/* ---- TCP ------------------------------------------------------------------ */

static int tcp_address(
    const char *host, uint16_t port, struct sockaddr_storage *sa, socklen_t *len)
{
	struct sl_addr addr;
	const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;

	memset(sa, 0, sizeof *sa);
	if (sl_addr_parse(&addr, numeric, strlen(numeric)) != 0)
		return SL_EINVAL;
	if (addr.family == SL_ADDR_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)sa;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr.ip, 4);
		*len = sizeof *in;
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, addr.ip, 16);
		*len = sizeof *in6;
	}
	return 0;
}

static void set_options(int fd, const struct sl_listen_options *options)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (options && options->reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	/* Before listen(2): accepted sockets inherit it. */
	if (options && options->send_buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options->send_buffer,
		    sizeof options->send_buffer);
}

int sl_listen_open_tcp(struct event_base *base, const char *host, uint16_t port,
    const struct sl_listen_options *options, sl_listen_fn *fn, void *arg,
    struct sl_listen **out, char error[SL_LISTEN_ERROR])
{
	struct sockaddr_storage sa;
	socklen_t len;
	char name[128];

	if (strchr(host, ':'))
		snprintf(name, sizeof name, "[%.80s]:%u", host, (unsigned)port);
	else
		snprintf(name, sizeof name, "%.80s:%u", host, (unsigned)port);
	if (tcp_address(host, port, &sa, &len) != 0)
		return fail(error, SL_EINVAL,
		    "cannot listen on \"%.80s\": not an IPv4 or IPv6 address", host);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, SL_ESYS, "cannot make a socket for %s: %s", name,
		    strerror(errno));
	set_options(fd, options);
	if (bind(fd, (struct sockaddr *)&sa, len) != 0) {
		int code = code_of(errno);
		fail(error, code, "cannot listen on %s: %s", name,
		    code == SL_EEXIST ? "the port is in use" : strerror(errno));
		close(fd);
		return code;
	}
	return start(base, listener_new(fd, fn, arg), options, name, out, error);
}

uint16_t sl_listen_port(const struct sl_listen *listener)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof sa;
	struct sl_addr addr;

	if (getsockname(listener->fd, (struct sockaddr *)&sa, &len) != 0)
		return 0;
	sl_addr_from_sockaddr(&addr, (struct sockaddr *)&sa, len);
	return addr.port;
}

/* ---- unix ----------------------------------------------------------------- */

/* Removes a socket file that nobody answers on; SL_EEXIST if it must stay. */
static int remove_stale(const struct sockaddr_un *sa, char error[SL_LISTEN_ERROR])
{
	struct stat st;

	if (lstat(sa->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return fail(error, SL_EEXIST,
		    "cannot listen on %.100s: the file is not a socket", sa->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, SL_ESYS, "cannot make a socket: %s", strerror(errno));
	int refused = connect(fd, (const struct sockaddr *)sa, sizeof *sa) != 0 &&
		      errno == ECONNREFUSED;
	close(fd);
	if (!refused)
		return fail(error, SL_EEXIST,
		    "cannot listen on %.100s: another process does already",
		    sa->sun_path);
	unlink(sa->sun_path);
	return 0;
}

int sl_listen_open_unix(struct event_base *base, const char *path,
    const struct sl_listen_options *options, sl_listen_fn *fn, void *arg,
    struct sl_listen **out, char error[SL_LISTEN_ERROR])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	unsigned mode = options && options->unix_mode ? options->unix_mode : DEFAULT_MODE;

	if (strlen(path) >= sizeof sa.sun_path)
		return fail(error, SL_ETOOBIG,
		    "cannot listen on %.120s: a socket's path has at most %zu bytes",
		    path, sizeof sa.sun_path - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	int code = remove_stale(&sa, error);
	if (code != 0)
		return code;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, SL_ESYS, "cannot make a socket: %s", strerror(errno));
	/* Nobody can connect before listen(2), so the mode is in force in time. */
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || chmod(path, mode) != 0) {
		code = code_of(errno);
		fail(error, code, "cannot listen on %.120s: %s", path, strerror(errno));
		close(fd);
		return code;
	}
	struct sl_listen *listener = listener_new(fd, fn, arg);
	memcpy(listener->path, sa.sun_path, sizeof listener->path);
	if (lstat(path, &listener->socket_file) != 0)
		listener->path[0] = '\0';
	return start(base, listener, options, path, out, error);
}

/* ---- both ----------------------------------------------------------------- */

const struct sl_listen_stats *sl_listen_stats(const struct sl_listen *listener)
{
	return &listener->stats;
}

void sl_listen_finish(struct sl_listen *listener)
{
	if (!listener)
		return;
	for (int i = 0; i < DEFAULT_BACKLOG && accept_one(listener); i++)
		;
	sl_listen_close(listener);
}

void sl_listen_close(struct sl_listen *listener)
{
	struct stat st;

	if (!listener)
		return;
	if (listener->closed)
		*listener->closed = true;
	if (listener->event)
		event_free(listener->event);
	if (listener->path[0] && lstat(listener->path, &st) == 0 &&
	    st.st_ino == listener->socket_file.st_ino &&
	    st.st_dev == listener->socket_file.st_dev)
		unlink(listener->path);
	close(listener->fd);
	if (listener->spare_fd >= 0)
		close(listener->spare_fd);
	free(listener);
}
