/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the example collector, whose path is EXAMPLE, against a small consumer. */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/attach.h"

static void wait_readable(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&pfd, 1, 20000), 1);
}

START_TEST(the_example_delivers_its_samples)
{
	char dir[] = "/tmp/sl-example-XXXXXX", path[64], reason[SL_SEGMENT_REASON] = "";
	static struct sl_attach_consumer consumer;
	struct sl_attach_peer peer;
	struct sl_attach_offer offer;
	struct sl_ring_sample sample;
	struct sl_dict_def def;
	int listener, conn, status;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/attach", dir);
	ck_assert_int_eq(sl_attach_listen(path, 0600, &listener), 0);
	pid_t pid = fork();
	if (pid == 0) {
		execl(EXAMPLE, EXAMPLE, path, "1", (char *)NULL);
		_exit(127);
	}
	wait_readable(listener);
	ck_assert_int_eq(sl_attach_accept(listener, &conn, &peer), 0);
	ck_assert_int_eq(peer.pid, pid);
	wait_readable(conn);
	ck_assert_int_eq(sl_attach_receive(conn, &offer, reason), 0);
	ck_assert_str_eq(offer.hello.source, "example");
	struct sl_attach_positions none = {0};
	ck_assert_int_eq(sl_attach_open(&consumer, &offer, 4 << 20, reason), 0);
	ck_assert_int_eq(sl_attach_send_accepted(conn, &offer.hello, &none), 0);
	while (sl_ring_read_samples(&consumer.ring, &sample, 1) == 0)
		usleep(1000);
	sl_ring_release(&consumer.ring);
	ck_assert_double_gt(sample.value, 0);
	ck_assert_int_eq(sl_dict_read(&consumer.dict, &def), 0);
	ck_assert_mem_eq(def.name.data, "open_files", def.name.len);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	sl_attach_close(&consumer);
	close(conn);
	close(listener);
	unlink(path);
	rmdir(dir);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("example");
	TCase *tc = tcase_create("example");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_example_delivers_its_samples);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
