/* SPDX-License-Identifier: Apache-2.0 */
/* CPU per delivery and memory per client of a gateway, beside the bare limit. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * fanout PORT PID TOKEN CLIENTS RATE SECONDS [ROUNDS]
 *
 * PORT and PID are a gateway's that gateway-source feeds with RATE events per
 * second.  Each round measures the bare limit (a process that sends the same
 * bytes to as many sockets, one send each) and then the gateway, both by the
 * CPU time that the server itself used; the table has a row per round and the
 * medians.  Reading is done by this process, outside of what is measured.
 */
#define MAX_CLIENTS 20000
#define MAX_ROUNDS  9

struct side {
	double us; /* CPU time per delivery */
	double deliveries;
};

static int sockets[MAX_CLIENTS];
static int clients;
static int epfd;
static uint64_t received_bytes;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* CPU seconds of all threads of a process. */
static double cpu_s(pid_t pid)
{
	clockid_t clock;
	struct timespec ts;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		die("clock_getcpuclockid");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double pss_kib(pid_t pid)
{
	char path[64];
	char line[256];
	double kib = 0;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		sscanf(line, "Pss: %lf", &kib);
	fclose(file);
	return kib;
}

static int dial(int port)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	/* A reset at the end leaves no port waiting for the next round. */
	struct linger linger = {.l_onoff = 1};
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	return fd;
}

static void add(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
	sockets[clients++] = fd;
}

static void drain_until(double end)
{
	static char buffer[1 << 16];
	struct epoll_event events[256];

	for (;;) {
		double left = end - now_s();
		if (left <= 0)
			return;
		int n = epoll_wait(epfd, events, 256, (int)(left * 1000) + 1);
		for (int i = 0; i < n; i++) {
			ssize_t got = read(events[i].data.fd, buffer, sizeof buffer);
			if (got > 0)
				received_bytes += (uint64_t)got;
			else if (got == 0)
				epoll_ctl(epfd, EPOLL_CTL_DEL, events[i].data.fd, NULL);
		}
	}
}

static void close_all(void)
{
	for (int i = 0; i < clients; i++)
		close(sockets[i]);
	clients = 0;
}

/* ---- the bare limit
 * ---------------------------------------------------------------------- */

static void bare_server(int listener, int count, int rate, size_t bytes)
{
	static int out[MAX_CLIENTS];
	static char frame[1 << 16];
	struct itimerspec period = {
	    .it_interval.tv_nsec = 1000000000 / rate, .it_value.tv_nsec = 1};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t ticks;

	for (int i = 0; i < count; i++)
		out[i] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (rate == 1)
		period.it_interval = (struct timespec){.tv_sec = 1};
	timerfd_settime(timer, 0, &period, NULL);
	while (read(timer, &ticks, sizeof ticks) == sizeof ticks) {
		for (int i = 0; i < count; i++) {
			if (send(out[i], frame, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
			    errno != EAGAIN)
				_exit(0);
		}
	}
}

static struct side measure(pid_t pid, double seconds, double message_bytes)
{
	double cpu = cpu_s(pid);
	uint64_t bytes = received_bytes;

	drain_until(now_s() + seconds);
	struct side side = {
	    .deliveries = (double)(received_bytes - bytes) / message_bytes};
	side.us = (cpu_s(pid) - cpu) * 1e6 / side.deliveries;
	return side;
}

static struct side run_bare(int count, int rate, double seconds, size_t bytes)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 4096) ||
	    getsockname(listener, (struct sockaddr *)&at, &len))
		die("listen");
	pid_t pid = fork();
	if (pid == 0) {
		bare_server(listener, count, rate, bytes);
		_exit(0);
	}
	for (int i = 0; i < count; i++)
		add(dial(ntohs(at.sin_port)));
	drain_until(now_s() + 1);
	struct side side = measure(pid, seconds, (double)bytes);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(listener);
	close_all();
	return side;
}

