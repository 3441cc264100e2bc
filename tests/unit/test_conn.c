/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "conn.h"
#include "error.h"
#include "frame.h"
#include "loop.h"

static struct event_base *base;
static struct sl_conn_set *set;
static struct sl_buf input;
static int drained, closed;
static enum sl_conn_reason close_reason;
static bool close_in_read, inside_call;

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	ck_assert(!inside_call);
	ck_assert_ptr_eq(owner, &input);
	sl_buf_add(&input, data, len);
	if (close_in_read)
		sl_conn_close(conn, SL_CONN_LIMIT);
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	ck_assert(!inside_call);
	(void)conn;
	(void)owner;
	drained++;
}

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	ck_assert(!inside_call);
	(void)conn;
	(void)owner;
	closed++;
	close_reason = reason;
}

static const struct sl_conn_handler handler = {on_read, on_drain, on_close};

static void setup(void)
{
	base = event_base_new();
	set = sl_conn_set_new(base);
	drained = closed = 0;
	close_in_read = inside_call = false;
}

static void teardown(void)
{
	sl_conn_set_free(set);
	event_base_free(base);
	sl_buf_clear(&input);
	sl_clock_real();
}

static struct sl_conn *open_pair(int *peer)
{
	int pair[2], small = 4096;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	*peer = pair[0];
	return sl_conn_open(set, pair[1], &handler, &input);
}

static void turn(void)
{
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Reads what is there, letting the sender go on; whether the end was seen. */
static bool read_all(int fd, struct sl_buf *out)
{
	ssize_t n;

	while ((n = read(fd, sl_buf_reserve(out, 65536), 65536)) > 0) {
		out->len += (size_t)n;
		turn();
	}
	return n == 0;
}

START_TEST(bytes_arrive_and_leave)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);
	struct sl_buf got = {0};

	ck_assert_int_eq(write(peer, "hello", 5), 5);
	turn();
	ck_assert_str_eq(sl_buf_text(&input), "hello");
	ck_assert_int_eq(sl_conn_send(conn, "abc", 3), 0);
	struct iovec pieces[2] = {{(void *)"de", 2}, {(void *)"f", 1}};
	ck_assert_int_eq(sl_conn_sendv(conn, pieces, 2), 0);
	read_all(peer, &got);
	ck_assert_str_eq(sl_buf_text(&got), "abcdef");
	ck_assert_uint_eq(sl_conn_set_stats(set)->sends, 2);
	sl_buf_clear(&got);
	close(peer);
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_EOF);
}
END_TEST

/* Sends numbered 10-byte pieces in every way there is until some are pending. */
static int flood(struct sl_conn *conn, int from, int count)
{
	char text[16];

	for (int i = from; i < from + count; i++) {
		snprintf(text, sizeof text, "%09d\n", i);
		struct iovec halves[2] = {{text, 4}, {text + 4, 6}};
		struct sl_frame *a = sl_frame_new(text, 10), *b = sl_frame_new(text, 0);
		struct sl_frame *const both[2] = {b, a};
		inside_call = true;
		switch (i % 4) {
		case 0:
			ck_assert_int_eq(sl_conn_send(conn, text, 10), 0);
			break;
		case 1:
			ck_assert_int_eq(sl_conn_sendv(conn, halves, 2), 0);
			break;
		case 2:
			ck_assert_int_eq(sl_conn_send_shared(conn, a), 0);
			break;
		default:
			ck_assert_int_eq(sl_conn_send_frames(conn, both, 2), 0);
		}
		inside_call = false;
		sl_frame_unref(a);
		sl_frame_unref(b);
	}
	return from + count;
}

