/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "shm/attach.h"

static char dir[64];
static char path[96];
static int listener, client, server;
static struct sl_segment segment;
static int doorbell;
static char reason[SL_SEGMENT_REASON];
static struct sl_attach_hello hello;

static void set_up(void)
{
	struct sl_attach_peer peer;

	snprintf(dir, sizeof(dir), "/tmp/sl-attach-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/attach", dir);
	ck_assert_int_eq(sl_attach_listen(path, 0600, &listener), 0);
	ck_assert_int_eq(sl_attach_connect(path, &client), 0);
	ck_assert_int_eq(sl_attach_accept(listener, &server, &peer), 0);
	ck_assert_int_eq((int)peer.uid, (int)getuid());
	ck_assert_int_eq((int)peer.gid, (int)getgid());
	ck_assert_int_eq(sl_segment_create(&segment, "attach", 64 * 1024), 0);
	doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	hello = (struct sl_attach_hello){
	    .source = "system", .line = 3, .segment_id = segment.id};
	reason[0] = '\0';
}

static void tear_down(void)
{
	sl_segment_close(&segment);
	close(doorbell);
	close(server);
	close(client);
	close(listener);
	unlink(path);
	rmdir(dir);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Sends any bytes with any number of descriptors. */
static void send_raw(const void *data, size_t len, int fd, size_t fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd_count > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		for (size_t i = 0; i < fd_count; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	}
	ck_assert_int_ge(sendmsg(client, &msg, MSG_NOSIGNAL), 0);
}

START_TEST(an_offer_becomes_a_consumer)
{
	struct sl_attach_offer offer;
	static struct sl_attach_consumer consumer;

	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_EAGAIN);
	ck_assert_int_eq(sl_attach_send_hello(client, &hello, segment.fd, doorbell), 0);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), 0);
	ck_assert_str_eq(offer.hello.source, "system");
	ck_assert_uint_eq(offer.hello.line, 3);
	ck_assert_int_eq(sl_attach_open(&consumer, &offer, 1 << 20, reason), 0);
	ck_assert_uint_eq(consumer.segment.id, segment.id);
	sl_attach_offer_clear(&offer); /* nothing left in it */
	ck_assert_int_ge(fcntl(consumer.doorbell, F_GETFD), 0);
	sl_attach_close(&consumer);
	sl_attach_close(&consumer);
}
END_TEST

START_TEST(answers_arrive_as_they_were_sent)
{
	struct sl_attach_positions positions = {
	    .has_journaled = true, .journaled = {1, 2, 3}};
	struct sl_attach_answer answer;

	ck_assert_int_eq(sl_attach_receive_answer(client, &answer), SL_EAGAIN);
	ck_assert_int_eq(sl_attach_send_accepted(server, &hello, &positions), 0);
	positions.has_durable = true;
	positions.durable[0] = 1;
	ck_assert_int_eq(sl_attach_send_progress(server, &positions), 0);
	ck_assert_int_eq(
	    sl_attach_send_refused(server, "source \"x\" is not configured"), 0);
	ck_assert_int_eq(sl_attach_receive_answer(client, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_ACCEPTED);
	ck_assert(answer.positions.has_journaled && !answer.positions.has_durable);
	ck_assert(!answer.heavy_fence); /* the hello did not register */
	ck_assert_uint_eq(answer.positions.journaled[2], 3);
	ck_assert_int_eq(sl_attach_receive_answer(client, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_PROGRESS);
	ck_assert_uint_eq(answer.positions.durable[0], 1);
	ck_assert_int_eq(sl_attach_receive_answer(client, &answer), 0);
	ck_assert_int_eq(answer.kind, SL_ATTACH_REFUSED);
	ck_assert_str_eq(answer.reason, "source \"x\" is not configured");
	close(server);
	ck_assert_int_eq(sl_attach_receive_answer(client, &answer), SL_ECLOSED);
	server = -1;
}
END_TEST

START_TEST(a_reason_that_is_too_long_or_unclean_is_cut_and_cleaned)
{
	char text[400];
	struct sl_attach_answer answer;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "a\nb\x1b", 4);
	ck_assert_int_eq(sl_attach_send_refused(server, text), 0);
	ck_assert_int_eq(sl_attach_receive_answer(client, &answer), 0);
	ck_assert_uint_eq(strlen(answer.reason), SL_ATTACH_REASON_MAX);
	ck_assert_mem_eq(answer.reason, "a?b?xx", 6);
}
END_TEST

START_TEST(malformed_hellos_are_refused_and_leak_no_descriptor)
{
	unsigned char good[SL_ATTACH_MESSAGE_MAX + 50] = {0};
	size_t len = sl_attach_pack_hello(good, &hello);
	struct sl_attach_offer offer;
	int before = open_fds();

	send_raw("garbage", 7, doorbell, 3);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_EMALFORMED);
	send_raw(good, len - 7, doorbell, 2); /* no source left */
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_EMALFORMED);
	for (size_t fds = 0; fds <= 60; fds += fds < 4 ? 1 : 14) {
		if (fds == 2)
			continue;
		send_raw(good, len, doorbell, fds);
		ck_assert_int_eq(
		    sl_attach_receive(server, &offer, reason), SL_EMALFORMED);
		ck_assert_uint_gt(strlen(reason), 0);
	}
	send_raw(good, sizeof(good), doorbell, 2);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_EMALFORMED);
	send_raw(good, 0, doorbell, 2);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_EMALFORMED);
	good[5]++;
	send_raw(good, len, doorbell, 2);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_EVERSION);
	ck_assert_int_eq(open_fds(), before);
	shutdown(client, SHUT_WR);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), SL_ECLOSED);
}
END_TEST

