/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, by which certificate, and how many at once. */
#include "tls_fixture.h"

START_TEST(clear_http_is_answered_and_garbage_is_cut)
{
	int fd;
	char answer[64];

	accept_one(&fd, 0);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	turn();
	ssize_t n = read(fd, answer, sizeof answer);
	ck_assert_int_gt(n, 12);
	ck_assert_mem_eq(answer, "HTTP/1.1 400", 12);
	ck_assert_int_eq(read(fd, answer, sizeof answer), 0);
	ck_assert_int_eq(closed, 0); /* what still comes must not destroy the answer */
	close(fd);
	turn();
	ck_assert_int_eq(closed, 1);

	accept_one(&fd, 0);
	ck_assert_int_eq(write(fd, "\0\1\2", 3), 3);
	turn();
	ck_assert_int_eq(closed, 2);
	close(fd);

	accept_one(&fd, 0);
	static const char hello[64] = {22, 3, 1, 0, 59, 1, 0, 0, 55, 'x'};
	ck_assert_int_eq(write(fd, hello, sizeof hello), sizeof hello);
	turn();
	ck_assert_int_eq(closed, 3);
	ck_assert_int_eq(close_reason, SL_CONN_TLS);
	ck_assert_uint_eq(sl_tls_stats(tls)->failed, 1);
	ck_assert_uint_eq(sl_tls_stats(tls)->clear, 2);
	ck_assert_uint_eq(input.len, 0);
	close(fd);
}
END_TEST

START_TEST(an_older_version_or_another_protocol_is_refused)
{
	static const unsigned char h2[] = "\x02h2", both[] = "\x02h2\x08http/1.1";
	const unsigned char *chosen;
	unsigned chosen_len;
	int fd;

	accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	SSL_set_max_proto_version(c.ssl, TLS1_2_VERSION);
	ck_assert(!shake(&c));
	client_free(&c);
	turn();

	accept_one(&fd, 0);
	c = client_new(fd, NULL);
	SSL_set_alpn_protos(c.ssl, h2, sizeof h2 - 1);
	ck_assert(!shake(&c));
	client_free(&c);
	turn();
	ck_assert_int_eq(closed, 2);

	accept_one(&fd, 0);
	c = client_new(fd, NULL);
	SSL_set_alpn_protos(c.ssl, both, sizeof both - 1);
	ck_assert(shake(&c));
	SSL_get0_alpn_selected(c.ssl, &chosen, &chosen_len);
	ck_assert_uint_eq(chosen_len, 8);
	ck_assert_mem_eq(chosen, "http/1.1", 8);
	client_free(&c);
}
END_TEST

/* ---- tickets -------------------------------------------------------------------------
 */

static SSL_SESSION *kept;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	kept = session;
	return 1;
}

/* Connects, with the ticket from before if there is one; whether it was taken. */
static bool resumes(void)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	SSL_SESSION *former = kept;
	struct sl_buf got = {0};

	SSL_CTX_set_session_cache_mode(
	    c.ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c.ctx, keep_session);
	if (former)
		SSL_set_session(c.ssl, former);
	kept = NULL;
	ck_assert(shake(&c));
	ck_assert_int_eq(sl_conn_send(conn, "x", 1), 0);
	client_read(&c, &got);
	ck_assert_uint_eq(got.len, 1);
	ck_assert_ptr_nonnull(kept);
	bool reused = SSL_session_reused(c.ssl);
	SSL_SESSION_free(former);
	sl_buf_clear(&got);
	SSL_shutdown(c.ssl);
	client_free(&c);
	turn();
	return reused;
}

START_TEST(a_ticket_is_good_on_every_process_with_the_secret_until_the_day_is_over)
{
	static const uint8_t secret[32] = {7};

	sl_tls_tickets(tls, secret, 1000 * 86400);
	ck_assert(!resumes());
	ck_assert(resumes());
	/* As another process, or the same one with a certificate loaded again. */
	sl_tls_free(tls);
	tls = sl_tls_new(NULL);
	sl_tls_tickets(tls, secret, 1000 * 86400 + 86399);
	ck_assert_int_eq(sl_tls_load(tls, certificate, key, error), 0);
	ck_assert(resumes());
	ck_assert_uint_eq(sl_tls_stats(tls)->resumed, 1);
	sl_tls_tickets(tls, secret, 1001 * 86400);
	ck_assert(!resumes());
	SSL_SESSION_free(kept);
	kept = NULL;
}
END_TEST

/* ---- bounds ---------------------------------------------------------------------------
 */

START_TEST(a_flight_that_the_socket_has_no_room_for_goes_on_later)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 1); /* as little as the kernel allows */
	struct client c = client_new(fd, NULL);
	char filler[512];
	int ours = sl_conn_fd(conn);
	ssize_t n, filled = 0;

	/* Our side is full before the handshake begins. */
	memset(filler, 'f', sizeof filler);
	while ((n = send(ours, filler, sizeof filler, MSG_DONTWAIT)) > 0)
		filled += n;
	ck_assert_int_gt(filled, 0);
	int nothing[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, nothing), 0);
	SSL_set_rfd(c.ssl, nothing[0]); /* the client does not read yet */
	SSL_do_handshake(c.ssl);
	turn();
	ck_assert_int_eq(closed, 0);
	for (; filled > 0; filled -= n) {
		size_t part =
		    filled < (ssize_t)sizeof filler ? (size_t)filled : sizeof filler;
		n = recv(fd, filler, part, 0);
		ck_assert_int_gt(n, 0);
	}
	SSL_set_rfd(c.ssl, fd);
	ck_assert(shake(&c));
	ck_assert_int_eq(SSL_write(c.ssl, "hello", 5), 5);
	turn();
	ck_assert_str_eq(sl_buf_text(&input), "hello");
	close(nothing[0]);
	close(nothing[1]);
	client_free(&c);
}
END_TEST

