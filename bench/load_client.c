/* SPDX-License-Identifier: Apache-2.0 */
#include "load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "load_tls.h"

#define PER_ADDRESS 20000u /* one source address has 28,000 ports */
#define MESSAGE_MAX (1u << 20)
#define ALERT       "\"type\":\"system_alert\""

enum { CONNECTING, UPGRADING, SUBSCRIBING, LIVE, GONE };

void load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

bool load_client_gone(const struct client *client)
{
	return client->phase == GONE;
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

static void count_message(
    struct load *load, struct client *client, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	int64_t now_ns = sl_clock_wall_ns(), ts_ns;

	if (load->option.alerts) {
		if (!memmem(text, len, ALERT, strlen(ALERT)) ||
		    !memmem(text, len, load->option.alerts, strlen(load->option.alerts)))
			return;
		ts_ns = number_after(&at, end, "\"ts\":") * SL_NS_PER_US;
		if (ts_ns >= 0)
			tally_age(&load->seen, now_ns - ts_ns);
		return;
	}
	ts_ns = number_after(&at, end, "\"ts_ns\":");
	if (ts_ns < 0)
		load->seen.gaps += memmem(text, len, "\"type\":\"gap\"", 12) != NULL;
	/* nats-server puts several messages into one frame. */
	for (; ts_ns >= 0; ts_ns = number_after(&at, end, "\"ts_ns\":")) {
		tally_order(
		    &load->seen, &client->last_n, number_after(&at, end, "\"n\":"));
		tally_age(&load->seen, now_ns - ts_ns);
	}
}

/* ---- one client ------------------------------------------------------------------ */

void load_client_drop(struct load *load, struct client *client)
{
	if (client->phase == GONE)
		return;
	if (client->phase == LIVE)
		load->live--;
	load->gone++;
	client->phase = GONE;
	load_tls_free(client->tls);
	client->tls = NULL;
	close(client->fd);
	free(client->partial);
	client->partial = NULL;
	client->partial_len = 0;
}

static void put(struct load *load, struct client *client, const void *data, size_t len)
{
	ssize_t n = client->tls ? load_tls_write(client->tls, data, len)
				: send(client->fd, data, len, MSG_NOSIGNAL);

	if (n != (ssize_t)len)
		load_client_drop(load, client);
}

static void serve(struct load *load, struct client *client)
{
	client->phase = LIVE;
	load->live++;
}

/* A masked text frame; a mask of zeroes is allowed and costs nothing. */
static void subscribe(struct load *load, struct client *client)
{
	size_t i = (size_t)(client - load->client);
	unsigned filters = load->option.filters;
	unsigned char frame[8 + 1024] = {0x81};
	char text[1024];
	size_t len = (size_t)snprintf(text, sizeof text,
	    load->option.nats
		? "CONNECT {\"verbose\":false}\r\nSUB %s 1\r\nPING\r\n%s%s"
		: "{\"type\":\"subscribe\",\"data\":{\"topics\":[\"%s\"]%s%s}}",
	    load->option.topic, filters ? ",\"filter\":" : "",
	    filters ? load->option.filter[i % filters] : "");
	size_t head = len < 126 ? 6 : 8;

	if (len >= sizeof text)
		load_die("filter");
	frame[1] = (unsigned char)(0x80 | (len < 126 ? len : 126));
	if (len >= 126) {
		frame[2] = (unsigned char)(len >> 8);
		frame[3] = (unsigned char)len;
	}
	memcpy(frame + head, text, len);
	client->phase = SUBSCRIBING;
	put(load, client, frame, head + len);
}

void load_client_start(struct load *load, unsigned i)
{
	struct client *client = &load->client[i];
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(load->option.port[i % load->option.ports]),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK + i / PER_ADDRESS)};
	struct epoll_event ev = {.events = EPOLLOUT, .data.u32 = i};
	struct linger reset = {.l_onoff = 1}; /* leaves no port waiting */
	int one = 1;

	*client = (struct client){.last_n = -1};
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		load_die("socket");
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (bind(client->fd, (struct sockaddr *)&from, sizeof from) != 0)
		load_die("bind");
	if (connect(client->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
	    errno != EINPROGRESS)
		load_die("connect");
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &ev) != 0)
		load_die("epoll_ctl");
}