START_TEST(a_doorbell_that_is_no_eventfd_is_refused)
{
	static struct sl_attach_consumer consumer;
	struct sl_attach_offer offer;
	int before = open_fds();
	int fds[] = {epoll_create1(EPOLL_CLOEXEC), dup(client), dup(segment.fd),
	    open("/dev/null", O_RDWR | O_CLOEXEC)};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		ck_assert_int_eq(
		    sl_attach_send_hello(client, &hello, segment.fd, fds[i]), 0);
		ck_assert_int_eq(sl_attach_receive(server, &offer, reason), 0);
		ck_assert_int_eq(
		    sl_attach_open(&consumer, &offer, 1 << 20, reason), SL_EINVAL);
		ck_assert_str_eq(reason, "doorbell is not an eventfd");
		sl_attach_offer_clear(&offer);
		close(fds[i]);
	}
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(a_bad_segment_is_refused_and_leaks_nothing)
{
	static struct sl_attach_consumer consumer;
	struct sl_attach_offer offer;
	int before = open_fds();

	ck_assert_int_eq(sl_attach_send_hello(client, &hello, doorbell, doorbell), 0);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), 0);
	ck_assert_int_eq(sl_attach_open(&consumer, &offer, 1 << 20, reason), SL_EINVAL);
	sl_attach_offer_clear(&offer);

	hello.segment_id++;
	ck_assert_int_eq(sl_attach_send_hello(client, &hello, segment.fd, doorbell), 0);
	ck_assert_int_eq(sl_attach_receive(server, &offer, reason), 0);
	ck_assert_int_eq(sl_attach_open(&consumer, &offer, 1 << 20, reason), SL_EINVAL);
	ck_assert_str_eq(reason, "hello and segment have different ids");
	sl_attach_offer_clear(&offer);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(a_peer_that_never_reads_does_not_block_the_aggregator)
{
	struct sl_attach_positions positions = {.has_durable = true};
	int err = 0;

	for (int i = 0; i < 100000 && err == 0; i++)
		err = sl_attach_send_progress(server, &positions);
	ck_assert_int_eq(err, SL_EAGAIN);
	close(client);
	ck_assert_int_eq(sl_attach_send_progress(server, &positions), SL_ECLOSED);
	client = -1;
}
END_TEST

START_TEST(listening_replaces_a_stale_socket_and_nothing_else)
{
	char other[120];
	struct stat st;
	int fd;

	ck_assert_int_eq(sl_attach_listen(path, 0660, &fd), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	close(fd);
	snprintf(other, sizeof(other), "%s/file", dir);
	close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(sl_attach_listen(other, 0600, &fd), SL_ESYS);
	ck_assert_int_eq(stat(other, &st), 0);
	unlink(other);
	memset(other, 'x', sizeof(other) - 1);
	other[sizeof(other) - 1] = '\0';
	ck_assert_int_eq(sl_attach_listen(other, 0600, &fd), SL_ETOOBIG);
	ck_assert_int_eq(sl_attach_connect(other, &fd), SL_ETOOBIG);
}
END_TEST

START_TEST(without_a_listener_a_collector_is_told_to_try_again)
{
	int fd;

	close(listener);
	ck_assert_int_eq(sl_attach_connect(path, &fd), SL_EAGAIN);
	unlink(path);
	ck_assert_int_eq(sl_attach_connect(path, &fd), SL_EAGAIN);
	listener = -1;
}
END_TEST

START_TEST(names_of_sources_are_checked)
{
	ck_assert(sl_attach_source_valid("a", 1));
	ck_assert(sl_attach_source_valid("web-1.prod_x", 12));
	ck_assert(!sl_attach_source_valid("", 0));
	ck_assert(!sl_attach_source_valid(".a", 2));
	ck_assert(!sl_attach_source_valid("a/b", 3));
	ck_assert(!sl_attach_source_valid("a\0b", 3));
	char long_name[65];
	memset(long_name, 'a', sizeof(long_name));
	ck_assert(sl_attach_source_valid(long_name, 64));
	ck_assert(!sl_attach_source_valid(long_name, 65));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attach");
	TCase *tc = tcase_create("attach");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_offer_becomes_a_consumer);
	tcase_add_test(tc, answers_arrive_as_they_were_sent);
	tcase_add_test(tc, a_reason_that_is_too_long_or_unclean_is_cut_and_cleaned);
	tcase_add_test(tc, malformed_hellos_are_refused_and_leak_no_descriptor);
	tcase_add_test(tc, a_doorbell_that_is_no_eventfd_is_refused);
	tcase_add_test(tc, a_bad_segment_is_refused_and_leaks_nothing);
	tcase_add_test(tc, a_peer_that_never_reads_does_not_block_the_aggregator);
	tcase_add_test(tc, listening_replaces_a_stale_socket_and_nothing_else);
	tcase_add_test(tc, without_a_listener_a_collector_is_told_to_try_again);
	tcase_add_test(tc, names_of_sources_are_checked);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
