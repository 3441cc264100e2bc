/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a listener does to the client, it comes back when there is a real one. */
#include <errno.h>

#include "bus_follower.h"
#include "error.h"

static void on_request(void *arg, struct sl_bus_route route, const void *data, size_t len)
{
	(void)arg;
	sl_bus_reply(bus, route, data, len);
}

static void on_report(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
}

/* A real aggregator's end comes up: stream and requests both work again. */
static void prove_recovery(void)
{
	struct sl_bus_options options = {.base = base, .run_dir = dir};
	struct sl_bus_handler handlers = {.request = on_request, .report = on_report};
	const struct timeval beat = sl_loop_ms(20);
	struct event *publisher = event_new(base, -1, EV_PERSIST, on_beat, NULL);

	ck_assert_int_eq(sl_bus_open(&bus, &options, &handlers, NULL), 0);
	event_add(publisher, &beat);
	ck_assert_int_eq(
	    sl_bus_client_request(client, "ask", 3, PATIENCE_MS, on_done, NULL, NULL), 0);
	UNTIL(replies == 1 && batches > 0);
	event_free(publisher);
}

/* ---- strange listeners ---- */

static int listen_at(const char *name)
{
	struct sockaddr_un addr = bus_fixture_address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* Turns the loop until the client has connected to a listener. */
static int accept_one(int fd)
{
	int peer;

	while ((peer = accept(fd, NULL, NULL)) < 0) {
		ck_assert_int_eq(errno, EAGAIN);
		event_base_loop(base, EVLOOP_ONCE);
	}
	return peer;
}

static void retire(int fd, const char *name)
{
	struct sockaddr_un addr = bus_fixture_address(name);

	close(fd);
	unlink(addr.sun_path);
}

START_TEST(it_comes_back_from_a_peer_that_hangs_up_at_once)
{
	open_client();
	for (int i = 0; i < 20; i++) {
		int pub = listen_at("pub");
		int req = listen_at("req");

		close(accept_one(pub));
		close(accept_one(req));
		retire(pub, "pub");
		retire(req, "req");
	}
	prove_recovery();
}
END_TEST

START_TEST(it_comes_back_from_a_backlog_that_is_never_accepted)
{
	int pub = listen_at("pub");
	int req = listen_at("req");

	/* Full: the client's connect is told to come again. */
	int first = connect_to("pub");
	int second = connect_to("pub");

	open_client();
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_ONCE);
	close(first);
	close(second);
	retire(pub, "pub");
	retire(req, "req");
	prove_recovery();
}
END_TEST

START_TEST(it_comes_back_from_a_peer_that_talks_nonsense)
{
	static const struct {
		const char *bytes;
		size_t len;
	} nonsense[] = {
	    {"GET / HTTP/1.1\r\n\r\n", 18},
	    {"\0SP\0\0\x30\0\0", 8},                        /* another protocol */
	    {"\0SP\0\0\x31\0\0\x02", 9},                    /* no such message */
	    {"\0SP\0\0\x31\0\0\1\xff\0\0\0\0\0\0\0", 17},   /* 2^63 bytes */
	    {"\0SP\0\0\x31\0\0\1\0\0\0\0\0\0\0\2ab", 19},   /* a reply without an id */
	    {"\0SP\0\0\x31\0\0\1\0\0\0\0\0\0\0\6abcd", 21}, /* cut off */
	};
	char byte[64];

	open_client();
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		int req = listen_at("req");
		int peer = accept_one(req);

		ck_assert_int_eq(
		    send(peer, nonsense[i].bytes, nonsense[i].len, MSG_NOSIGNAL),
		    (ssize_t)nonsense[i].len);
		if (i == 5)
			shutdown(peer, SHUT_RDWR);
		/* It says its hello, then hangs up on us. */
		while (recv(peer, byte, sizeof(byte), MSG_DONTWAIT) != 0 &&
		       errno != ECONNRESET)
			event_base_loop(base, EVLOOP_ONCE);
		close(peer);
		retire(req, "req");
	}
	prove_recovery();
}
END_TEST

START_TEST(it_comes_back_from_a_peer_that_never_greets_and_dies)
{
	int pub = listen_at("pub");
	int req = listen_at("req");

	open_client();
	int quiet_pub = accept_one(pub);
	int quiet_req = accept_one(req);

	ck_assert(!sl_bus_client_linked(client));
	retire(pub, "pub");
	retire(req, "req");
	close(quiet_pub);
	close(quiet_req);
	prove_recovery();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus_dial");
	TCase *tc = tcase_create("bus_dial");

	tcase_add_checked_fixture(tc, bus_fixture_begin, bus_fixture_end);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, it_comes_back_from_a_peer_that_hangs_up_at_once);
	tcase_add_test(tc, it_comes_back_from_a_backlog_that_is_never_accepted);
	tcase_add_test(tc, it_comes_back_from_a_peer_that_talks_nonsense);
	tcase_add_test(tc, it_comes_back_from_a_peer_that_never_greets_and_dies);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
