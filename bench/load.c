/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load that the fan-out benchmarks put on a server: N WebSocket clients in
 * one epoll loop.  They count what arrives, measure how old it is by the
 * "ts_ns" in it, and find holes by its "n".  Prints one JSON object.
 *
 * The same program loads bench/bare, so that both servers see the same client.
 */
#include <errno.h>
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
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#define NS_PER_S      1000000000LL
#define HANDSHAKES    256 /* under way at once */
#define FINE_US       20000
#define COARSE_MS     20000
#define PARTIAL_BYTES 65536

enum phase { CONNECTING, UPGRADING, SUBSCRIBING, LIVE, GONE };

struct client {
	int fd;
	enum phase phase;
	int64_t last_n; /* -1: none yet */
	uint64_t received;
	char *partial; /* a frame whose end has not come */
	size_t partial_len;
};

static struct {
	const char *host, *path, *topic, *mark;
	int port, clients, seconds, warmup;
	char **tokens;
	size_t token_count;
	bool connect_only;
} option = {.host = "127.0.0.1",
    .path = "/api/v1/ws",
    .topic = "events.bench.>",
    .mark = "\"ts_ns\":",
    .port = 8080,
    .clients = 100,
    .seconds = 10,
    .warmup = 2};

static struct client *clients;
static int epoll, live, gone, started;
static bool measuring;
static uint64_t deliveries, bytes, holes, repeats;
static uint32_t fine[FINE_US], coarse[COARSE_MS + 1];
static uint64_t latencies;
static int64_t latency_sum_ns;

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void record(int64_t ns)
{
	int64_t us = ns / 1000;

	if (us < 0)
		us = 0;
	latencies++;
	latency_sum_ns += ns;
	if (us < FINE_US)
		fine[us]++;
	else
		coarse[us / 1000 < COARSE_MS ? us / 1000 : COARSE_MS]++;
}

/* The latency in microseconds below which the share q lies. */
static int64_t quantile_us(double q)
{
	uint64_t want = (uint64_t)((double)latencies * q), seen = 0;

	for (int i = 0; i < FINE_US; i++)
		if ((seen += fine[i]) > want)
			return i;
	for (int i = 0; i <= COARSE_MS; i++)
		if ((seen += coarse[i]) > want)
			return (int64_t)i * 1000;
	return 0;
}

static void drop(struct client *client)
{
	if (client->phase == LIVE)
		live--;
	if (client->phase != GONE)
		gone++;
	client->phase = GONE;
	close(client->fd);
}

static void put(struct client *client, const char *data, size_t len)
{
	if (send(client->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		drop(client);
}

/* A masked text frame; the mask is zero, which is allowed and costs nothing. */
static void put_text(struct client *client, const char *text)
{
	size_t len = strlen(text), at = 2;
	unsigned char frame[1024] = {0x81};

	if (len < 126) {
		frame[1] = (unsigned char)(0x80 | len);
	} else {
		frame[1] = 0x80 | 126;
		frame[2] = (unsigned char)(len >> 8);
		frame[3] = (unsigned char)len;
		at = 4;
	}
	memset(frame + at, 0, 4);
	memcpy(frame + at + 4, text, len);
	put(client, (char *)frame, at + 4 + len);
}

static void start_client(int i)
{
	struct client *client = &clients[i];
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)option.port)};
	struct epoll_event ev = {.events = EPOLLOUT, .data.u32 = (uint32_t)i};
	int one = 1;

	client->last_n = -1;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		die("socket");
	/* Past 28,000 clients one source address runs out of ports. */
	struct sockaddr_in from = {.sin_family = AF_INET};
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i / 20000));
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(client->fd, (struct sockaddr *)&from, sizeof from) != 0)
		die("bind");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	inet_pton(AF_INET, option.host, &to.sin_addr);
	if (connect(client->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &ev);
	started++;
}

