/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load that the benchmarks put on a server: N clients in one epoll loop.
 * They count what arrives, measure how old it is, and find holes in it.  The
 * same program loads a gateway and bench/bare, so that both see the same client.
 *
 * It does what it is told on stdin, one line at a time, and answers each line
 * with one JSON object; until the next line it goes on reading its sockets.
 *
 *   connect N   opens N clients more and waits until all of them are served
 *   measure S   counts for S seconds
 *   status      what each client has seen so far
 *   close       resets all connections
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tally.h"

#define HANDSHAKES  256u /* under way at once */
#define CLIENTS_MAX 50000u
#define PER_ADDRESS 20000u /* one source address has 28,000 ports */
#define CONNECT_NS  (60 * SL_NS_PER_S)
#define MESSAGE_MAX (1u << 20)
#define STDIN_ID    UINT32_MAX
#define ALERT       "\"type\":\"system_alert\""

enum phase { CONNECTING, UPGRADING, SUBSCRIBING, LIVE, GONE };

struct client {
	int fd;
	enum phase phase;
	int64_t last_n; /* -1: none yet */
	char *partial;  /* a frame whose end has not come */
	size_t partial_len;
};

static struct {
	uint16_t port[16]; /* servers take turns */
	unsigned ports;
	const char *topic; /* NULL: clients do not subscribe */
	bool sse;
	bool alerts; /* measure alerts by the time of their sample, not events */
	char **tokens;
	size_t token_count;
} option = {.topic = "events.bench.>"};

static struct client clients[CLIENTS_MAX];
static unsigned started, live, gone;
static int epoll;

static struct tally seen;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- what is measured ---------------------------------------------------------- */

/* The number that follows key, and where it ends; -1 if there is none. */
static int64_t number_after(const char **at, const char *end, const char *key)
{
	size_t len = strlen(key);
	const char *p = memmem(*at, (size_t)(end - *at), key, len);
	int64_t value = 0;

	if (!p)
		return -1;
	for (p += len; p < end && *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (*p - '0');
	*at = p;
	return value;
}

static void count_message(struct client *client, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	int64_t now_ns = sl_clock_wall_ns(), ts_ns;

	if (option.alerts) {
		if (!memmem(text, len, ALERT, strlen(ALERT)))
			return;
		ts_ns = number_after(&at, end, "\"ts\":") * SL_NS_PER_US;
	} else {
		ts_ns = number_after(&at, end, "\"ts_ns\":");
		if (ts_ns < 0)
			seen.gaps += memmem(text, len, "\"type\":\"gap\"", 12) != NULL;
		else
			tally_order(
			    &seen, &client->last_n, number_after(&at, end, "\"n\":"));
	}
	if (ts_ns >= 0)
		tally_age(&seen, now_ns - ts_ns);
}

/* ---- one client ------------------------------------------------------------------ */

static void drop(struct client *client)
{
	if (client->phase == GONE)
		return;
	if (client->phase == LIVE)
		live--;
	gone++;
	client->phase = GONE;
	close(client->fd);
	free(client->partial);
	client->partial = NULL;
	client->partial_len = 0;
}

static void put(struct client *client, const void *data, size_t len)
{
	if (send(client->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		drop(client);
}

static void serve(struct client *client)
{
	client->phase = LIVE;
	live++;
}

/* A masked text frame; a mask of zeroes is allowed and costs nothing. */
static void subscribe(struct client *client)
{
	unsigned char frame[6 + 126] = {0x81};
	int len = snprintf((char *)frame + 6, 126,
	    "{\"type\":\"subscribe\",\"data\":{\"topics\":[\"%s\"]}}", option.topic);

	frame[1] = (unsigned char)(0x80 | len);
	client->phase = SUBSCRIBING;
	put(client, frame, 6 + (size_t)len);
}

static void start_client(unsigned i)
{
	struct client *client = &clients[i];
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(option.port[i % option.ports]),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK + i / PER_ADDRESS)};
	struct epoll_event ev = {.events = EPOLLOUT, .data.u32 = i};
	struct linger reset = {.l_onoff = 1}; /* leaves no port waiting */
	int one = 1;

	*client = (struct client){.last_n = -1};
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		die("socket");
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (bind(client->fd, (struct sockaddr *)&from, sizeof from) != 0)
		die("bind");
	if (connect(client->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &ev) != 0)
		die("epoll_ctl");
}

static void ask(unsigned i)
{
	static const char upgrade[] =
	    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Protocol: sightline.v1.json\r\n";
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
	char request[9000];
	bool token = option.token_count > 0;
	int len = snprintf(request, sizeof request,
	    "GET /api/v1/%s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s\r\n",
	    option.sse ? "stream" : "ws", option.sse ? "" : upgrade,
	    token ? "Authorization: Bearer " : "",
	    token ? option.tokens[i % option.token_count] : "", token ? "\r\n" : "");

	clients[i].phase = UPGRADING;
	epoll_ctl(epoll, EPOLL_CTL_MOD, clients[i].fd, &ev);
	put(&clients[i], request, (size_t)len);
}

/* The length of head and body of the frame at data; false if it is not all there. */
static bool frame_at(const unsigned char *data, size_t len, size_t *head, size_t *body)
{
	if (len < 2)
		return false;
	*body = data[1] & 0x7f;
	*head = *body < 126 ? 2 : *body == 126 ? 4 : 10;
	if (len < *head)
		return false;
	if (*head > 2) {
		*body = 0;
		for (size_t i = 2; i < *head; i++)
			*body = *body << 8 | data[i];
	}
	return *body <= len - *head;
}

static size_t take_frames(struct client *client, const char *data, size_t len)
{
	size_t at = 0, head, body;

	while (client->phase != GONE &&
	       frame_at((const unsigned char *)data + at, len - at, &head, &body)) {
		const char *text = data + at + head;
		switch (data[at] & 0x0f) {
		case 1:
			if (client->phase == LIVE)
				count_message(client, text, body);
			else if (memmem(text, body, "\"subscribed\"", 12))
				serve(client);
			break;
		case 8:
			fprintf(stderr, "load: closed: %.*s\n",
			    body > 2 ? (int)body - 2 : 0, text + 2);
			drop(client);
			break;
		case 9:
			put(client, "\x8a\x80\0\0\0", 6);
			break;
		}
		at += head + body;
	}
	return at;
}

/* Takes the head of the answer; returns its length, 0 if more of it has to come. */
static size_t take_answer(struct client *client, const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4);

	if (!end)
		return 0;
	if (memcmp(data, option.sse ? "HTTP/1.1 200" : "HTTP/1.1 101", 12) != 0) {
		fprintf(
		    stderr, "load: refused: %.*s\n", len < 600 ? (int)len : 600, data);
		drop(client);
	} else if (option.sse || !option.topic) {
		serve(client);
	} else {
		subscribe(client);
	}
	return (size_t)(end + 4 - data);
}

