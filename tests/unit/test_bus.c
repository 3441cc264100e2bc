/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "bus_fixture.h"
#include "error.h"
#include "msg.h"

/* What the aggregator's end has got. */
static int requests, reports;
static struct sl_bus_route routes[64];
static bool answer_at_once = true;
static char last_report[32];

/* What the client's end has got. */
static int batches, out_of_order;
static int replies, timeouts, closed;
static char last_reply[64];

static void on_request(void *arg, struct sl_bus_route route, const void *data, size_t len)
{
	(void)arg;
	if (answer_at_once)
		sl_bus_reply(bus, route, data, len);
	if (requests < 64)
		routes[requests] = route;
	requests++;
}

static void on_report(void *arg, const void *data, size_t len)
{
	(void)arg;
	snprintf(last_report, sizeof(last_report), "%.*s", (int)len, (const char *)data);
	reports++;
}

static void on_batch(void *arg, const void *data, size_t len)
{
	static int last = -1;
	int n = -1;

	(void)arg;
	ck_assert_uint_ge(len, sizeof(n));
	memcpy(&n, data, sizeof(n));
	out_of_order += n <= last;
	last = n;
	batches++;
}

static void on_done(void *arg, int error, const void *data, size_t len)
{
	(void)arg;
	replies += error == 0;
	timeouts += error == SL_ETIMEOUT;
	closed += error == SL_ECLOSED;
	if (error == 0)
		snprintf(
		    last_reply, sizeof(last_reply), "%.*s", (int)len, (const char *)data);
}

static void open_bus(void)
{
	struct sl_bus_options options = {.base = base, .run_dir = dir};
	struct sl_bus_handler handler = {.request = on_request, .report = on_report};

	ck_assert_int_eq(sl_bus_open(&bus, &options, &handler, NULL), 0);
}

static void open_client(void)
{
	struct sl_bus_client_options options = {
	    .base = base, .run_dir = dir, .batch = on_batch, .reports = true};

	ck_assert_int_eq(sl_bus_client_open(&client, &options), 0);
}

static uint32_t ask(const char *text, int timeout_ms)
{
	uint32_t id = 0;

	ck_assert_int_eq(sl_bus_client_request(
			     client, text, strlen(text), timeout_ms, on_done, NULL, &id),
	    0);
	return id;
}

static void publish(int n)
{
	ck_assert_int_eq(sl_bus_publish(bus, &n, sizeof(n)), 0);
}

/* A subscription counts from the moment at which a batch comes through. */
static int publish_until_heard(void)
{
	int n = 0;
	int before = batches;

	while (batches == before) {
		publish(n++);
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(1000);
		ck_assert_int_lt(n, PATIENCE_MS);
	}
	return n;
}

/* ---- promises ------------------------------------------------------------------------
 */

START_TEST(batches_arrive_in_the_order_of_their_publication)
{
	open_bus();
	open_client();
	int next = publish_until_heard();

	for (int i = 0; i < 100; i++)
		publish(next + i);
	UNTIL(batches >= 100);
	ck_assert_int_eq(out_of_order, 0);
	ck_assert_uint_eq(sl_bus_counters(bus)->published, (uint64_t)next + 100);
}
END_TEST

START_TEST(publishing_never_waits_for_a_subscriber_that_does_not_read)
{
	open_bus();
	open_client();
	int next = publish_until_heard();

	for (int i = 0; i < 20000; i++)
		publish(next + i);
	UNTIL(batches > 100);
	ck_assert_int_eq(out_of_order, 0);
}
END_TEST

START_TEST(requests_are_answered_in_whatever_order)
{
	answer_at_once = false;
	open_bus();
	open_client();
	ask("one", SL_BUS_TIMEOUT_MS);
	ask("two", SL_BUS_TIMEOUT_MS);
	ask("three", SL_BUS_TIMEOUT_MS);
	UNTIL(requests == 3);
	sl_bus_reply(bus, routes[2], "c", 1);
	UNTIL(replies == 1);
	ck_assert_str_eq(last_reply, "c");
	sl_bus_reply(bus, routes[0], "a", 1);
	UNTIL(replies == 2);
	ck_assert_str_eq(last_reply, "a");
	sl_bus_reply(bus, routes[0], "again", 5);
	sl_bus_reply(bus, routes[1], "b", 1);
	UNTIL(replies == 3);
	ck_assert_str_eq(last_reply, "b");
}
END_TEST

