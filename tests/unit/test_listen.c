/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "listen.h"
#include "loop.h"

static struct event_base *base;
static struct sl_listen *listener;
static char error[SL_LISTEN_ERROR];
static char dir[32], path[64];
static int accepted;
static struct sl_addr last_peer;
static bool close_in_callback;

static void on_accept(void *arg, int fd, const struct sl_addr *peer)
{
	ck_assert_ptr_eq(arg, &accepted);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	accepted++;
	last_peer = *peer;
	close(fd);
	if (close_in_callback) {
		sl_listen_close(listener);
		listener = NULL;
	}
}

static void setup(void)
{
	base = event_base_new();
	accepted = 0;
	close_in_callback = false;
	strcpy(dir, "/tmp/sl-listen-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/sock", dir);
}

static void teardown(void)
{
	sl_listen_close(listener);
	event_base_free(base);
	unlink(path);
	rmdir(dir);
}

static int connect_tcp(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	return fd;
}

static int open_tcp(uint16_t port, bool reuse, struct sl_listen **out)
{
	struct sl_listen_options options = {.reuse_port = reuse, .send_buffer = 65536};

	return sl_listen_open_tcp(
	    base, "127.0.0.1", port, &options, on_accept, &accepted, out, error);
}

static int open_unix(struct sl_listen **out)
{
	struct sl_listen_options options = {.unix_mode = 0600};

	return sl_listen_open_unix(
	    base, path, &options, on_accept, &accepted, out, error);
}

START_TEST(accepts_many_in_one_turn_and_names_the_peer)
{
	int fds[20];

	ck_assert_int_eq(open_tcp(0, false, &listener), 0);
	for (int i = 0; i < 20; i++)
		fds[i] = connect_tcp(sl_listen_port(listener));
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(accepted, 20);
	ck_assert(sl_addr_is_loopback(&last_peer));
	ck_assert_int_eq(last_peer.family, SL_ADDR_V4);
	ck_assert_uint_eq(sl_listen_stats(listener)->accepted, 20);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
	struct sl_listen *second = NULL;
	char expected[128];

	ck_assert_int_eq(open_tcp(0, false, &listener), 0);
	ck_assert_int_eq(open_tcp(sl_listen_port(listener), false, &second), SL_EEXIST);
	snprintf(expected, sizeof expected,
	    "cannot listen on 127.0.0.1:%u: the port is in use",
	    (unsigned)sl_listen_port(listener));
	ck_assert_str_eq(error, expected);
	ck_assert_ptr_null(second);
}
END_TEST

START_TEST(processes_share_a_port_when_they_ask)
{
	struct sl_listen *second = NULL;

	ck_assert_int_eq(open_tcp(0, true, &listener), 0);
	ck_assert_int_eq(open_tcp(sl_listen_port(listener), true, &second), 0);
	sl_listen_close(second);
}
END_TEST

START_TEST(an_address_that_is_none_is_named)
{
	ck_assert_int_eq(sl_listen_open_tcp(base, "example.org", 1, NULL, on_accept,
			     &accepted, &listener, error),
	    SL_EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "\"example.org\""));
}
END_TEST

START_TEST(the_callback_may_close_the_listener)
{
	ck_assert_int_eq(open_tcp(0, false, &listener), 0);
	int a = connect_tcp(sl_listen_port(listener)),
	    b = connect_tcp(sl_listen_port(listener));
	close_in_callback = true;
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(accepted, 1);
	close(a);
	close(b);
}
END_TEST

START_TEST(a_unix_socket_has_its_mode_and_goes_with_its_listener)
{
	struct stat st;

	ck_assert_int_eq(open_unix(&listener), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777u, 0600);
	ck_assert_uint_eq(sl_listen_port(listener), 0);
	struct sl_listen *second = NULL;
	ck_assert_int_eq(open_unix(&second), SL_EEXIST);
	ck_assert_ptr_nonnull(strstr(error, "another process does already"));
	sl_listen_close(listener);
	listener = NULL;
	ck_assert_int_ne(stat(path, &st), 0);
}
END_TEST

START_TEST(a_stale_unix_socket_is_replaced_and_a_file_is_not)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	close(fd);
	ck_assert_int_eq(open_unix(&listener), 0);
	sl_listen_close(listener);
	listener = NULL;
	close(open(path, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(open_unix(&listener), SL_EEXIST);
	ck_assert_ptr_nonnull(strstr(error, "not a socket"));
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_named)
{
	char longer[200];

	memset(longer, 'x', sizeof longer);
	longer[199] = '\0';
	ck_assert_int_eq(sl_listen_open_unix(
			     base, longer, NULL, on_accept, &accepted, &listener, error),
	    SL_ETOOBIG);
}
END_TEST

START_TEST(out_of_descriptors_refuses_instead_of_spinning)
{
	struct rlimit limit = {64, 64};
	int filler[64], n = 0, client;
	char byte;

	ck_assert_int_eq(open_tcp(0, false, &listener), 0);
	client = connect_tcp(sl_listen_port(listener));
	setrlimit(RLIMIT_NOFILE, &limit);
	while (n < 64 && (filler[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(accepted, 0);
	ck_assert_uint_eq(sl_listen_stats(listener)->out_of_fds, 1);
	ck_assert_int_le(read(client, &byte, 1), 0);
	close(filler[--n]);
	close(filler[--n]);
	close(client);
	client = connect_tcp(sl_listen_port(listener));
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_int_eq(accepted, 1);
	close(client);
	while (n > 0)
		close(filler[--n]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("listen");
	TCase *tc = tcase_create("listen");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, accepts_many_in_one_turn_and_names_the_peer);
	tcase_add_test(tc, a_port_in_use_is_named);
	tcase_add_test(tc, processes_share_a_port_when_they_ask);
	tcase_add_test(tc, an_address_that_is_none_is_named);
	tcase_add_test(tc, the_callback_may_close_the_listener);
	tcase_add_test(tc, a_unix_socket_has_its_mode_and_goes_with_its_listener);
	tcase_add_test(tc, a_stale_unix_socket_is_replaced_and_a_file_is_not);
	tcase_add_test(tc, a_path_that_does_not_fit_is_named);
	tcase_add_test(tc, out_of_descriptors_refuses_instead_of_spinning);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