static void on_readable(struct client *client)
{
	static char buf[MESSAGE_MAX];
	size_t len = client->partial_len, taken = 0;

	memcpy(buf, client->partial ? client->partial : "", len);
	ssize_t n = recv(client->fd, buf + len, sizeof buf - len, 0);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			drop(client);
		return;
	}
	len += (size_t)n;
	if (seen.on)
		seen.bytes += (uint64_t)n;
	if (client->phase == UPGRADING)
		taken = take_answer(client, buf, len);
	if (option.sse && client->phase == LIVE)
		taken = len;
	else if (client->phase == SUBSCRIBING || client->phase == LIVE)
		taken += take_frames(client, buf + taken, len - taken);
	if (client->phase == GONE)
		return;
	client->partial = realloc(client->partial, len - taken + 1);
	if (!client->partial)
		die("memory");
	memcpy(client->partial, buf + taken, len - taken);
	client->partial_len = len - taken;
}

/* ---- the loop ------------------------------------------------------------------- */

/* One round of reading; true if stdin has something to say. */
static bool turn(int timeout_ms)
{
	struct epoll_event events[512];
	int n = epoll_wait(epoll, events, 512, timeout_ms);
	bool told = false;

	for (int i = 0; i < n; i++) {
		uint32_t id = events[i].data.u32;
		if (id == STDIN_ID)
			told = true;
		else if (clients[id].phase == CONNECTING)
			ask(id);
		else if (clients[id].phase != GONE)
			on_readable(&clients[id]);
	}
	return told;
}