/* ---- the gateway
 * --------------------------------------------------------------------------- */

static void send_all(int fd, const char *data, size_t len)
{
	if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
}

static void open_client(int port, const char *token)
{
	static const char subscribe[] =
	    "{\"type\":\"subscribe\",\"data\":{\"topics\":[\"events.bench.>\"]}}";
	char request[8192 + 512];
	char answer[4096];
	unsigned char frame[6 + sizeof subscribe];
	size_t payload = sizeof subscribe - 1;
	int fd = dial(port);
	int n = snprintf(request, sizeof request,
	    "GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Authorization: Bearer %s\r\n\r\n",
	    token);

	send_all(fd, request, (size_t)n);
	ssize_t got = recv(fd, answer, sizeof answer - 1, 0);
	answer[got > 0 ? got : 0] = '\0';
	if (!strstr(answer, " 101 ")) {
		fprintf(stderr, "fanout: refused: %.300s\n", answer);
		exit(1);
	}
	/* A mask of zeroes leaves the payload as it is. */
	memcpy(frame, "\x81\x00\0\0\0\0", 6);
	frame[1] = (unsigned char)(0x80 | payload);
	memcpy(frame + 6, subscribe, payload);
	send_all(fd, (char *)frame, 6 + payload);
	add(fd);
}

/* The bytes of one event on the wire, seen by a client of its own. */
static size_t message_bytes(int port, const char *token, int rate)
{
	uint64_t before;

	open_client(port, token);
	drain_until(now_s() + 1);
	before = received_bytes;
	drain_until(now_s() + 2);
	size_t bytes = (size_t)((double)(received_bytes - before) / (2.0 * rate) + 0.5);
	close_all();
	return bytes;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof *values, by_value);
	return values[n / 2];
}

int main(int argc, char **argv)
{
	struct rlimit files = {65536, 65536};
	double bare[MAX_ROUNDS];
	double ours[MAX_ROUNDS];
	double ratio[MAX_ROUNDS];

	if (argc < 7) {
		fprintf(stderr,
		    "usage: fanout PORT PID TOKEN CLIENTS RATE SECONDS [ROUNDS]\n");
		return 64;
	}
	int port = atoi(argv[1]);
	pid_t pid = (pid_t)atoi(argv[2]);
	int count = atoi(argv[4]);
	int rate = atoi(argv[5]);
	double seconds = atof(argv[6]);
	int rounds = argc > 7 ? atoi(argv[7]) : 3;
	if (count < 1 || count > MAX_CLIENTS || rounds < 1 || rounds > MAX_ROUNDS)
		return 64;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	size_t bytes = message_bytes(port, argv[3], rate);
	printf("%d clients, %d events/s, %zu bytes a message\n", count, rate, bytes);
	printf("%-6s %16s %16s %8s %14s %16s\n", "round", "bare us/delivery",
	    "gateway us/del.", "ratio", "KiB a client", "connects/s");
	for (int r = 0; r < rounds; r++) {
		bare[r] = run_bare(count, rate, seconds, bytes).us;
		double pss = pss_kib(pid);
		double begin = now_s();
		for (int i = 0; i < count; i++)
			open_client(port, argv[3]);
		double connects = count / (now_s() - begin);
		drain_until(now_s() + 1);
		pss = (pss_kib(pid) - pss) / count;
		struct side side = measure(pid, seconds, (double)bytes);
		ours[r] = side.us;
		ratio[r] = ours[r] / bare[r];
		printf("%-6d %16.2f %16.2f %8.2f %14.2f %16.0f   delivered %.1f %%\n",
		    r + 1, bare[r], ours[r], ratio[r], pss, connects,
		    100 * side.deliveries / (count * rate * seconds));
		fflush(stdout);
		close_all();
		drain_until(now_s() + 1);
	}
	printf("%-6s %16.2f %16.2f %8.2f\n", "median", median(bare, rounds),
	    median(ours, rounds), median(ratio, rounds));
	return 0;
}
