/* SPDX-License-Identifier: Apache-2.0 */
/* A process with the right to connect does its worst to the bus. */
#include <dirent.h>
#include <sys/wait.h>

#include "bus_follower.h"
#include "error.h"
#include "msg.h"

#define GROWTH_MAX_KIB (32 * 1024)

static int good_requests, bad_requests, bad_reports;

/* ---- the hostile process ---- */

static int visit(const char *name)
{
	struct sockaddr_un addr = bus_fixture_address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* A full backlog is part of the storm: come again. */
	for (int i = 0; i < 3; i++) {
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			return fd;
		usleep(1000);
	}
	close(fd);
	return -1;
}

static const struct {
	const char *name;
	char hello[8];
} doors[] = {
    {"pub", "\0SP\0\0\x21\0"}, {"req", "\0SP\0\0\x30\0"}, {"push", "\0SP\0\0\x50\0"}};

static void come_and_go(const char *name)
{
	for (int i = 0; i < 500; i++)
		close(visit(name));
}

static void talk_garbage(const char *name)
{
	char garbage[4096];

	for (int i = 0; i < 100; i++) {
		int fd = visit(name);

		for (size_t at = 0; at < sizeof(garbage); at++)
			garbage[at] = (char)rand();
		(void)!send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL);
		if (fd >= 0)
			close(fd);
	}
}

/* Shakes half a hand, stays for a while with all of them, and goes. */
static void shake_half(const char *name, const char hello[8])
{
	int fds[100];

	for (int i = 0; i < 100; i++) {
		fds[i] = visit(name);
		(void)!send(fds[i], hello, (size_t)(i % 8), MSG_NOSIGNAL);
	}
	usleep(100000);
	for (int i = 0; i < 100; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* After a right handshake: lengths of 4 GB and more, and small messages of bombs. */
static void send_bombs(const char *name, const char hello[8])
{
	static const char lengths[][9] = {{1, 0, 0, 0, 1, 0, 0, 0, 0},
	    {1, 0x7f, -1, -1, -1, -1, -1, -1, -1}, {1, -1, -1, -1, -1, -1, -1, -1, -1},
	    {1, 0, 0, 0, 0, 0, 0x7f, -1, -1}, {9, 9, 9, 9, 9, 9, 9, 9, 9}};
	/* Twelve bytes, after a request's id: array32 of 2^32-1; str32; map32. */
	static const char bombs[][18] = {
	    {1, 0, 0, 0, 0, 0, 0, 0, 9, -128, 0, 0, 1, '\xdd', -1, -1, -1, -1},
	    {1, 0, 0, 0, 0, 0, 0, 0, 9, -128, 0, 0, 1, '\xdb', -1, -1, -1, -1},
	    {1, 0, 0, 0, 0, 0, 0, 0, 9, -128, 0, 0, 1, '\xdf', -1, -1, -1, -1},
	    {1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, '\xdd', -1, -1, -1, -1}};

	for (int i = 0; i < 80; i++) {
		int fd = visit(name);

		(void)!send(fd, hello, 8, MSG_NOSIGNAL);
		if (i % 2)
			(void)!send(fd, lengths[i / 2 % 5], 9, MSG_NOSIGNAL);
		else
			(void)!send(fd, bombs[i / 2 % 4], 18, MSG_NOSIGNAL);
		/* Stay long enough to be listened to, mostly. */
		usleep(5000);
		if (fd >= 0)
			close(fd);
	}
}

static void be_hostile(void)
{
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		send_bombs(doors[i].name, doors[i].hello);
		come_and_go(doors[i].name);
		talk_garbage(doors[i].name);
		shake_half(doors[i].name, doors[i].hello);
	}
}

/* ---- the bus ------------------------------------------------------------------------
 */

static void on_request(void *arg, struct sl_bus_route route, const void *data, size_t len)
{
	struct sl_msg_request request;

	(void)arg;
	if (sl_msg_request_read(data, len, &request) != 0) {
		bad_requests++;
		return;
	}
	good_requests++;
	sl_bus_reply(bus, route, data, len);
}

static void on_report(void *arg, const void *data, size_t len)
{
	struct sl_msg_report report;

	(void)arg;
	bad_reports += sl_msg_report_read(data, len, &report) != 0;
}

/* One request through the client that is open, and one batch to it. */
static void prove_service(void)
{
	struct sl_msg_request request = {.kind = SL_REQ_STATE};
	struct sl_buf packed = {0};
	int had_replies = replies;
	int had_batches = batches;

	sl_msg_request_pack(&packed, &request);
	ck_assert_int_eq(sl_bus_client_request(client, packed.data, packed.len,
			     PATIENCE_MS, on_done, NULL, NULL),
	    0);
	UNTIL(replies > had_replies);
	UNTIL(batches > had_batches);
	sl_buf_clear(&packed);
}

static long rss_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

static int descriptors(void)
{
	int count = 0;
	DIR *d = opendir("/proc/self/fd");

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* Whether the process has ended, now or before: status stays -1 until then. */
static bool ended(pid_t pid, int *status)
{
	return *status != -1 || waitpid(pid, status, WNOHANG) == pid;
}

START_TEST(a_hostile_peer_kills_nothing_and_nothing_grows)
{
	struct sl_bus_options options = {.base = base, .run_dir = dir};
	struct sl_bus_handler handler = {.request = on_request, .report = on_report};
	const struct timeval beat = sl_loop_ms(20);
	int go[2];
	int status = -1;

	ck_assert_int_eq(pipe(go), 0);
	pid_t pid = fork();

	if (pid == 0) {
		char byte;

		close(go[1]);
		while (read(go[0], &byte, 1) == 1)
			be_hostile();
		_exit(0);
	}
	close(go[0]);
	ck_assert_int_eq(sl_bus_open(&bus, &options, &handler, NULL), 0);
	struct event *publisher = event_new(base, -1, EV_PERSIST, on_beat, NULL);

	event_add(publisher, &beat);
	open_client();
	prove_service();
	/* The first round lets pools and tables reach their size. */
	ck_assert_int_eq(write(go[1], "1", 1), 1);
	UNTIL(bad_requests > 0 && sl_bus_counters(bus)->peers_malformed > 0);
	prove_service();
	long rss_before = rss_kib();
	int descriptors_before = descriptors();

	ck_assert_int_eq(write(go[1], "23", 2), 2);
	close(go[1]);
	UNTIL(ended(pid, &status));
	ck_assert_int_eq(status, 0);
	prove_service();
	sl_bus_client_close(client);
	open_client();
	prove_service();
	UNTIL(descriptors() <= descriptors_before + 8);
	ck_assert_int_lt(rss_kib() - rss_before, GROWTH_MAX_KIB);
	event_free(publisher);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus_hostile");
	TCase *tc = tcase_create("bus_hostile");

	tcase_add_checked_fixture(tc, bus_fixture_begin, bus_fixture_end);
	tcase_set_timeout(tc, 110);
	tcase_add_test(tc, a_hostile_peer_kills_nothing_and_nothing_grows);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
