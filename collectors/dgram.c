/* SPDX-License-Identifier: Apache-2.0 */
#include "dgram.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"

/*
 * Design notes.  Drops are read from the socket (SO_MEMINFO), not from what the
 * kernel puts beside each datagram (SO_RXQ_OVFL): that one tells only with the
 * next datagram what was lost before it, so the last losses of a burst would
 * stay unknown until somebody sends again.  Both are the same counter.
 *
 * Buffers lie apart by a stride that is no power of two: the heads of all
 * datagrams would share the same few lines of the cache otherwise.
 */

#define BATCH  64u
#define STRIDE (COL_DGRAM_MAX + 33 * 64)

/* Batches in one turn of the loop, so that signals and timers are heard. */
#define TURNS 16

/* linux/sock_diag.h: place of the drops in SO_MEMINFO, and how many there are. */
#define MEMINFO_DROPS 8
#define MEMINFO_COUNT 9

struct col_dgram {
	int fd;
	struct event *event;
	col_dgram_fn *fn;
	void *arg;
	char *buffers;
	struct iovec iov[BATCH];
	struct mmsghdr message[BATCH];
	uint32_t drops_seen; /* the kernel's counter wraps */
	uint64_t drops;
	char path[108]; /* of a unix socket; "" */
	struct stat file;
};

static int fail(char *error, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(char *error, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, COL_DGRAM_ERROR, fmt, args);
	va_end(args);
	return code;
}

static int code_of(int number)
{
	return number == EADDRINUSE                  ? SL_EEXIST
	       : number == EACCES || number == EPERM ? SL_EDENIED
						     : SL_ESYS;
}

/* ---- reading ----------------------------------------------------------------- */

/* Returns how many there were; fewer than BATCH: no more for now. */
static unsigned read_batch(struct col_dgram *dgram)
{
	int got = recvmmsg(dgram->fd, dgram->message, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < got; i++) {
		const struct mmsghdr *message = &dgram->message[i];
		dgram->fn(dgram->arg, dgram->iov[i].iov_base, message->msg_len,
		    message->msg_hdr.msg_flags & MSG_TRUNC);
	}
	return got > 0 ? (unsigned)got : 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct col_dgram *dgram = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < TURNS && read_batch(dgram) == BATCH; i++)
		;
}

void col_dgram_drain(struct col_dgram *dgram)
{
	/* Whoever sends without end does not keep us from ending. */
	for (int i = 0; i < 100 * TURNS && read_batch(dgram) > 0; i++)
		;
}

uint64_t col_dgram_dropped(struct col_dgram *dgram)
{
	uint32_t info[MEMINFO_COUNT] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(dgram->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
	    len >= sizeof(info)) {
		dgram->drops += info[MEMINFO_DROPS] - dgram->drops_seen;
		dgram->drops_seen = info[MEMINFO_DROPS];
	}
	return dgram->drops;
}

/* ---- life cycle -------------------------------------------------------------- */

/* FORCE passes the system's bound where the starter may; without it, up to that. */
static void set_buffer(int fd, size_t bytes)
{
	int half = (int)(bytes / 2 > 1 ? bytes / 2 : 1); /* the kernel doubles it */

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &half, sizeof(half)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof(half));
}

static struct col_dgram *dgram_new(int fd, col_dgram_fn *fn, void *arg)
{
	struct col_dgram *dgram = calloc(1, sizeof(*dgram));

	if (dgram == NULL)
		abort();
	dgram->buffers = malloc((size_t)BATCH * STRIDE);
	if (dgram->buffers == NULL)
		abort();
	for (unsigned i = 0; i < BATCH; i++) {
		dgram->iov[i] =
		    (struct iovec){dgram->buffers + (size_t)i * STRIDE, COL_DGRAM_MAX};
		dgram->message[i].msg_hdr =
		    (struct msghdr){.msg_iov = &dgram->iov[i], .msg_iovlen = 1};
	}
	dgram->fd = fd;
	dgram->fn = fn;
	dgram->arg = arg;
	return dgram;
}

static int watch(struct event_base *base, struct col_dgram *dgram, const char *name,
    struct col_dgram **out, char error[COL_DGRAM_ERROR])
{
	dgram->event =
	    event_new(base, dgram->fd, EV_READ | EV_PERSIST, on_readable, dgram);
	if (dgram->event == NULL || event_add(dgram->event, NULL) != 0) {
		col_dgram_close(dgram);
		return fail(error, SL_ESYS, "cannot watch %s", name);
	}
	*out = dgram;
	return 0;
}