START_TEST(one_handshake_too_many_ends_the_oldest)
{
	static int fds[SL_TLS_HANDSHAKES_MAX + 1];
	static const char part[6] = {22, 3, 1, 1, 0, 1};

	for (int i = 0; i <= SL_TLS_HANDSHAKES_MAX; i++) {
		if (i == 1) { /* one that is already done is none of them */
			int fd;
			accept_one(&fd, 0);
			struct client c = client_new(fd, NULL);
			ck_assert(shake(&c));
			client_free(&c);
			turn();
			closed = 0;
		}
		accept_one(&fds[i], 0);
		ck_assert_int_eq(write(fds[i], part, sizeof part), sizeof part);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	turn();
	char byte;
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(close_reason, SL_CONN_TLS);
	ck_assert_int_eq(read(fds[0], &byte, 1), 0);
	ck_assert_uint_eq(sl_tls_stats(tls)->under_way, SL_TLS_HANDSHAKES_MAX);
	for (int i = 0; i <= SL_TLS_HANDSHAKES_MAX; i++)
		close(fds[i]);
	turn();
	ck_assert_uint_eq(sl_tls_stats(tls)->under_way, 0);
	ck_assert_uint_eq(sl_tls_stats(tls)->failed, SL_TLS_HANDSHAKES_MAX + 1);
}
END_TEST

/* ---- files
 * ------------------------------------------------------------------------------ */

START_TEST(wrong_files_are_named_and_leave_what_was_loaded)
{
	char other[112];
	int fd;

	snprintf(other, sizeof other, "%s/other", folder);
	ck_assert_int_eq(sl_tls_load(tls, other, key, error), SL_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(error, other));
	ck_assert_int_eq(sl_tls_load(tls, key, key, error), SL_EMALFORMED);
	ck_assert_ptr_nonnull(strstr(error, "tls_certificate"));
	ck_assert_int_eq(sl_tls_load(tls, certificate, certificate, error), SL_EDENIED);
	ck_assert_int_eq(chmod(certificate, 0600), 0);
	ck_assert_int_eq(
	    sl_tls_load(tls, certificate, certificate, error), SL_EMALFORMED);
	ck_assert_ptr_nonnull(strstr(error, "tls_key"));
	write_pair(other, other, 1); /* the key overwrites the certificate */
	ck_assert_int_eq(sl_tls_load(tls, certificate, other, error), SL_EMALFORMED);
	ck_assert_msg(strstr(error, "mismatch"), "%s", error);
	ck_assert_int_eq(chmod(key, 0644), 0);
	ck_assert_int_eq(sl_tls_load(tls, certificate, key, error), SL_EDENIED);
	ck_assert_ptr_nonnull(strstr(error, "chmod 0600"));
	unlink(other);

	accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	ck_assert(shake(&c));
	client_free(&c);
}
END_TEST

START_TEST(a_change_of_either_file_is_seen_once)
{
	int64_t before = sl_tls_expires(tls);

	ck_assert(!sl_tls_changed(tls));
	write_pair(certificate, key, 60);
	ck_assert(sl_tls_changed(tls));
	ck_assert_int_eq(sl_tls_load(tls, certificate, key, error), 0);
	ck_assert(!sl_tls_changed(tls));
	ck_assert_int_gt(sl_tls_expires(tls), before + 29 * 86400);
	unlink(key);
	ck_assert(sl_tls_changed(tls));
	ck_assert_int_eq(sl_tls_load(tls, certificate, key, error), SL_ENOTFOUND);
	ck_assert(!sl_tls_changed(tls));
}
END_TEST

START_TEST(open_connections_outlive_a_new_certificate)
{
	int fd;
	struct sl_conn *conn = accept_one(&fd, 0);
	struct client c = client_new(fd, NULL);
	struct sl_buf got = {0};
	int half;

	accept_one(&half, 0);
	struct client h = client_new(half, NULL);
	SSL_do_handshake(h.ssl);
	turn();
	ck_assert(shake(&c));
	write_pair(certificate, key, 60);
	ck_assert_int_eq(sl_tls_load(tls, certificate, key, error), 0);
	ck_assert_int_eq(sl_conn_send(conn, "still", 5), 0);
	client_read(&c, &got);
	ck_assert_str_eq(sl_buf_text(&got), "still");
	ck_assert(shake(&h)); /* begun under the former certificate */
	sl_buf_clear(&got);
	client_free(&c);
	client_free(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tls_handshake");
	TCase *tc = tcase_create("handshakes");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, clear_http_is_answered_and_garbage_is_cut);
	tcase_add_test(tc, an_older_version_or_another_protocol_is_refused);
	tcase_add_test(
	    tc, a_ticket_is_good_on_every_process_with_the_secret_until_the_day_is_over);
	tcase_add_test(tc, a_flight_that_the_socket_has_no_room_for_goes_on_later);
	tcase_add_test(tc, one_handshake_too_many_ends_the_oldest);
	tcase_add_test(tc, wrong_files_are_named_and_leave_what_was_loaded);
	tcase_add_test(tc, a_change_of_either_file_is_seen_once);
	tcase_add_test(tc, open_connections_outlive_a_new_certificate);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