static void upgrade(int i)
{
	struct client *client = &clients[i];
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
	char request[9000];
	int len = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: "
	    "websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Protocol: sightline.v1.json\r\n%s%s%s\r\n",
	    option.path, option.host, option.port,
	    option.token_count ? "Authorization: Bearer " : "",
	    option.token_count ? option.tokens[(size_t)i % option.token_count] : "",
	    option.token_count ? "\r\n" : "");

	client->phase = UPGRADING;
	epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &ev);
	put(client, request, (size_t)len);
}

static int64_t number_after(const char *data, size_t len, const char *key)
{
	const char *at = memmem(data, len, key, strlen(key));
	int64_t value = 0;

	if (!at)
		return -1;
	for (at += strlen(key); at < data + len && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - '0');
	return value;
}

static void got_text(struct client *client, const char *data, size_t len, int64_t now)
{
	if (client->phase == SUBSCRIBING) {
		if (memmem(data, len, "\"subscribed\"", 12)) {
			client->phase = LIVE;
			live++;
		}
		return;
	}
	int64_t ts = number_after(data, len, option.mark);
	if (ts < 0)
		return;
	int64_t n = number_after(data, len, "\"n\":");
	if (n >= 0 && client->last_n >= 0 && n != client->last_n + 1) {
		if (n <= client->last_n)
			repeats++;
		else
			holes += (uint64_t)(n - client->last_n - 1);
	}
	if (n > client->last_n)
		client->last_n = n;
	if (!measuring)
		return;
	client->received++;
	deliveries++;
	record(now - ts);
}

/* Takes whole frames off data; returns how many bytes they were. */
static size_t take_frames(
    struct client *client, const char *data, size_t len, int64_t now)
{
	size_t at = 0;

	while (len - at >= 2 && client->phase != GONE) {
		const unsigned char *frame = (const unsigned char *)data + at;
		size_t head = 2, body = frame[1] & 0x7f;
		if (body == 126) {
			if (len - at < 4)
				break;
			body = (size_t)frame[2] << 8 | frame[3];
			head = 4;
		} else if (body == 127) {
			if (len - at < 10)
				break;
			body = 0;
			for (int i = 2; i < 10; i++)
				body = body << 8 | frame[i];
			head = 10;
		}
		if (len - at < head + body)
			break;
		if ((frame[0] & 0x0f) == 1)
			got_text(client, (const char *)frame + head, body, now);
		else if ((frame[0] & 0x0f) == 9)
			put(client, "\x8a\x80\0\0\0\0", 6);
		else if ((frame[0] & 0x0f) == 8)
			drop(client);
		at += head + body;
	}
	return at;
}

static void keep_partial(struct client *client, const char *data, size_t len)
{
	if (len > PARTIAL_BYTES * 16) {
		drop(client);
		return;
	}
	char *copy = len ? malloc(len) : NULL;
	if (len)
		memcpy(copy, data, len);
	free(client->partial);
	client->partial = copy;
	client->partial_len = len;
}

static void got_bytes(struct client *client, char *data, size_t len, int64_t now)
{
	if (client->phase == UPGRADING) {
		char *end = memmem(data, len, "\r\n\r\n", 4);
		if (len < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0 || !end) {
			fprintf(stderr, "load: refused: %.*s\n",
			    (int)(len < 300 ? len : 300), data);
			drop(client);
			return;
		}
		char text[512];
		snprintf(text, sizeof text,
		    "{\"type\":\"subscribe\",\"data\":{\"topics\":[\"%s\"]}}",
		    option.topic);
		client->phase = SUBSCRIBING;
		put_text(client, text);
		len -= (size_t)(end + 4 - data);
		data = end + 4;
	}
	size_t taken = take_frames(client, data, len, now);
	keep_partial(client, data + taken, len - taken);
}

static void on_readable(struct client *client)
{
	static char buf[1 << 20];
	size_t have = client->partial_len;

	if (have)
		memcpy(buf, client->partial, have);
	ssize_t n = recv(client->fd, buf + have, sizeof buf - have, 0);
	if (n > 0) {
		if (measuring)
			bytes += (uint64_t)n;
		got_bytes(client, buf, have + (size_t)n, wall_ns());
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		drop(client);
	}
}

