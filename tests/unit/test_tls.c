/* SPDX-License-Identifier: Apache-2.0 */
/* What a TLS connection carries once its handshake is done. */
#include "tls_fixture.h"

static const char *const suites[] = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

START_TEST(bytes_go_both_ways_with_every_suite)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 0);
	struct client c = client_new(fd, suites[_i]);
	struct sl_buf got = {0};

	ck_assert(shake(&c));
	ck_assert_str_eq(SSL_get_version(c.ssl), "TLSv1.3");
	ck_assert_str_eq(SSL_get_cipher(c.ssl), suites[_i]);
	ck_assert_int_eq(SSL_write(c.ssl, "hello", 5), 5);
	turn();
	ck_assert_str_eq(sl_buf_text(&input), "hello");
	struct iovec pieces[3] = {
	    {(void *)"abc", 3}, {(void *)"", 0}, {(void *)"def", 3}};
	ck_assert_int_eq(sl_conn_sendv(conn, pieces, 3), 0);
	client_read(&c, &got);
	ck_assert_str_eq(sl_buf_text(&got), "abcdef");
	sl_buf_clear(&got);
	client_free(&c);
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_uint_eq(sl_tls_stats(tls)->handshakes, 1);
	ck_assert_uint_eq(sl_tls_stats(tls)->under_way, 0);
}
END_TEST

START_TEST(a_full_socket_keeps_order_and_loses_nothing)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 4096);
	struct client c = client_new(fd, NULL);
	struct sl_frame *large = sl_frame_new(NULL, 300000);
	struct sl_buf got = {0};
	char text[16];

	for (size_t i = 0; i < large->len; i++)
		large->data[i] = (char)('a' + i % 23);
	ck_assert(shake(&c));
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "%09d\n", i);
		struct sl_frame *small = sl_frame_new(text, 10);
		struct sl_frame *const both[2] = {small, large};
		if (i == 10000)
			ck_assert_int_eq(sl_conn_send_frames(conn, both, 2), 0);
		else if (i % 2)
			ck_assert_int_eq(sl_conn_send_shared(conn, small), 0);
		else
			ck_assert_int_eq(sl_conn_send(conn, text, 10), 0);
		sl_frame_unref(small);
		if (i % 1000 == 999) /* room again, while older bytes wait */
			client_read(&c, &got);
	}
	client_read(&c, &got);
	ck_assert_uint_eq(got.len, 200000 + large->len);
	ck_assert_mem_eq(got.data + 100010, large->data, large->len);
	memmove(got.data + 100010, got.data + 100010 + large->len, 99990);
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "%09d\n", i);
		ck_assert_mem_eq(got.data + i * 10, text, 10);
	}
	ck_assert_uint_gt(sl_conn_set_stats(set)->deferred, 0);
	ck_assert_uint_eq(sl_conn_pending_bytes(conn), 0);
	ck_assert_uint_eq(large->refs, 1);
	sl_frame_unref(large);
	sl_buf_clear(&got);
	client_free(&c);
}
END_TEST

START_TEST(records_may_arrive_in_any_pieces)
{
	int fd, wire[2];
	accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	char *sent = malloc(50000);

	memset(sent, 'q', 50000);
	ck_assert(shake(&c));
	/* What the client seals goes into another socket, and from there in pieces. */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, wire), 0);
	SSL_set_wfd(c.ssl, wire[0]);
	ck_assert_int_eq(SSL_write(c.ssl, sent, 50000), 50000);
	char piece[997];
	ssize_t n;
	size_t len = 1;
	while ((n = read(wire[1], piece, len)) > 0) {
		ck_assert_int_eq(write(fd, piece, (size_t)n), n);
		turn();
		len = len % sizeof piece + 1;
	}
	ck_assert_uint_eq(input.len, 50000);
	ck_assert_mem_eq(input.data, sent, 50000);
	free(sent);
	close(wire[0]);
	close(wire[1]);
	client_free(&c);
}
END_TEST

