/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "frame.h"
#include "http.h"
#include "http_problem.h"
#include "http_response.h"
#include "loop.h"

static struct event_base *base;
static struct sl_conn_set *set;
static struct sl_http_server *server;
static struct sl_http_request *waiting; /* answered later by the test */
static int aborted;
static struct sl_conn *upgraded;
static struct sl_buf upgraded_input;
static int upgraded_closed;

static void on_upgraded_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	(void)conn;
	(void)owner;
	sl_buf_add(&upgraded_input, data, len);
}

static void on_upgraded_close(
    struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	(void)conn;
	(void)owner;
	(void)reason;
	upgraded_closed++;
}

static const struct sl_conn_handler upgraded_handler = {
    .on_read = on_upgraded_read, .on_close = on_upgraded_close};

static void on_abort(void *arg, struct sl_http_request *request)
{
	(void)arg;
	ck_assert_ptr_eq(request, waiting);
	aborted++;
}

static bool path_is(const struct sl_http_request *request, const char *path)
{
	return strcmp(request->path.data, path) == 0;
}

static void on_request(void *arg, struct sl_http_request *request)
{
	(void)arg;
	if (path_is(request, "/later")) {
		waiting = request;
		sl_http_on_abort(request, on_abort, NULL);
	} else if (path_is(request, "/ws")) {
		sl_http_response_begin(request, 101);
		sl_http_response_header(request, "Upgrade", "x");
		upgraded = sl_http_response_upgrade(request, &upgraded_handler, NULL);
	} else if (path_is(request, "/big")) {
		struct sl_frame *frame = sl_frame_new(NULL, 4000000);
		memset(frame->data, 'b', frame->len);
		sl_http_response_begin(request, 200);
		sl_http_response_end_frame(request, "text/plain", frame);
		sl_frame_unref(frame);
	} else if (path_is(request, "/inject")) {
		sl_http_response_begin(request, 204);
		sl_http_response_header(request, "X", "a\r\nSet-Cookie: b");
		sl_http_response_end(request, NULL, NULL, 0);
	} else if (path_is(request, "/limited")) {
		request->rate = (struct sl_http_rate){
		    .policy = "requests", .quota = 200, .window_s = 1, .reset_s = 1};
		sl_http_problem_send(request, &(struct sl_http_problem){.status = 429,
						  .name = "too-many-requests",
						  .detail = "slow \"down\"",
						  .retry_after_s = 3});
	} else if (path_is(request, "/secret")) {
		sl_http_problem_send(request, &(struct sl_http_problem){.status = 401,
						  .name = "token-expired",
						  .detail = "expired",
						  .bearer_error = "invalid_token"});
	} else {
		sl_http_response_send(
		    request, 200, "text/plain", request->path.data, request->path.len);
	}
}

static void setup(void)
{
	static const struct sl_http_options options = {.header_fields = "X-All: yes\r\n"};

	sl_clock_fake(1700000000 * SL_NS_PER_S, 1000 * SL_NS_PER_S);
	base = event_base_new();
	set = sl_conn_set_new(base);
	server = sl_http_server_new(set, &options, on_request, NULL);
	waiting = NULL;
	aborted = 0;
	upgraded_closed = 0;
}

static void teardown(void)
{
	sl_http_server_free(server);
	sl_conn_set_free(set);
	event_base_free(base);
	sl_buf_clear(&upgraded_input);
	sl_clock_real();
}