static void turn(int timeout_ms)
{
	struct epoll_event events[512];
	int n = epoll_wait(epoll, events, 512, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct client *client = &clients[events[i].data.u32];
		if (client->phase == CONNECTING)
			upgrade((int)events[i].data.u32);
		else if (client->phase != GONE)
			on_readable(client);
	}
}

static void read_tokens(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[8192];

	if (!f)
		die(path);
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\r\n")] = '\0';
		option.tokens = realloc(
		    option.tokens, (option.token_count + 1) * sizeof *option.tokens);
		option.tokens[option.token_count++] = strdup(line);
	}
	fclose(f);
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *flag = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(flag, "--connect-only") == 0) {
			option.connect_only = true;
			continue;
		}
		i++;
		if (strcmp(flag, "--port") == 0)
			option.port = atoi(value);
		else if (strcmp(flag, "--clients") == 0)
			option.clients = atoi(value);
		else if (strcmp(flag, "--seconds") == 0)
			option.seconds = atoi(value);
		else if (strcmp(flag, "--warmup") == 0)
			option.warmup = atoi(value);
		else if (strcmp(flag, "--path") == 0)
			option.path = value;
		else if (strcmp(flag, "--topic") == 0)
			option.topic = value;
		else if (strcmp(flag, "--mark") == 0)
			option.mark = value;
		else if (strcmp(flag, "--tokens") == 0)
			read_tokens(value);
		else {
			fprintf(stderr, "load: unknown flag %s\n", flag);
			exit(64);
		}
	}
}

static double connect_all(void)
{
	int64_t began = wall_ns(), deadline = began + 120 * NS_PER_S;

	while (live + gone < option.clients && wall_ns() < deadline) {
		while (started < option.clients && started - live - gone < HANDSHAKES)
			start_client(started);
		turn(10);
	}
	return (double)(wall_ns() - began) / (double)NS_PER_S;
}

static void run_for(int seconds)
{
	int64_t end = wall_ns() + seconds * NS_PER_S;

	while (wall_ns() < end)
		turn(10);
}

/* Tells the script that something has begun, and waits for nobody. */
static void mark(const char *what)
{
	fprintf(stderr, "%s\n", what);
}

int main(int argc, char **argv)
{
	struct rlimit files = {1 << 17, 1 << 17};

	parse(argc, argv);
	setrlimit(RLIMIT_NOFILE, &files);
	clients = calloc((size_t)option.clients, sizeof *clients);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!clients || epoll < 0)
		die("setup");
	double connect_s = connect_all();
	mark("connected");
	if (!option.connect_only)
		run_for(option.warmup);
	measuring = true;
	mark("measuring");
	int64_t began = wall_ns();
	run_for(option.seconds);
	double took = (double)(wall_ns() - began) / (double)NS_PER_S;
	mark("measured");
	printf(
	    "{\"clients\":%d,\"refused\":%d,\"connect_s\":%.4f,\"connects_per_s\":%.0f,"
	    "\"seconds\":%.3f,\"deliveries\":%" PRIu64
	    ",\"per_s\":%.0f,\"bytes\":%" PRIu64 ",\"holes\":%" PRIu64
	    ",\"repeats\":%" PRIu64 ",\"p50_us\":%" PRId64 ",\"p90_us\":%" PRId64
	    ",\"p99_us\":%" PRId64 ",\"max_us\":%" PRId64 ",\"mean_us\":%.1f}\n",
	    live, gone, connect_s, live / connect_s, took, deliveries,
	    (double)deliveries / took, bytes, holes, repeats, quantile_us(0.5),
	    quantile_us(0.9), quantile_us(0.99), quantile_us(0.999999),
	    latencies ? (double)latency_sum_ns / (double)latencies / 1000.0 : 0.0);
	return 0;
}