START_TEST(a_request_waits_for_an_aggregator_that_is_away)
{
	open_client();
	ask("early", PATIENCE_MS);
	open_bus();
	UNTIL(replies == 1);
	ck_assert_str_eq(last_reply, "early");
	ck_assert(sl_bus_client_linked(client));
}
END_TEST

START_TEST(a_request_that_its_aggregator_left_unanswered_goes_to_the_next)
{
	answer_at_once = false;
	open_bus();
	open_client();
	ask("survivor", PATIENCE_MS);
	UNTIL(requests == 1);
	sl_bus_close(bus);
	answer_at_once = true;
	open_bus();
	UNTIL(replies == 1);
	ck_assert_str_eq(last_reply, "survivor");
}
END_TEST

START_TEST(a_request_without_an_answer_times_out_once)
{
	open_client();
	ask("nobody", 20);
	UNTIL(timeouts == 1);
	ck_assert_int_eq(replies, 0);
	sl_bus_client_close(client);
	client = NULL;
	ck_assert_int_eq(timeouts + closed, 1);
}
END_TEST

START_TEST(a_cancelled_request_is_never_heard_of)
{
	open_bus();
	open_client();
	uint32_t id = ask("cancelled", SL_BUS_TIMEOUT_MS);

	sl_bus_client_cancel(client, id);
	sl_bus_client_cancel(client, id);
	ask("kept", SL_BUS_TIMEOUT_MS);
	UNTIL(replies == 1);
	ck_assert_str_eq(last_reply, "kept");
}
END_TEST

START_TEST(closing_ends_what_is_open)
{
	open_client();
	ask("a", PATIENCE_MS);
	ask("b", PATIENCE_MS);
	sl_bus_client_close(client);
	client = NULL;
	ck_assert_int_eq(closed, 2);
}
END_TEST

START_TEST(reports_arrive)
{
	open_bus();
	open_client();
	for (int i = 0; reports == 0 && i < PATIENCE_MS; i++) {
		sl_bus_client_report(client, "hello", 5);
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	ck_assert_str_eq(last_report, "hello");
}
END_TEST

START_TEST(a_peer_that_goes_within_its_handshake_harms_nobody)
{
	open_bus();
	open_client();
	publish_until_heard();
	ask("before", SL_BUS_TIMEOUT_MS);
	UNTIL(replies == 1);
	for (int i = 0; i < 200; i++) {
		close(connect_to("req"));
		close(connect_to("pub"));
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	ask("between", PATIENCE_MS);
	UNTIL(replies == 2);
	publish_until_heard();
	struct sl_bus_client *first = client;

	open_client();
	ask("after", PATIENCE_MS);
	UNTIL(replies == 3);
	ck_assert_str_eq(last_reply, "after");
	sl_bus_client_close(first);
}
END_TEST

START_TEST(a_peer_that_never_shakes_hands_is_shown_out)
{
	char bytes[16];
	int fd;

	open_bus();
	fd = connect_to("pub");
	UNTIL(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) == 0);
	close(fd);
}
END_TEST

START_TEST(garbage_and_huge_lengths_end_their_connection_only)
{
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n",
	    "\0SP\0\0\x21\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xff",
	    "\0SP\0\0\x30\0\0\x01\0\0\0\1\0\0\0\0", "\0SP\0\0\x99\0\0"};
	static const size_t sizes[] = {18, 17, 17, 8};
	char byte[64];

	open_bus();
	open_client();
	ask("before", SL_BUS_TIMEOUT_MS);
	UNTIL(replies == 1);
	for (int i = 0; i < 4; i++) {
		int fd = connect_to("req");

		ck_assert_int_ge(fd, 0);
		ck_assert_int_gt(send(fd, garbage[i], sizes[i], MSG_NOSIGNAL), 0);
		ask("between", PATIENCE_MS);
		UNTIL(replies == 2 + i);
		while (recv(fd, byte, sizeof(byte), MSG_DONTWAIT) > 0)
			;
		close(fd);
	}
	ck_assert_int_eq(requests, 5);
}
END_TEST

