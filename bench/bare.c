/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical limit that the fan-out is measured against: an epoll loop that
 * accepts, answers every request with a fixed 101, and then sends the same
 * frame to every client with one send(2) each, R times a second.  No parsing,
 * no access control, no subscriptions.
 *
 * usage: bare PORT RATE PAYLOAD_BYTES — until SIGTERM.
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
#include <time.h>
#include <unistd.h>

#define FDS (1 << 17)

/* "dGhlIHNhbXBsZSBub25jZQ==" is RFC 6455's example; so is its answer. */
static const char answer[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: sightline.v1.json\r\n\r\n";
static const char subscribed[] = "\x81\x13{\"type\":\"subscribed\"}";

static int members[FDS], member_count;
static char upgraded[FDS];

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_on(int port)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0)
		die("listen");
	return fd;
}

static void accept_all(int listener, int epoll)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		upgraded[fd] = 0;
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

static void leave(int fd)
{
	for (int i = 0; i < member_count; i++)
		if (members[i] == fd)
			members[i--] = members[--member_count];
	close(fd);
}

static void on_client(int fd)
{
	char buf[16384];
	ssize_t n = recv(fd, buf, sizeof buf, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			leave(fd);
	} else if (!upgraded[fd]) {
		upgraded[fd] = 1;
		send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
	} else if (upgraded[fd] == 1) {
		upgraded[fd] = 2;
		members[member_count++] = fd;
		send(fd, subscribed, sizeof subscribed - 1, MSG_NOSIGNAL);
	}
}

static size_t make_frame(unsigned char *frame, int64_t n, size_t payload)
{
	char *body = (char *)frame + 4;
	int len = sprintf(body,
	    "{\"type\":\"event\",\"data\":{\"payload\":{\"ts_ns\":%" PRId64
	    ",\"n\":%" PRId64 ",\"pad\":\"",
	    wall_ns(), n);

	while (len < (int)payload - 4)
		body[len++] = 'x';
	len += sprintf(body + len, "\"}}}");
	frame[0] = 0x81;
	frame[1] = 126;
	frame[2] = (unsigned char)(len >> 8);
	frame[3] = (unsigned char)len;
	return (size_t)len + 4;
}

static void broadcast(size_t payload)
{
	static unsigned char frame[65536];
	static int64_t n;
	size_t len = make_frame(frame, n++, payload);

	for (int i = 0; i < member_count; i++)
		send(members[i], frame, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: bare PORT RATE PAYLOAD_BYTES\n");
		return 64;
	}
	struct rlimit files = {FDS, FDS};
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	int listener = listen_on(atoi(argv[1])), epoll = epoll_create1(EPOLL_CLOEXEC);
	double rate = atof(argv[2]);
	size_t payload = (size_t)atoi(argv[3]);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener};
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
	ev.data.fd = timer;
	epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &ev);
	if (rate > 0) {
		long period = (long)(1e9 / rate);
		struct itimerspec it = {{period / 1000000000, period % 1000000000},
		    {period / 1000000000, period % 1000000000}};
		timerfd_settime(timer, 0, &it, NULL);
	}
	for (;;) {
		struct epoll_event events[512];
		int n = epoll_wait(epoll, events, 512, -1);
		for (int i = 0; i < n; i++) {
			uint64_t ticks;
			if (events[i].data.fd == listener)
				accept_all(listener, epoll);
			else if (events[i].data.fd != timer)
				on_client(events[i].data.fd);
			else if (read(timer, &ticks, sizeof ticks) == sizeof ticks)
				while (ticks-- > 0)
					broadcast(payload);
		}
	}
}