START_TEST(a_full_socket_keeps_order_and_loses_nothing)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);
	struct sl_buf got = {0};
	char expected[16];

	flood(conn, 0, 20000);
	ck_assert_uint_gt(sl_conn_pending_bytes(conn), 0);
	ck_assert_uint_eq(
	    sl_conn_set_stats(set)->pending_bytes, sl_conn_pending_bytes(conn));
	/* Room in the socket again, but older bytes still wait here. */
	ssize_t n;
	while ((n = read(peer, sl_buf_reserve(&got, 65536), 65536)) > 0)
		got.len += (size_t)n;
	ck_assert_uint_gt(got.len, 0);
	flood(conn, 20000, 1000);
	turn();
	read_all(peer, &got);
	ck_assert_uint_eq(got.len, 210000);
	for (int i = 0; i < 21000; i++) {
		snprintf(expected, sizeof expected, "%09d\n", i);
		ck_assert_mem_eq(got.data + i * 10, expected, 10);
	}
	ck_assert_uint_eq(sl_conn_pending_bytes(conn), 0);
	ck_assert_uint_eq(sl_conn_set_stats(set)->pending_bytes, 0);
	ck_assert_int_eq(drained, 1);
	sl_buf_clear(&got);
	close(peer);
}
END_TEST

START_TEST(a_large_frame_is_queued_by_reference)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);
	struct sl_frame *frame = sl_frame_new(NULL, 1000000);
	struct sl_buf got = {0};

	memset(frame->data, 'x', frame->len);
	ck_assert_int_eq(sl_conn_send_shared(conn, frame), 0);
	ck_assert_uint_eq(frame->refs, 2);
	ck_assert_int_eq(sl_conn_send_shared(conn, frame), 0);
	ck_assert_uint_eq(frame->refs, 3);
	read_all(peer, &got);
	ck_assert_uint_eq(got.len, 2000000);
	ck_assert_uint_eq(frame->refs, 1);
	ck_assert_int_eq(sl_conn_send_shared(conn, frame), 0);
	sl_conn_close(conn, SL_CONN_SLOW);
	ck_assert_uint_eq(frame->refs, 1);
	sl_frame_unref(frame);
	sl_buf_clear(&got);
	close(peer);
}
END_TEST

START_TEST(says_how_long_nothing_has_moved)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);

	sl_clock_fake(0, 100 * SL_NS_PER_S);
	ck_assert_int_eq(sl_conn_stalled_ns(conn, 200 * SL_NS_PER_S), 0);
	flood(conn, 0, 20000);
	turn();
	ck_assert_int_eq(sl_conn_stalled_ns(conn, 107 * SL_NS_PER_S), 7 * SL_NS_PER_S);
	close(peer);
}
END_TEST

START_TEST(closing_tells_the_owner_once_and_later_with_the_first_reason)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);

	inside_call = true;
	sl_conn_close(conn, SL_CONN_SLOW);
	sl_conn_close(conn, SL_CONN_RATE);
	inside_call = false;
	ck_assert_int_eq(closed, 0);
	ck_assert(!sl_conn_is_open(conn));
	ck_assert_int_eq(sl_conn_fd(conn), -1);
	ck_assert_int_eq(sl_conn_send(conn, "x", 1), SL_ECLOSED);
	sl_conn_pause(conn);
	sl_conn_resume(conn);
	sl_conn_unread(conn, "x", 1);
	sl_conn_finish(conn, SL_CONN_DONE);
	sl_conn_hold(conn, true);
	sl_conn_hold(conn, false);
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_SLOW);
	ck_assert_uint_eq(sl_conn_set_stats(set)->closed[SL_CONN_SLOW], 1);
	ck_assert_uint_eq(sl_conn_set_stats(set)->open, 0);
	close(peer);
}
END_TEST

START_TEST(an_owner_may_close_while_it_reads)
{
	int peer;
	open_pair(&peer);

	close_in_read = true;
	ck_assert_int_eq(write(peer, "hello", 5), 5);
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_LIMIT);
	close(peer);
}
END_TEST

START_TEST(a_failed_send_closes_from_the_loop)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);

	close(peer);
	inside_call = true;
	ck_assert_int_eq(sl_conn_send(conn, "x", 1), SL_ECLOSED);
	inside_call = false;
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_RESET);
}
END_TEST

START_TEST(finishing_sends_what_waits_and_discards_what_comes)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);
	struct sl_buf got = {0};

	flood(conn, 0, 20000);
	sl_conn_finish(conn, SL_CONN_DONE);
	ck_assert_int_eq(sl_conn_send(conn, "x", 1), SL_ECLOSED);
	ck_assert_int_eq(write(peer, "late", 4), 4);
	turn();
	ck_assert(read_all(peer, &got));
	ck_assert_uint_eq(got.len, 200000);
	ck_assert_uint_eq(input.len, 0);
	ck_assert_int_eq(closed, 0);
	close(peer);
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_DONE);
	ck_assert_int_eq(drained, 0);
	sl_buf_clear(&got);
}
END_TEST