void col_dgram_close(struct col_dgram *dgram)
{
	struct stat now;

	if (dgram == NULL)
		return;
	if (dgram->event != NULL)
		event_free(dgram->event);
	if (dgram->path[0] != '\0' && lstat(dgram->path, &now) == 0 &&
	    now.st_ino == dgram->file.st_ino && now.st_dev == dgram->file.st_dev)
		unlink(dgram->path);
	close(dgram->fd);
	free(dgram->buffers);
	free(dgram);
}

/* ---- UDP --------------------------------------------------------------------- */

static socklen_t make_address(
    const char *host, uint16_t port, struct sockaddr_storage *storage)
{
	struct sl_addr addr;
	const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;

	memset(storage, 0, sizeof(*storage));
	if (sl_addr_parse(&addr, numeric, strlen(numeric)) != 0)
		return 0;
	if (addr.family == SL_ADDR_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)storage;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr.ip, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, addr.ip, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

int col_dgram_open_udp(struct event_base *base, const char *host, uint16_t port,
    size_t buffer_bytes, col_dgram_fn *fn, void *arg, struct col_dgram **out,
    char error[COL_DGRAM_ERROR])
{
	struct sockaddr_storage address;
	socklen_t len = make_address(host, port, &address);
	char name[128];

	snprintf(name, sizeof(name), "%.80s, UDP port %u", host, port);
	if (len == 0)
		return fail(error, SL_EINVAL,
		    "cannot receive on \"%.80s\": not an IPv4 or IPv6 address", host);
	int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, SL_ESYS, "cannot make a socket for %s: %s", name,
		    strerror(errno));
	set_buffer(fd, buffer_bytes);
	if (bind(fd, (struct sockaddr *)&address, len) != 0) {
		int code = code_of(errno);
		fail(error, code, "cannot receive on %s: %s", name,
		    code == SL_EEXIST ? "the port is in use" : strerror(errno));
		close(fd);
		return code;
	}
	return watch(base, dgram_new(fd, fn, arg), name, out, error);
}

uint16_t col_dgram_port(const struct col_dgram *dgram)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	struct sl_addr addr;

	if (getsockname(dgram->fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	sl_addr_from_sockaddr(&addr, (struct sockaddr *)&address, len);
	return addr.port;
}

size_t col_dgram_buffer(const struct col_dgram *dgram)
{
	int bytes = 0;
	socklen_t len = sizeof(bytes);

	getsockopt(dgram->fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len);
	return (size_t)bytes;
}

/* ---- unix -------------------------------------------------------------------- */

/* Removes a socket's file that nobody reads; SL_EEXIST if it must stay. */
static int remove_stale(
    int fd, const struct sockaddr_un *address, char error[COL_DGRAM_ERROR])
{
	struct stat file;

	if (lstat(address->sun_path, &file) != 0)
		return 0;
	if (!S_ISSOCK(file.st_mode))
		return fail(error, SL_EEXIST, "%.120s is there and is not a socket",
		    address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return fail(
		    error, SL_EEXIST, "another process reads %.120s", address->sun_path);
	unlink(address->sun_path);
	return 0;
}

int col_dgram_open_unix(struct event_base *base, const char *path, size_t buffer_bytes,
    col_dgram_fn *fn, void *arg, struct col_dgram **out, char error[COL_DGRAM_ERROR])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(error, SL_ETOOBIG,
		    "%.120s: a socket's path has at most %zu bytes", path,
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, SL_ESYS, "cannot make a socket: %s", strerror(errno));
	set_buffer(fd, buffer_bytes);
	int code = remove_stale(fd, &address, error);
	if (code == 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
			     chmod(path, 0666) != 0)) {
		code = code_of(errno);
		fail(error, code, "cannot receive on %.120s: %s", path, strerror(errno));
	}
	if (code != 0) {
		close(fd);
		return code;
	}
	struct col_dgram *dgram = dgram_new(fd, fn, arg);
	memcpy(dgram->path, address.sun_path, sizeof(dgram->path));
	if (lstat(path, &dgram->file) != 0)
		dgram->path[0] = '\0';
	return watch(base, dgram, path, out, error);
}
