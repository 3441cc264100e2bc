/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "process.h"

/*
 * A daemon in a child process.  It writes one letter for each step to a pipe:
 * the test waits for letters, never for time.
 */
static int letters[2];
static int logs[2]; /* the child's stderr */
static char folder[] = "/tmp/sl-process-XXXXXX";
static char config_path[128];

static void say(char letter)
{
	ck_assert_int_eq(write(letters[1], &letter, 1), 1);
}

static void write_config(const char *text)
{
	FILE *f = fopen(config_path, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void setup(void)
{
	char path[96];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(pipe(letters), 0);
	ck_assert_int_eq(pipe(logs), 0);
	snprintf(path, sizeof path, "%s/etc", folder);
	mkdir(path, 0755);
	snprintf(config_path, sizeof config_path, "%s/sightline.conf", path);
	write_config("log { level = error }\n");
	snprintf(path, sizeof path, "%s/etc/catalog.conf", folder);
	FILE *f = fopen(path, "we");
	fputs("module m {}\nrole r { modules = {all} }\n", f);
	fclose(f);
}

static void teardown(void)
{
	char command[96];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static char next_letter(void)
{
	struct pollfd p = {.fd = letters[0], .events = POLLIN};
	char letter;

	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_eq(read(letters[0], &letter, 1), 1);
	return letter;
}

/* The next line that the daemon logs: only errors, as configured. */
static const char *next_log(void)
{
	static char text[4096];
	struct pollfd p = {.fd = logs[0], .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ssize_t n = read(logs[0], text, sizeof text - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	return text;
}

static int acquire(struct sl_process *process)
{
	ck_assert_ptr_nonnull(process->loop);
	say('a');
	return process->config->gateway.port == 666 ? EX_UNAVAILABLE : EX_OK;
}

static void confine(const struct sl_process *process, struct sl_confine *granted)
{
	(void)granted;
	ck_assert_ptr_nonnull(process->catalog);
	say('c');
}

static int start(struct sl_process *process)
{
	(void)process;
	say('s');
	return EX_OK;
}

static void reload(struct sl_process *process, const struct sl_config *old_config,
    const struct sl_catalog *old_catalog)
{
	ck_assert_ptr_ne(process->catalog, old_catalog);
	say(process->config->gateway.max_buffer_size > old_config->gateway.max_buffer_size
		? 'R'
		: 'r');
}

static void drain(struct sl_process *process)
{
	say('d');
	if (process->config->gateway.max_buffer_size != 7)
		sl_process_end(process, EX_OK);
}

static void stop(struct sl_process *process)
{
	(void)process;
	say('e');
}

static const struct sl_process_spec spec = {
    .program = {.name = "daemon", .prose = "for tests", .operands = ""},
    .scope = "daemon",
    .acquire = acquire,
    .confine = confine,
    .start = start,
    .reload = reload,
    .drain = drain,
    .stop = stop,
};

static pid_t spawn(int notify_fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		char fd[16];

		dup2(logs[1], STDERR_FILENO);
		snprintf(fd, sizeof fd, "%d", notify_fd);
		char *argv[] = {"daemon", "--dir", folder,
		    notify_fd < 0 ? NULL : "--notify-fd", fd, NULL};
		_exit(sl_process_run(&spec, notify_fd < 0 ? 3 : 5, argv, NULL));
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static int exit_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(const char *text)
{
	for (; *text; text++)
		ck_assert_int_eq(next_letter(), *text);
}

START_TEST(runs_the_steps_in_order_and_ends_on_sigterm)
{
	pid_t pid = spawn(-1);

	expect("acs");
	kill(pid, SIGTERM);
	expect("de");
	ck_assert_int_eq(exit_of(pid), EX_OK);
}
END_TEST

START_TEST(tells_the_supervisor_once_it_is_ready)
{
	int ready[2];
	char text[4];

	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = spawn(ready[1]);
	close(ready[1]);
	expect("acs");
	ck_assert_int_eq(read(ready[0], text, sizeof text), 1);
	ck_assert_int_eq(text[0], '\n');
	ck_assert_int_eq(read(ready[0], text, sizeof text), 0); /* and closes it */
	kill(pid, SIGINT);
	expect("de");
	ck_assert_int_eq(exit_of(pid), EX_OK);
	close(ready[0]);
}
END_TEST

START_TEST(reloads_a_right_configuration_and_keeps_running_on_a_wrong_one)
{
	pid_t pid = spawn(-1);

	expect("acs");
	write_config("gateway { max_buffer_size = 200 }\nlog { level = error }\n");
	kill(pid, SIGHUP);
	expect("R");
	write_config("gateway { max_buffer_size = many }\nlog { level = error }\n");
	kill(pid, SIGHUP);
	ck_assert_ptr_nonnull(strstr(next_log(), "gateway.max_buffer_size = \"many\""));
	write_config("gateway { max_buffer_size = 150 }\nlog { level = error }\n");
	kill(pid, SIGHUP);
	expect("r");
	kill(pid, SIGTERM);
	expect("de");
	ck_assert_int_eq(exit_of(pid), EX_OK);
}
END_TEST

START_TEST(a_wrong_configuration_ends_it_before_anything_is_acquired)
{
	write_config("gateway { port = 99999 }\n");
	ck_assert_int_eq(exit_of(spawn(-1)), EX_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(next_log(), "sightline.conf:1: gateway.port = \"99999\""));
	ck_assert_int_eq(unlink(config_path), 0);
	write_config("gateway {\n");
	ck_assert_int_eq(exit_of(spawn(-1)), EX_CONFIG);
	struct pollfd p = {.fd = letters[0], .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, 0), 0);
}
END_TEST

START_TEST(a_failed_step_skips_the_rest_and_frees)
{
	write_config("gateway { port = 666 }\nlog { level = error }\n");
	pid_t pid = spawn(-1);

	expect("ae");
	ck_assert_int_eq(exit_of(pid), EX_UNAVAILABLE);
}
END_TEST

START_TEST(a_second_signal_ends_a_drain)
{
	write_config("gateway { max_buffer_size = 7 }\nlog { level = error }\n");
	pid_t pid = spawn(-1);

	expect("acs");
	kill(pid, SIGTERM);
	expect("d");
	kill(pid, SIGTERM);
	expect("e");
	ck_assert_int_eq(exit_of(pid), EX_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *tc = tcase_create("process");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, runs_the_steps_in_order_and_ends_on_sigterm);
	tcase_add_test(tc, tells_the_supervisor_once_it_is_ready);
	tcase_add_test(
	    tc, reloads_a_right_configuration_and_keeps_running_on_a_wrong_one);
	tcase_add_test(tc, a_wrong_configuration_ends_it_before_anything_is_acquired);
	tcase_add_test(tc, a_failed_step_skips_the_rest_and_frees);
	tcase_add_test(tc, a_second_signal_ends_a_drain);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
