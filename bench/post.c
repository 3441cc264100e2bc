/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Senders of events by HTTP: connections that stay open, each with one request
 * under way, as fast as they are answered.
 *
 * usage: bench_post PORT SECRET CONNECTIONS BATCH SECONDS
 *
 * Every event has an id of its own.  What is answered 429 or 503 is sent again,
 * the same ids in it.  Prints one JSON object: how many events were accepted and
 * how many called duplicates, how often was said to come again, how long an
 * answer took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tally.h"

#define CONNECTIONS_MAX 1000u
#define BATCH_MAX       200u
#define REQUEST_MAX     (BATCH_MAX * 256u + 1024u)
#define ANSWER_MAX      4096u
#define AGAIN_NS        (5 * SL_NS_PER_MS)

struct sender {
	int fd;
	uint64_t first; /* number of the first event of its batch */
	int64_t sent_ns;
	int64_t again_ns; /* 0: an answer is due */
	char answer[ANSWER_MAX];
	size_t answer_len;
};

static struct {
	uint16_t port;
	const char *secret;
	unsigned connections, batch;
	double seconds;
	int epoll;
	uint64_t next; /* number of the next event */
	uint64_t accepted, duplicates, put_off;
	unsigned under_way;
	bool ending;
	struct tally seen;
	struct sender sender[CONNECTIONS_MAX];
} post;

static void die(const char *what)
{
	fprintf(stderr, "post: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- one request --------------------------------------------------------------------
 */

static size_t write_body(char *out, size_t room, uint64_t first)
{
	size_t len = 0;

	out[len++] = '[';
	for (unsigned i = 0; i < post.batch; i++) {
		uint64_t n = first + i;
		len += (size_t)snprintf(out + len, room - len,
		    "%s{\"type\":\"orders.completed\",\"id\":\"o-%" PRIu64 "\","
		    "\"payload\":{\"order_id\":\"%" PRIu64 "\",\"staff_id\":%u,"
		    "\"customer_id\":%u,\"total_amount\":\"%u.50\",\"items_count\":%u}}",
		    i ? "," : "", n, n, (unsigned)(n % 20), (unsigned)(n % 5000),
		    (unsigned)(n % 300), (unsigned)(n % 7));
	}
	out[len++] = ']';
	return len;
}

static void send_batch(struct sender *sender)
{
	static char body[REQUEST_MAX], request[REQUEST_MAX + 512];
	size_t body_len = write_body(body, sizeof body - 1, sender->first);
	size_t len = (size_t)snprintf(request, 512,
	    "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	    "application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n",
	    post.secret, body_len);

	memcpy(request + len, body, body_len);
	len += body_len;
	sender->sent_ns = sl_clock_mono_ns();
	sender->again_ns = 0;
	for (size_t done = 0; done < len;) {
		ssize_t n = send(sender->fd, request + done, len - done, MSG_NOSIGNAL);
		if (n < 0)
			die("send");
		done += (size_t)n;
	}
}

static void send_next(struct sender *sender)
{
	if (post.ending) {
		sender->again_ns = INT64_MAX;
		post.under_way--;
		return;
	}
	sender->first = post.next;
	post.next += post.batch;
	send_batch(sender);
}

/* ---- one answer ---------------------------------------------------------------------
 */

/* The number behind key, -1 if it is not there. */
static int64_t number_after(const char *text, const char *key)
{
	const char *at = strcasestr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

static void take_answer(struct sender *sender)
{
	const char *text = sender->answer;
	int status = atoi(text + sizeof "HTTP/1.1");

	sender->answer_len = 0;
	if (status == 429 || status == 503) {
		post.put_off++;
		sender->again_ns = sl_clock_mono_ns() + AGAIN_NS;
		return;
	}
	int64_t accepted = number_after(text, "\"accepted\":");
	int64_t duplicates = number_after(text, "\"duplicates\":");
	if (status != 202 || accepted + duplicates != post.batch) {
		fprintf(stderr, "post: not what was sent: %s\n", text);
		exit(1);
	}
	tally_age(&post.seen, sl_clock_mono_ns() - sender->sent_ns);
	post.accepted += (uint64_t)accepted;
	post.duplicates += (uint64_t)duplicates;
	send_next(sender);
}

static void read_answer(struct sender *sender)
{
	size_t room = ANSWER_MAX - 1 - sender->answer_len;
	ssize_t n = recv(sender->fd, sender->answer + sender->answer_len, room, 0);

	if (n <= 0)
		die("the collector ended a connection");
	sender->answer_len += (size_t)n;
	sender->answer[sender->answer_len] = '\0';
	const char *end = strstr(sender->answer, "\r\n\r\n");
	if (!end)
		return;
	int64_t length = number_after(sender->answer, "\r\nContent-Length:");
	size_t whole = (size_t)(end + 4 - sender->answer) + (size_t)length;
	if (length < 0 || whole >= ANSWER_MAX)
		die("an answer without a length, or too long");
	if (sender->answer_len >= whole)
		take_answer(sender);
}

/* ---- all of them --------------------------------------------------------------------
 */

static void open_sender(unsigned i)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(post.port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (epoll_ctl(post.epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll_ctl");
	post.sender[i].fd = fd;
	post.under_way++;
}

static void turn(void)
{
	struct epoll_event events[256];
	int n = epoll_wait(post.epoll, events, 256, 1);
	int64_t now_ns = sl_clock_mono_ns();

	for (int i = 0; i < n; i++)
		read_answer(&post.sender[events[i].data.u32]);
	for (unsigned i = 0; i < post.connections; i++)
		if (post.sender[i].again_ns && post.sender[i].again_ns <= now_ns)
			send_batch(&post.sender[i]);
}

static void run(void)
{
	int64_t began_ns = sl_clock_mono_ns();
	int64_t end_ns = began_ns + (int64_t)(post.seconds * (double)SL_NS_PER_S);

	tally_begin(&post.seen);
	for (unsigned i = 0; i < post.connections; i++)
		send_next(&post.sender[i]);
	/* What is under way at the end is answered, too: nothing sent is unknown. */
	while (post.under_way > 0) {
		turn();
		post.ending = sl_clock_mono_ns() >= end_ns;
	}
	printf("{\"accepted\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"put_off\":%" PRIu64
	       ",\"seconds\":%.6f,",
	    post.accepted, post.duplicates, post.put_off,
	    (double)(sl_clock_mono_ns() - began_ns) / (double)SL_NS_PER_S);
	tally_print(&post.seen);
	printf("}\n");
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(
		    stderr, "usage: %s PORT SECRET CONNECTIONS BATCH SECONDS\n", argv[0]);
		return 64;
	}
	post.port = (uint16_t)atoi(argv[1]);
	post.secret = argv[2];
	post.connections = (unsigned)atoi(argv[3]);
	post.batch = (unsigned)atoi(argv[4]);
	post.seconds = atof(argv[5]);
	/* A second run's ids are not those of the first. */
	post.next = (uint64_t)sl_clock_wall_ns() / 1000u;
	if (post.connections < 1 || post.connections > CONNECTIONS_MAX ||
	    post.batch < 1 || post.batch > BATCH_MAX) {
		fprintf(stderr, "post: 1 to %u connections, batches of 1 to %u\n",
		    CONNECTIONS_MAX, BATCH_MAX);
		return 64;
	}
	post.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (post.epoll < 0)
		die("epoll");
	for (unsigned i = 0; i < post.connections; i++)
		open_sender(i);
	run();
	return 0;
}
