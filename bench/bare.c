/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical limit that a gateway is measured against: an epoll loop that
 * accepts, answers every request with a fixed 101, and sends the same frame to
 * all clients with one send(2) each.  No parsing, no access control, no views.
 *
 * usage: bench_bare PORT.  Reads lines "R BYTES" from stdin: from then on R
 * messages a second of BYTES on the wire, 0 for none; answers "ok".
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/clock.h"

#define FDS       (1 << 17)
#define FRAME_MAX 65536u

enum { NEW, UPGRADED, MEMBER };

/* "dGhlIHNhbXBsZSBub25jZQ==" is RFC 6455's example of a key; this is its answer. */
static const char answer[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: sightline.v1.json\r\n\r\n";
static const char subscribed[] = "\x81\x15{\"type\":\"subscribed\"}";

static int members[FDS], place[FDS], member_count;
static char phase[FDS];
static size_t frame_bytes;
static int64_t number;

static void die(const char *what)
{
	fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_on(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0)
		die("listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll_ctl");
}

static void accept_all(int listener, int epoll)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		phase[fd] = NEW;
		watch(epoll, fd);
	}
}

static void leave(int fd)
{
	if (phase[fd] == MEMBER) {
		int last = members[--member_count];
		members[place[fd]] = last;
		place[last] = place[fd];
	}
	close(fd);
}

static void on_client(int fd)
{
	char buf[16384];
	ssize_t n = recv(fd, buf, sizeof buf, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			leave(fd);
	} else if (phase[fd] == NEW) {
		phase[fd] = UPGRADED;
		send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
	} else if (phase[fd] == UPGRADED) {
		phase[fd] = MEMBER;
		place[fd] = member_count;
		members[member_count++] = fd;
		send(fd, subscribed, sizeof subscribed - 1, MSG_NOSIGNAL);
	}
}

static void broadcast(void)
{
	static unsigned char frame[FRAME_MAX + 128];
	char *body = (char *)frame + 4;
	int len = sprintf(body,
	    "{\"type\":\"event\",\"data\":{\"payload\":{\"ts_ns\":%" PRId64
	    ",\"n\":%" PRId64 ",\"pad\":\"",
	    sl_clock_wall_ns(), number++);

	while ((size_t)len + 4 + 4 < frame_bytes)
		body[len++] = 'x';
	memcpy(body + len, "\"}}}", 4);
	len += 4;
	frame[0] = 0x81;
	frame[1] = 126;
	frame[2] = (unsigned char)(len >> 8);
	frame[3] = (unsigned char)len;
	for (int i = 0; i < member_count; i++)
		send(members[i], frame, (size_t)len + 4, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void obey(int timer)
{
	char line[256];
	double rate;
	size_t bytes;
	struct itimerspec period = {0};
	ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);

	if (n <= 0)
		exit(0);
	line[n] = '\0';
	if (sscanf(line, "%lf %zu", &rate, &bytes) != 2 || bytes > FRAME_MAX) {
		fprintf(stderr, "bare: not understood: %s", line);
		exit(64);
	}
	frame_bytes = bytes;
	if (rate > 0) {
		int64_t ns = (int64_t)((double)SL_NS_PER_S / rate);
		period.it_value = period.it_interval =
		    (struct timespec){ns / SL_NS_PER_S, ns % SL_NS_PER_S};
	}
	timerfd_settime(timer, 0, &period, NULL);
	puts("ok");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct epoll_event events[512];
	struct rlimit files;
	uint64_t ticks;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_bare PORT\n");
		return 64;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max < FDS ? files.rlim_max : FDS;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	int listener = listen_on(atoi(argv[1])), epoll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	watch(epoll, listener);
	watch(epoll, timer);
	watch(epoll, STDIN_FILENO);
	for (;;) {
		int n = epoll_wait(epoll, events, 512, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				accept_all(listener, epoll);
			else if (fd == STDIN_FILENO)
				obey(timer);
			else if (fd != timer)
				on_client(fd);
			else if (read(timer, &ticks, sizeof ticks) == sizeof ticks)
				while (ticks-- > 0)
					broadcast();
		}
	}
}