static void ask(struct load *load, unsigned i)
{
	static const char upgrade[] =
	    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Protocol: sightline.v1.json\r\n";
	static const char deflate[] = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
	char request[9000];
	bool token = load->option.token_count > 0;
	const char *own = load->option.sse ? "/api/v1/stream" : "/api/v1/ws";
	int len = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s%s\r\n",
	    load->option.path ? load->option.path : own, load->option.sse ? "" : upgrade,
	    load->option.deflate ? deflate : "", token ? "Authorization: Bearer " : "",
	    token ? load->option.tokens[i % load->option.token_count] : "",
	    token ? "\r\n" : "");

	load->client[i].phase = UPGRADING;
	epoll_ctl(load->epoll, EPOLL_CTL_MOD, load->client[i].fd, &ev);
	put(load, &load->client[i], request, (size_t)len);
}

/* Goes on with a handshake of TLS, behind which the client asks. */
static void shake(struct load *load, unsigned i)
{
	struct client *client = &load->client[i];
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};

	if (!client->tls) {
		client->tls = load_tls_new(client->fd);
		epoll_ctl(load->epoll, EPOLL_CTL_MOD, client->fd, &ev);
	}
	int done = load_tls_shake(client->tls);
	if (done < 0)
		load_client_drop(load, client);
	else if (done > 0)
		ask(load, i);
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

/* The text of a message; what came compressed is valid until the next one. */
static const char *text_of(
    struct load *load, unsigned char first, const char *data, size_t *len)
{
	static struct sl_buf plain;

	if (!(first & 0x40))
		return data;
	sl_buf_reset(&plain);
	if (!load->zip || sl_zip_inflate(load->zip, data, *len, MESSAGE_MAX, &plain)) {
		fprintf(stderr, "load: a message that does not inflate\n");
		exit(1);
	}
	*len = plain.len;
	return plain.data;
}

static size_t take_frames(
    struct load *load, struct client *client, const char *data, size_t len)
{
	size_t at = 0, head, body;

	while (client->phase != GONE &&
	       frame_at((const unsigned char *)data + at, len - at, &head, &body)) {
		size_t len_of_text = body;
		const char *text = text_of(
		    load, (unsigned char)data[at], data + at + head, &len_of_text);
		switch (data[at] & 0x0f) {
		case 1:
		case 2:
			if (client->phase == LIVE)
				count_message(load, client, text, len_of_text);
			else if (memmem(text, len_of_text,
				     load->option.nats ? "PONG" : "\"subscribed\"",
				     load->option.nats ? 4 : 12))
				serve(load, client);
			break;
		case 8:
			fprintf(stderr, "load: closed: %.*s\n",
			    body > 2 ? (int)body - 2 : 0, text + 2);
			load_client_drop(load, client);
			break;
		case 9:
			put(load, client, "\x8a\x80\0\0\0", 6);
			break;
		}
		at += head + body;
	}
	return at;
}

/* Takes the head of the answer; returns its length, 0 if more of it has to come. */
static size_t take_answer(
    struct load *load, struct client *client, const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4);

	if (!end)
		return 0;
	if (memcmp(data, load->option.sse ? "HTTP/1.1 200" : "HTTP/1.1 101", 12) != 0) {
		fprintf(
		    stderr, "load: refused: %.*s\n", len < 600 ? (int)len : 600, data);
		load_client_drop(load, client);
	} else if (load->option.sse || !load->option.topic) {
		serve(load, client);
	} else {
		subscribe(load, client);
	}
	return (size_t)(end + 4 - data);
}

static void on_readable(struct load *load, struct client *client)
{
	static char buf[MESSAGE_MAX];
	size_t len = client->partial_len, taken = 0;

	memcpy(buf, client->partial ? client->partial : "", len);
	ssize_t n = client->tls ? load_tls_read(client->tls, buf + len, sizeof buf - len)
				: recv(client->fd, buf + len, sizeof buf - len, 0);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			load_client_drop(load, client);
		return;
	}
	len += (size_t)n;
	if (load->seen.on)
		load->seen.bytes += (uint64_t)n;
	if (client->phase == UPGRADING)
		taken = take_answer(load, client, buf, len);
	if (load->option.sse && client->phase == LIVE)
		taken = len;
	else if (client->phase == SUBSCRIBING || client->phase == LIVE)
		taken += take_frames(load, client, buf + taken, len - taken);
	if (client->phase == GONE)
		return;
	client->partial = realloc(client->partial, len - taken + 1);
	if (!client->partial)
		load_die("memory");
	memcpy(client->partial, buf + taken, len - taken);
	client->partial_len = len - taken;
}

void load_client_ready(struct load *load, unsigned i)
{
	struct client *client = &load->client[i];

	if (client->phase == CONNECTING && load->option.tls)
		shake(load, i);
	else if (client->phase == CONNECTING)
		ask(load, i);
	else if (client->phase != GONE)
		on_readable(load, client);
}