START_TEST(finishing_ends_after_five_seconds_at_the_latest)
{
	int peer;

	sl_clock_fake(0, 100 * SL_NS_PER_S);
	struct sl_conn *conn = open_pair(&peer);
	sl_conn_finish(conn, SL_CONN_DONE);
	turn();
	ck_assert_int_eq(closed, 0);
	sl_clock_fake(0, 106 * SL_NS_PER_S);
	while (!closed)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(close_reason, SL_CONN_DONE);
	close(peer);
}
END_TEST

START_TEST(the_peers_end_waits_for_a_held_answer)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);
	struct sl_buf got = {0};

	sl_conn_hold(conn, true);
	shutdown(peer, SHUT_WR);
	turn();
	ck_assert_int_eq(closed, 0);
	ck_assert_int_eq(sl_conn_send(conn, "answer", 6), 0);
	sl_conn_hold(conn, false);
	turn();
	ck_assert_int_eq(closed, 1);
	read_all(peer, &got);
	ck_assert_str_eq(sl_buf_text(&got), "answer");
	sl_buf_clear(&got);
	close(peer);
}
END_TEST

START_TEST(pausing_leaves_bytes_with_the_kernel)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);

	sl_conn_pause(conn);
	ck_assert_int_eq(write(peer, "abc", 3), 3);
	turn();
	ck_assert_uint_eq(input.len, 0);
	sl_conn_resume(conn);
	turn();
	ck_assert_uint_eq(input.len, 3);
	close(peer);
}
END_TEST

START_TEST(bytes_given_back_come_first_and_to_the_new_owner)
{
	int peer;
	struct sl_conn *conn = open_pair(&peer);

	sl_conn_pause(conn);
	sl_conn_unread(conn, "cd", 2);
	sl_conn_unread(conn, "ab", 2);
	ck_assert_int_eq(write(peer, "ef", 2), 2);
	turn();
	ck_assert_uint_eq(input.len, 0);
	sl_conn_resume(conn);
	turn();
	ck_assert_str_eq(sl_buf_text(&input), "abcdef");
	sl_conn_set_handler(conn, NULL, NULL);
	ck_assert_int_eq(write(peer, "ignored", 7), 7);
	turn();
	ck_assert_uint_eq(input.len, 6);
	close(peer);
	turn();
	ck_assert_int_eq(closed, 0);
	ck_assert_uint_eq(sl_conn_set_stats(set)->open, 0);
}
END_TEST

START_TEST(freeing_the_set_closes_and_tells)
{
	int peer[3];

	for (int i = 0; i < 3; i++)
		open_pair(&peer[i]);
	sl_conn_set_free(set);
	set = NULL;
	ck_assert_int_eq(closed, 3);
	ck_assert_int_eq(close_reason, SL_CONN_SHUTDOWN);
	for (int i = 0; i < 3; i++)
		close(peer[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn");
	TCase *tc = tcase_create("conn");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bytes_arrive_and_leave);
	tcase_add_test(tc, a_full_socket_keeps_order_and_loses_nothing);
	tcase_add_test(tc, a_large_frame_is_queued_by_reference);
	tcase_add_test(tc, says_how_long_nothing_has_moved);
	tcase_add_test(tc, closing_tells_the_owner_once_and_later_with_the_first_reason);
	tcase_add_test(tc, an_owner_may_close_while_it_reads);
	tcase_add_test(tc, a_failed_send_closes_from_the_loop);
	tcase_add_test(tc, finishing_sends_what_waits_and_discards_what_comes);
	tcase_add_test(tc, finishing_ends_after_five_seconds_at_the_latest);
	tcase_add_test(tc, the_peers_end_waits_for_a_held_answer);
	tcase_add_test(tc, pausing_leaves_bytes_with_the_kernel);
	tcase_add_test(tc, bytes_given_back_come_first_and_to_the_new_owner);
	tcase_add_test(tc, freeing_the_set_closes_and_tells);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