static int connect_client(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	sl_http_server_accept(server, pair[1], NULL);
	return pair[0];
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void send_text(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	turn();
}

/* Everything the server has sent so far; *eof whether it ended its direction. */
static struct sl_buf received(int fd, bool *eof)
{
	struct sl_buf buf = {0};
	ssize_t n;

	*eof = false;
	while ((n = read(fd, sl_buf_reserve(&buf, 65536), 65536)) > 0) {
		buf.len += (size_t)n;
		turn();
	}
	*eof = n == 0;
	sl_buf_text(&buf);
	return buf;
}

static void expect(int fd, const char *first, const char *somewhere, bool ends)
{
	bool eof;
	struct sl_buf buf = received(fd, &eof);

	ck_assert_msg(
	    buf.len >= strlen(first) && memcmp(buf.data, first, strlen(first)) == 0,
	    "got: %s", buf.data);
	ck_assert_msg(
	    strstr(buf.data, somewhere) != NULL, "no \"%s\" in: %s", somewhere, buf.data);
	ck_assert_msg(eof == ends, "eof %d after: %s", eof, buf.data);
	sl_buf_clear(&buf);
}

#define H "Host: a\r\n"

START_TEST(answers_and_keeps_the_connection)
{
	int fd = connect_client();

	send_text(fd, "GET /one HTTP/1.1\r\n" H "\r\n");
	expect(fd,
	    "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nX-Request-Id: ",
	    "X-All: yes\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n/one",
	    false);
	send_text(fd, "HEAD /two HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 200 OK\r\n", "Content-Length: 4\r\n\r\n", false);
	ck_assert_uint_eq(sl_http_server_stats(server)->responses[2], 2);
	close(fd);
	turn();
	ck_assert_uint_eq(sl_http_server_stats(server)->connections, 0);
}
END_TEST

START_TEST(answers_pipelined_requests_in_order_also_when_the_first_is_late)
{
	int fd = connect_client();
	bool eof;

	send_text(fd, "GET /later HTTP/1.1\r\n" H "\r\nGET /b HTTP/1.1\r\n" H
		      "\r\nGET /c HTTP/1.1\r\n" H "\r\n");
	struct sl_buf nothing = received(fd, &eof);
	ck_assert_uint_eq(nothing.len, 0);
	sl_buf_clear(&nothing);
	ck_assert_ptr_nonnull(waiting);
	sl_http_response_send(waiting, 200, "text/plain", "/later", 6);
	turn();
	struct sl_buf all = received(fd, &eof);
	const char *first = strstr(all.data, "\r\n\r\n/later");
	const char *second = strstr(all.data, "\r\n\r\n/b");
	const char *third = strstr(all.data, "\r\n\r\n/c");
	ck_assert(first && second && third && first < second && second < third);
	sl_buf_clear(&all);
	close(fd);
}
END_TEST

START_TEST(a_request_that_arrives_while_another_is_answered_waits)
{
	int fd = connect_client();

	send_text(fd, "GET /later HTTP/1.1\r\n" H "\r\n");
	send_text(fd, "GET /b HTTP/1.1\r\n" H "\r\n");
	ck_assert_uint_eq(sl_http_server_stats(server)->requests, 1);
	sl_http_response_send(waiting, 200, "text/plain", "/later", 6);
	turn();
	expect(fd, "HTTP/1.1 200 OK", "\r\n\r\n/later", false);
	ck_assert_uint_eq(sl_http_server_stats(server)->requests, 2);
	close(fd);
}
END_TEST

START_TEST(a_client_that_ends_its_side_still_gets_its_answer)
{
	int fd = connect_client();

	send_text(fd, "GET /later HTTP/1.1\r\n" H "\r\n");
	shutdown(fd, SHUT_WR);
	turn();
	ck_assert_int_eq(aborted, 0);
	sl_http_response_send(waiting, 200, "text/plain", "x", 1);
	turn();
	expect(fd, "HTTP/1.1 200 OK", "\r\n\r\nx", true);
	close(fd);
}
END_TEST

START_TEST(tells_who_answers_late_that_the_server_ends)
{
	int fd = connect_client();

	send_text(fd, "GET /later HTTP/1.1\r\n" H "\r\n");
	ck_assert_ptr_nonnull(waiting);
	sl_http_server_free(server);
	ck_assert_int_eq(aborted, 1);
	server = NULL;
	turn();
	close(fd);
}
END_TEST

START_TEST(closes_when_the_client_asks)
{
	int fd = connect_client();

	send_text(fd, "GET /a HTTP/1.1\r\n" H
		      "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 200 OK", "Connection: close\r\n\r\n/a", true);
	close(fd);
	fd = connect_client();
	send_text(fd, "GET /a HTTP/1.0\r\n\r\n");
	expect(fd, "HTTP/1.1 200 OK", "Connection: close\r\n\r\n/a", true);
	close(fd);
	fd = connect_client();
	send_text(fd, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	expect(fd, "HTTP/1.1 200 OK", "Connection: keep-alive\r\n\r\n/a", false);
	close(fd);
}
END_TEST

START_TEST(refuses_malformed_requests_with_a_problem_and_closes)
{
	int fd = connect_client();

	send_text(fd, "GET / HTTP/1.1\r\n\r\n");
	expect(fd, "HTTP/1.1 400 Bad Request", "\"type\":\"/problems/malformed-request\"",
	    true);
	close(fd);
	fd = connect_client();
	send_text(fd, "PATCH / HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 405 Method Not Allowed",
	    "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n", true);
	close(fd);
	turn();
	ck_assert_uint_eq(sl_http_server_stats(server)->refused, 2);
}
END_TEST

START_TEST(problems_carry_their_fields)
{
	int fd = connect_client();

	send_text(fd, "GET /limited HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 429 Too Many Requests",
	    "RateLimit-Policy: \"requests\";q=200;w=1\r\nRateLimit: "
	    "\"requests\";r=0;t=1\r\n"
	    "Retry-After: 3\r\nCache-Control: no-store\r\n"
	    "Content-Type: application/problem+json\r\n",
	    false);
	send_text(fd, "GET /limited HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 429",
	    "\"title\":\"Too Many Requests\",\"status\":429,"
	    "\"detail\":\"slow \\\"down\\\"\",\"request_id\":\"",
	    false);
	send_text(fd, "GET /secret HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 401 Unauthorized",
	    "WWW-Authenticate: Bearer realm=\"sightline\", error=\"invalid_token\", "
	    "error_description=\"expired\"\r\n",
	    false);
	close(fd);
}
END_TEST

START_TEST(a_value_cannot_add_a_field)
{
	int fd = connect_client();

	send_text(fd, "GET /inject HTTP/1.1\r\n" H "\r\n");
	expect(fd, "HTTP/1.1 204 No Content", "X: a  Set-Cookie: b\r\n\r\n", false);
	close(fd);
}
END_TEST

START_TEST(says_continue_once_and_then_takes_the_body)
{
	int fd = connect_client();

	send_text(fd,
	    "POST /p HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	expect(fd, "HTTP/1.1 100 Continue\r\n\r\n", "", false);
	send_text(fd, "a");
	send_text(fd, "b");
	expect(fd, "HTTP/1.1 200 OK", "\r\n\r\n/p", false);
	close(fd);
}
END_TEST

/* Moves both clocks and lets the loop's timers see it. */
static void advance(int64_t seconds)
{
	sl_clock_fake(
	    (1700000000 + seconds) * SL_NS_PER_S, (1000 + seconds) * SL_NS_PER_S);
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_ONCE);
}

START_TEST(a_request_that_is_not_complete_in_ten_seconds_is_408)
{
	int fd = connect_client();

	send_text(fd, "GET / HTTP/1.1\r\nHo");
	advance(9);
	ck_assert_uint_eq(sl_http_server_stats(server)->connections, 1);
	send_text(fd, "s");
	advance(11);
	expect(fd, "HTTP/1.1 408 Request Timeout", "request-timeout", true);
	close(fd);
}
END_TEST

START_TEST(a_silent_connection_is_closed_without_a_word)
{
	int fd = connect_client();
	bool eof;

	advance(11);
	struct sl_buf buf = received(fd, &eof);
	ck_assert_uint_eq(buf.len, 0);
	ck_assert(eof);
	sl_buf_clear(&buf);
	close(fd);
}
END_TEST

START_TEST(an_upgrade_hands_over_the_bytes_sent_ahead)
{
	int fd = connect_client();

	send_text(fd, "GET /ws HTTP/1.1\r\n" H "\r\nahead");
	ck_assert_uint_eq(sl_http_server_stats(server)->connections, 0);
	ck_assert_uint_eq(upgraded_input.len, 5);
	ck_assert_mem_eq(upgraded_input.data, "ahead", 5);
	send_text(fd, "more");
	ck_assert_uint_eq(upgraded_input.len, 9);
	expect(fd, "HTTP/1.1 101 Switching Protocols\r\n", "Upgrade: x\r\n\r\n", false);
	close(fd);
	turn();
	ck_assert_int_eq(upgraded_closed, 1);
}
END_TEST

START_TEST(a_slow_reader_gets_all_and_the_next_request_waits)
{
	int fd = connect_client();
	bool eof;

	send_text(fd, "GET /big HTTP/1.1\r\n" H "\r\nGET /next HTTP/1.1\r\n" H "\r\n");
	ck_assert_uint_eq(sl_http_server_stats(server)->requests, 1);
	ck_assert_uint_gt(sl_conn_set_stats(set)->pending_bytes, 0);
	struct sl_buf all = received(fd, &eof);
	ck_assert_uint_gt(all.len, 4000000);
	ck_assert(strstr(all.data, "\r\n\r\n/next") != NULL);
	ck_assert_uint_eq(sl_conn_set_stats(set)->pending_bytes, 0);
	sl_buf_clear(&all);
	close(fd);
}
END_TEST

START_TEST(draining_closes_idle_connections_and_those_answered)
{
	int idle = connect_client(), busy = connect_client();

	send_text(busy, "GET /later HTTP/1.1\r\n" H "\r\n");
	sl_http_server_drain(server);
	turn();
	bool eof;
	struct sl_buf buf = received(idle, &eof);
	ck_assert(eof);
	sl_buf_clear(&buf);
	sl_http_response_send(waiting, 200, "text/plain", "x", 1);
	turn();
	expect(busy, "HTTP/1.1 200 OK", "Connection: close\r\n\r\nx", true);
	close(idle);
	close(busy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http");
	TCase *tc = tcase_create("http");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, answers_and_keeps_the_connection);
	tcase_add_test(
	    tc, answers_pipelined_requests_in_order_also_when_the_first_is_late);
	tcase_add_test(tc, a_request_that_arrives_while_another_is_answered_waits);
	tcase_add_test(tc, a_client_that_ends_its_side_still_gets_its_answer);
	tcase_add_test(tc, tells_who_answers_late_that_the_server_ends);
	tcase_add_test(tc, closes_when_the_client_asks);
	tcase_add_test(tc, refuses_malformed_requests_with_a_problem_and_closes);
	tcase_add_test(tc, problems_carry_their_fields);
	tcase_add_test(tc, a_value_cannot_add_a_field);
	tcase_add_test(tc, says_continue_once_and_then_takes_the_body);
	tcase_add_test(tc, a_request_that_is_not_complete_in_ten_seconds_is_408);
	tcase_add_test(tc, a_silent_connection_is_closed_without_a_word);
	tcase_add_test(tc, an_upgrade_hands_over_the_bytes_sent_ahead);
	tcase_add_test(tc, a_slow_reader_gets_all_and_the_next_request_waits);
	tcase_add_test(tc, draining_closes_idle_connections_and_those_answered);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
