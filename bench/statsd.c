/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_statsd send PORT SECONDS FORM: packed datagrams of StatsD lines to
 * 127.0.0.1, as fast as they go, and one JSON object that says what was sent.
 * FORM: counters (short names), tags (two tags, 1,000 series), mixed (counters,
 * gauges, timers, sets).
 *
 * bench_statsd bare SECONDS: the limit: receives on a port that it prints, finds
 * the line ends, and prints what it read and the CPU time that it took.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

/* What fits into a frame of Ethernet. */
#define DATAGRAM_BYTES 1432

#define BATCH     64
#define DATAGRAMS 512
#define BUFFER    (4 << 20)

static char datagram[DATAGRAMS][DATAGRAM_BYTES];
static size_t length[DATAGRAMS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int make_socket(struct sockaddr_in *address, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER / 2;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	*address = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return fd;
}

/* ---- sending ----------------------------------------------------------------- */

static int make_line(char *out, size_t size, const char *form, unsigned n)
{
	if (strcmp(form, "counters") == 0)
		return snprintf(out, size, "bench_count_%02u:1|c\n", n % 100);
	if (strcmp(form, "tags") == 0)
		return snprintf(out, size,
		    "bench_count_00:1|c|#host:web%03u,zone:eu-%u\n", n % 1000,
		    n % 1000 % 4);
	switch (n % 4) {
	case 0:
		return snprintf(out, size, "bench_count_%02u:1|c|@0.5\n", n / 4 % 100);
	case 1:
		return snprintf(out, size, "bench_level_%02u:%u.5|g\n", n / 4 % 100, n);
	case 2:
		return snprintf(out, size, "bench_timer_%02u:%u.25|ms\n", n / 4 % 100,
		    n * 7 % 1000 + 1);
	default:
		return snprintf(
		    out, size, "bench_set_%02u:user%u|s\n", n / 4 % 100, n % 500);
	}
}

/* Every datagram has as many lines as the shortest can hold: what is lost can be counted.
 */
static unsigned make_datagrams(const char *form)
{
	char line[128];
	unsigned lines = DATAGRAM_BYTES, n = 0;

	for (unsigned i = 0; i < 4000; i++) {
		unsigned fit =
		    DATAGRAM_BYTES / (unsigned)make_line(line, sizeof(line), form, i);
		lines = fit < lines ? fit : lines;
	}
	for (size_t i = 0; i < DATAGRAMS; i++)
		for (unsigned k = 0; k < lines; k++) {
			int len = make_line(line, sizeof(line), form, n++ % 4000);
			memcpy(datagram[i] + length[i], line, (size_t)len);
			length[i] += (size_t)len;
		}
	return lines;
}

static void send_for(uint16_t port, double seconds, const char *form)
{
	struct sockaddr_in address;
	int fd = make_socket(&address, port);
	unsigned lines = make_datagrams(form);
	struct iovec iov[DATAGRAMS];
	struct mmsghdr message[DATAGRAMS] = {0};
	uint64_t sent = 0;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect");
	for (size_t i = 0; i < DATAGRAMS; i++) {
		iov[i] = (struct iovec){datagram[i], length[i]};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	int64_t begin = sl_clock_mono_ns();
	int64_t end = begin + (int64_t)(seconds * (double)SL_NS_PER_S);
	while (sl_clock_mono_ns() < end) {
		int done = sendmmsg(fd, message + sent % DATAGRAMS,
		    DATAGRAMS - sent % DATAGRAMS < BATCH ? DATAGRAMS - sent % DATAGRAMS
							 : BATCH,
		    0);
		if (done < 0)
			die("sendmmsg");
		sent += (uint64_t)done;
	}
	printf("{\"datagrams\":%llu,\"lines\":%u,\"seconds\":%.3f}\n",
	    (unsigned long long)sent, lines,
	    (double)(sl_clock_mono_ns() - begin) / (double)SL_NS_PER_S);
	close(fd);
}

/* ---- the limit --------------------------------------------------------------- */

static uint64_t count_lines(const char *at, size_t len)
{
	const char *end = at + len;
	uint64_t lines = 0;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

static void receive_for(double seconds)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = make_socket(&address, 0);
	struct timeval wait = {.tv_usec = 100000};
	static char buffer[BATCH][DATAGRAM_BYTES];
	struct iovec iov[BATCH];
	struct mmsghdr message[BATCH] = {0};
	struct timespec cpu;
	uint64_t lines = 0;

	if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		die("bind");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){buffer[i], DATAGRAM_BYTES};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	int64_t end = sl_clock_mono_ns() + (int64_t)(seconds * (double)SL_NS_PER_S);
	while (sl_clock_mono_ns() < end) {
		int got = recvmmsg(fd, message, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < got; i++)
			lines += count_lines(buffer[i], message[i].msg_len);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	printf("{\"lines\":%llu,\"cpu_s\":%.6f}\n", (unsigned long long)lines,
	    (double)cpu.tv_sec + (double)cpu.tv_nsec / (double)SL_NS_PER_S);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "send") == 0)
		send_for((uint16_t)atoi(argv[2]), atof(argv[3]), argv[4]);
	else if (argc == 3 && strcmp(argv[1], "bare") == 0)
		receive_for(atof(argv[2]));
	else {
		fprintf(stderr, "usage: bench_statsd send PORT SECONDS "
				"counters|tags|mixed\n"
				"       bench_statsd bare SECONDS\n");
		return 64;
	}
	return 0;
}
