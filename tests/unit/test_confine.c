/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

/* Check forks for each test, so a confined process is never the test program. */

static char folder[] = "/tmp/sl-confine-XXXXXX";
static char file[64];

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/file", folder);
	close(open(file, O_CREAT | O_WRONLY, 0600));
}

static void teardown(void)
{
	unlink(file);
	rmdir(folder);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		   LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

START_TEST(never_starts_a_program)
{
	const struct sl_confine nothing = {0};
	char *argv[] = {"true", NULL};

	ck_assert_int_eq(sl_confine_apply(&nothing), 0);
	ck_assert_int_eq(execv("/bin/true", argv), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(sees_only_the_files_it_names)
{
	struct sl_confine confine = {0};

	if (!has_landlock())
		return;
	sl_confine_path(&confine, folder, false);
	sl_confine_path(&confine, "/no/such/path", true);
	ck_assert_int_eq(sl_confine_apply(&confine), 0);
	int fd = open(file, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(open(file, O_WRONLY), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(open("/etc/passwd", O_RDONLY), -1);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

START_TEST(writes_where_it_was_granted)
{
	struct sl_confine confine = {0};

	sl_confine_path(&confine, folder, true);
	ck_assert_int_eq(sl_confine_apply(&confine), 0);
	int fd = open(file, O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_int_eq(posix_fallocate(fd, 0, 4096), 0);
	close(fd);
	ck_assert_int_eq(unlink(file), 0);
}
END_TEST

START_TEST(opens_only_the_kinds_of_sockets_it_was_granted)
{
	const struct sl_confine unix_only = {0};

	ck_assert_int_eq(sl_confine_apply(&unix_only), 0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(socket(AF_INET6, SOCK_DGRAM, 0), -1);
	ck_assert_int_eq(socket(AF_NETLINK, SOCK_RAW, 0), -1);
	ck_assert_int_eq(socket(AF_PACKET, SOCK_RAW, 0), -1);
}
END_TEST

START_TEST(a_listener_does_not_connect)
{
	const struct sl_confine listen_only = {.grants = SL_CONFINE_INET_LISTEN};
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	long version = syscall(
	    SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	ck_assert_int_eq(sl_confine_apply(&listen_only), 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	socklen_t len = sizeof address;
	getsockname(fd, (struct sockaddr *)&address, &len);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int rc = connect(client, (struct sockaddr *)&address, sizeof address);
	if (version >= 4) {
		ck_assert_int_eq(rc, -1);
		ck_assert_int_eq(errno, EACCES);
	}
	close(client);
	close(fd);
}
END_TEST

static void *thread_main(void *arg)
{
	*(int *)arg = socket(AF_INET, SOCK_STREAM, 0) == -1 ? errno : 0;
	return NULL;
}

START_TEST(threads_inherit_it)
{
	const struct sl_confine nothing = {0};
	pthread_t thread;
	int seen = 0;

	ck_assert_int_eq(sl_confine_apply(&nothing), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, thread_main, &seen), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(seen, EPERM);
}
END_TEST

START_TEST(does_not_signal_others)
{
	const struct sl_confine nothing = {0};

	ck_assert_int_eq(sl_confine_apply(&nothing), 0);
	ck_assert_int_eq(kill(getppid(), 0), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("confine");
	TCase *tc = tcase_create("confine");

	/* Unchecked: the folder outlives the confined children. */
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, never_starts_a_program);
	tcase_add_test(tc, sees_only_the_files_it_names);
	tcase_add_test(tc, opens_only_the_kinds_of_sockets_it_was_granted);
	tcase_add_test(tc, a_listener_does_not_connect);
	tcase_add_test(tc, threads_inherit_it);
	tcase_add_test(tc, does_not_signal_others);
	tcase_add_test(tc, writes_where_it_was_granted);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