START_TEST(both_sides_change_keys_when_the_client_wants_it)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	struct sl_buf got = {0};

	ck_assert(shake(&c));
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(
		    SSL_key_update(c.ssl,
			i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED),
		    1);
		ck_assert_int_eq(SSL_write(c.ssl, "x", 1), 1);
		turn();
		ck_assert_int_eq(sl_conn_send(conn, "y", 1), 0);
		client_read(&c, &got);
	}
	ck_assert_uint_eq(input.len, 100);
	ck_assert_uint_eq(got.len, 100);
	sl_buf_clear(&got);
	client_free(&c);
}
END_TEST

START_TEST(a_client_that_only_changes_keys_is_cut)
{
	int fd;
	accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);

	ck_assert(shake(&c));
	for (int i = 0; i < 100 && !closed; i++) {
		SSL_key_update(c.ssl, SSL_KEY_UPDATE_REQUESTED);
		SSL_do_handshake(c.ssl);
		turn();
	}
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_TLS);
	client_free(&c);
}
END_TEST

START_TEST(ends_are_announced_both_ways)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	struct sl_buf got = {0};

	ck_assert(shake(&c));
	ck_assert_int_eq(sl_conn_send(conn, "bye", 3), 0);
	sl_conn_finish(conn, SL_CONN_DONE);
	ck_assert(client_read(&c, &got));
	ck_assert_str_eq(sl_buf_text(&got), "bye");
	SSL_shutdown(c.ssl);
	client_free(&c);
	turn();
	ck_assert_int_eq(close_reason, SL_CONN_DONE);

	/* Data and the end in one packet: the data arrives, then the end. */
	conn = accept_one(&fd, 0);
	c = client_new(fd, NULL);
	ck_assert(shake(&c));
	SSL_write(c.ssl, "last", 4);
	SSL_shutdown(c.ssl);
	turn();
	ck_assert_str_eq(sl_buf_text(&input), "last");
	ck_assert_int_eq(closed, 2);
	ck_assert_int_eq(close_reason, SL_CONN_EOF);
	sl_buf_clear(&got);
	client_free(&c);
}
END_TEST

START_TEST(a_forged_record_ends_the_connection)
{
	int fd;
	accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	static const uint8_t forged[5 + 30] = {23, 3, 3, 0, 30};

	ck_assert(shake(&c));
	ck_assert_int_eq(write(fd, forged, sizeof forged), sizeof forged);
	turn();
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_TLS);
	ck_assert_uint_eq(input.len, 0);
	char byte;
	ck_assert_int_le(SSL_read(c.ssl, &byte, 1), 0);
	ck_assert_int_eq(
	    ERR_GET_REASON(ERR_get_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
	client_free(&c);
}
END_TEST

START_TEST(small_records_are_made_for_a_client_that_wants_them)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	struct sl_buf got = {0};
	char text[3000];

	memset(text, 'z', sizeof text);
	SSL_set_tlsext_max_fragment_length(c.ssl, TLSEXT_max_fragment_length_512);
	ck_assert(shake(&c));
	ck_assert_int_eq(sl_conn_send(conn, text, sizeof text), 0);
	int n = SSL_read(c.ssl, sl_buf_reserve(&got, 4096), 4096);
	ck_assert_int_eq(n, 512);
	client_read(&c, &got);
	ck_assert_uint_eq(got.len, sizeof text - 512);
	sl_buf_clear(&got);
	client_free(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tls");
	TCase *tc = tcase_create("streams");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, bytes_go_both_ways_with_every_suite, 0, 3);
	tcase_add_test(tc, a_full_socket_keeps_order_and_loses_nothing);
	tcase_add_test(tc, records_may_arrive_in_any_pieces);
	tcase_add_test(tc, both_sides_change_keys_when_the_client_wants_it);
	tcase_add_test(tc, a_client_that_only_changes_keys_is_cut);
	tcase_add_test(tc, ends_are_announced_both_ways);
	tcase_add_test(tc, a_forged_record_ends_the_connection);
	tcase_add_test(tc, small_records_are_made_for_a_client_that_wants_them);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
