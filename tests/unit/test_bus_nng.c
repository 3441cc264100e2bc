/* SPDX-License-Identifier: Apache-2.0 */
/* The bus speaks the protocols of nng: nng itself is at the other end here. */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <poll.h>

#include "bus_fixture.h"
#include "error.h"

static int requests, reports, batches, replies;
static char last[64];

static void keep(const void *data, size_t len)
{
	snprintf(last, sizeof(last), "%.*s", (int)len, (const char *)data);
}

static void on_request(void *arg, struct sl_bus_route route, const void *data, size_t len)
{
	(void)arg;
	requests++;
	keep(data, len);
	sl_bus_reply(bus, route, "answer", 6);
}

static void on_report(void *arg, const void *data, size_t len)
{
	(void)arg;
	reports++;
	keep(data, len);
}

static void on_batch(void *arg, const void *data, size_t len)
{
	(void)arg;
	batches++;
	keep(data, len);
}

static void on_done(void *arg, int error, const void *data, size_t len)
{
	(void)arg;
	replies += error == 0;
	keep(data, len);
}

static nng_socket open_nng(int (*open)(nng_socket *))
{
	nng_socket s;

	ck_assert_int_eq(open(&s), 0);
	return s;
}

static void join(nng_socket s, const char *name, bool listens)
{
	char url[128];

	snprintf(url, sizeof(url), "ipc://%s/%s", dir, name);
	if (listens)
		ck_assert_int_eq(nng_listen(s, url, NULL, 0), 0);
	else
		ck_assert_int_eq(nng_dial(s, url, NULL, NNG_FLAG_NONBLOCK), 0);
}

/*
 * One message if there is one; nng has threads of its own that bring it.  To try
 * would not do: a recv that finds nothing cancels the request of a req socket.
 */
static bool receive(nng_socket s)
{
	struct pollfd ready = {.events = POLLIN};
	char data[64];
	size_t len = sizeof(data);

	ck_assert_int_eq(nng_socket_get_int(s, NNG_OPT_RECVFD, &ready.fd), 0);
	if (poll(&ready, 1, 0) != 1)
		return false;
	ck_assert_int_eq(nng_recv(s, data, &len, 0), 0);
	keep(data, len);
	return true;
}

/* Turns the loop, which has to look after nng now and then as well. */
#define UNTIL_NNG(condition)                                                             \
	do {                                                                             \
		const struct timeval tick = sl_loop_ms(2);                               \
		bool ticked = false;                                                     \
		struct event *ticker =                                                   \
		    event_new(base, -1, EV_PERSIST, bus_fixture_late, &ticked);          \
		event_add(ticker, &tick);                                                \
		UNTIL(condition);                                                        \
		event_free(ticker);                                                      \
	} while (0)

static void open_bus(void)
{
	struct sl_bus_options options = {.base = base, .run_dir = dir};
	struct sl_bus_handler handler = {.request = on_request, .report = on_report};

	ck_assert_int_eq(sl_bus_open(&bus, &options, &handler, NULL), 0);
}

static bool published(void)
{
	ck_assert_int_eq(sl_bus_publish(bus, "batch", 5), 0);
	return true;
}

START_TEST(nng_subscribes_asks_and_reports)
{
	nng_socket sub = open_nng(nng_sub0_open);
	nng_socket req = open_nng(nng_req0_open);
	nng_socket push = open_nng(nng_push0_open);

	open_bus();
	ck_assert_int_eq(nng_socket_set(sub, NNG_OPT_SUB_SUBSCRIBE, "", 0), 0);
	join(sub, "pub", false);
	join(req, "req", false);
	join(push, "push", false);
	UNTIL_NNG(published() && receive(sub));
	ck_assert_str_eq(last, "batch");
	ck_assert_int_eq(nng_send(req, "question", 8, 0), 0);
	UNTIL_NNG(requests == 1);
	ck_assert_str_eq(last, "question");
	UNTIL_NNG(receive(req));
	ck_assert_str_eq(last, "answer");
	UNTIL_NNG(nng_send(push, "report", 6, NNG_FLAG_NONBLOCK) == 0);
	UNTIL_NNG(reports == 1);
	ck_assert_str_eq(last, "report");
	nng_close(sub);
	nng_close(req);
	nng_close(push);
}
END_TEST

START_TEST(nng_publishes_and_answers)
{
	nng_socket pub = open_nng(nng_pub0_open);
	nng_socket rep = open_nng(nng_rep0_open);
	nng_socket pull = open_nng(nng_pull0_open);
	struct sl_bus_client_options options = {
	    .base = base, .run_dir = dir, .batch = on_batch, .reports = true};

	join(pub, "pub", true);
	join(rep, "req", true);
	join(pull, "push", true);
	ck_assert_int_eq(sl_bus_client_open(&client, &options), 0);
	ck_assert_int_eq(sl_bus_client_request(
			     client, "question", 8, PATIENCE_MS, on_done, NULL, NULL),
	    0);
	UNTIL_NNG(receive(rep));
	ck_assert_str_eq(last, "question");
	ck_assert_int_eq(nng_send(rep, "answer", 6, 0), 0);
	UNTIL_NNG(replies == 1);
	ck_assert_str_eq(last, "answer");
	UNTIL_NNG(nng_send(pub, "batch", 5, 0) == 0 && batches > 0);
	ck_assert_str_eq(last, "batch");
	UNTIL_NNG(sl_bus_client_report(client, "report", 6) == 0);
	UNTIL_NNG(receive(pull));
	ck_assert_str_eq(last, "report");
	nng_close(pub);
	nng_close(rep);
	nng_close(pull);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus_nng");
	TCase *tc = tcase_create("bus_nng");

	tcase_add_checked_fixture(tc, bus_fixture_begin, bus_fixture_end);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, nng_subscribes_asks_and_reports);
	tcase_add_test(tc, nng_publishes_and_answers);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