/* Runs as another user: 0 if its connection was closed, else what went wrong. */
static int visit_as_nobody(int go)
{
	char byte;
	char answer[64];
	int refused = 0;

	if (read(go, &byte, 1) != 1 || setresuid(65534, 65534, 65534) != 0)
		return 1;
	for (int i = 0; i < 3 && refused == 0; i++) {
		int fd = connect_to("pub");

		ssize_t n;

		if (fd < 0)
			return 2;
		/* Fails if the door is shut already. */
		(void)!send(fd, "\0SP\0\0\x21\0\0", 8, MSG_NOSIGNAL);

		while ((n = recv(fd, answer, sizeof(answer), 0)) > 0)
			if (n > 8)
				return 3;
		refused += n <= 0;
		close(fd);
	}
	return refused ? 0 : 4;
}

START_TEST(peers_of_foreign_users_are_refused)
{
	int go[2];
	int status = -1;
	char path[128];

	if (getuid() != 0)
		return;
	ck_assert_int_eq(pipe(go), 0);
	chmod(dir, 0755);
	pid_t pid = fork();

	if (pid == 0)
		_exit(visit_as_nobody(go[0]));
	open_bus();
	snprintf(path, sizeof(path), "%s/pub", dir);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	chmod(path, 0666);
	ck_assert_int_eq(write(go[1], "g", 1), 1);
	UNTIL(sl_bus_counters(bus)->peers_refused == 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(go[0]);
	close(go[1]);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused)
{
	char path[256];
	struct sl_bus_handler handler = {.request = on_request, .report = on_report};
	struct sl_bus_options options = {.base = base, .run_dir = path};
	struct sl_bus_client_options dialler = {.base = base, .run_dir = path};

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(sl_bus_open(&bus, &options, &handler, NULL), SL_ETOOBIG);
	ck_assert_ptr_null(bus);
	ck_assert_int_eq(sl_bus_client_open(&client, &dialler), SL_ETOOBIG);
	ck_assert_ptr_null(client);
}
END_TEST

START_TEST(a_missing_directory_or_group_fails_with_nothing_left_open)
{
	struct sl_bus_handler handler = {.request = on_request, .report = on_report};
	struct sl_bus_options options = {.base = base, .run_dir = "/nonexistent/run"};

	ck_assert_int_eq(sl_bus_open(&bus, &options, &handler, NULL), SL_ESYS);
	options.run_dir = dir;
	options.group = "no-such-group";
	ck_assert_int_eq(sl_bus_open(&bus, &options, &handler, NULL), SL_ENOTFOUND);
	ck_assert_ptr_null(bus);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus");
	TCase *tc = tcase_create("bus");

	tcase_add_checked_fixture(tc, bus_fixture_begin, bus_fixture_end);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, batches_arrive_in_the_order_of_their_publication);
	tcase_add_test(tc, publishing_never_waits_for_a_subscriber_that_does_not_read);
	tcase_add_test(tc, requests_are_answered_in_whatever_order);
	tcase_add_test(tc, a_request_waits_for_an_aggregator_that_is_away);
	tcase_add_test(
	    tc, a_request_that_its_aggregator_left_unanswered_goes_to_the_next);
	tcase_add_test(tc, a_request_without_an_answer_times_out_once);
	tcase_add_test(tc, a_cancelled_request_is_never_heard_of);
	tcase_add_test(tc, closing_ends_what_is_open);
	tcase_add_test(tc, reports_arrive);
	tcase_add_test(tc, a_peer_that_goes_within_its_handshake_harms_nobody);
	tcase_add_test(tc, a_peer_that_never_shakes_hands_is_shown_out);
	tcase_add_test(tc, garbage_and_huge_lengths_end_their_connection_only);
	tcase_add_test(tc, peers_of_foreign_users_are_refused);
	tcase_add_test(tc, a_path_that_no_socket_can_have_is_refused);
	tcase_add_test(tc, a_missing_directory_or_group_fails_with_nothing_left_open);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