static void run_connect(unsigned count)
{
	unsigned target = started + count, live_before = live, gone_before = gone;
	int64_t began_ns = sl_clock_mono_ns();

	if (target > CLIENTS_MAX) {
		fprintf(stderr, "load: more than %u clients\n", CLIENTS_MAX);
		exit(64);
	}
	while (live + gone < target && sl_clock_mono_ns() - began_ns < CONNECT_NS) {
		while (started < target && started - live - gone < HANDSHAKES)
			start_client(started++);
		turn(10);
	}
	printf("{\"connected\":%u,\"refused\":%u,\"seconds\":%.6f}\n", live - live_before,
	    gone - gone_before,
	    (double)(sl_clock_mono_ns() - began_ns) / (double)SL_NS_PER_S);
}

static void run_measure(double seconds)
{
	int64_t began_ns = sl_clock_mono_ns();
	int64_t end_ns = began_ns + (int64_t)(seconds * (double)SL_NS_PER_S);

	tally_begin(&seen);
	while (sl_clock_mono_ns() < end_ns)
		turn(5);
	seen.on = false;
	printf("{\"clients\":%u,\"gone\":%u,\"seconds\":%.6f,", live, gone,
	    (double)(sl_clock_mono_ns() - began_ns) / (double)SL_NS_PER_S);
	tally_print(&seen);
	printf("}\n");
}

static void run_status(void)
{
	int64_t least = INT64_MAX, most = -1;

	for (unsigned i = 0; i < started; i++) {
		if (clients[i].phase == GONE)
			continue;
		least = clients[i].last_n < least ? clients[i].last_n : least;
		most = clients[i].last_n > most ? clients[i].last_n : most;
	}
	printf("{\"live\":%u,\"gone\":%u,\"least_n\":%" PRId64 ",\"most_n\":%" PRId64
	       ",\"holes\":%" PRIu64 ",\"repeats\":%" PRIu64 ",\"gaps\":%" PRIu64 "}\n",
	    live, gone, least, most, seen.holes, seen.repeats, seen.gaps);
}

static void run_close(void)
{
	unsigned count = live;

	for (unsigned i = 0; i < started; i++)
		drop(&clients[i]);
	started = live = gone = 0;
	printf("{\"closed\":%u}\n", count);
}

static void obey(const char *line)
{
	if (strncmp(line, "connect ", 8) == 0)
		run_connect((unsigned)strtoul(line + 8, NULL, 10));
	else if (strncmp(line, "measure ", 8) == 0)
		run_measure(strtod(line + 8, NULL));
	else if (strcmp(line, "status\n") == 0)
		run_status();
	else if (strcmp(line, "close\n") == 0)
		run_close();
	else
		printf("{\"error\":\"unknown command\"}\n");
	fflush(stdout);
}

static void read_tokens(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[8192];

	if (!file)
		die(path);
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\r\n")] = '\0';
		option.tokens = realloc(
		    option.tokens, (option.token_count + 1) * sizeof *option.tokens);
		if (!option.tokens)
			die("memory");
		option.tokens[option.token_count++] = strdup(line);
	}
	fclose(file);
}

static void add_port(const char *text)
{
	if (option.ports == sizeof option.port / sizeof *option.port) {
		fprintf(stderr, "load: too many ports\n");
		exit(64);
	}
	option.port[option.ports++] = (uint16_t)atoi(text);
}

int main(int argc, char **argv)
{
	static const struct option flags[] = {{"port", required_argument, NULL, 'p'},
	    {"topic", required_argument, NULL, 't'},
	    {"tokens", required_argument, NULL, 'k'}, {"sse", no_argument, NULL, 's'},
	    {"idle", no_argument, NULL, 'i'}, {"alerts", no_argument, NULL, 'a'}, {0}};
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = STDIN_ID};
	struct rlimit files;
	char line[256];
	int flag;

	while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		switch (flag) {
		case 'p':
			add_port(optarg);
			break;
		case 't':
			option.topic = optarg;
			break;
		case 'k':
			read_tokens(optarg);
			break;
		case 's':
			option.sse = true;
			break;
		case 'i':
			option.topic = NULL;
			break;
		case 'a':
			option.alerts = true;
			break;
		default:
			return 64;
		}
	}
	if (option.ports == 0) {
		fprintf(stderr,
		    "usage: bench_load --port N… [--topic T | --idle] [--sse] "
		    "[--alerts] [--tokens FILE]\n");
		return 64;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	setvbuf(stdin, NULL, _IONBF, 0);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev) != 0)
		die("epoll");
	for (;;) {
		while (!turn(1000))
			;
		if (!fgets(line, sizeof line, stdin))
			return 0;
		obey(line);
	}
}
