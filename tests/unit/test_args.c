/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "error.h"

static const struct sl_flag daemon_flags[] = {
    {"port", "N", "gateway.port", "port to listen on"},
    {"query-token", NULL, "gateway.query_token", "accept ?token="},
    {"index", "I", NULL, "which gateway it is"},
    {NULL, NULL, NULL, NULL},
};
static const struct sl_program daemon_program = {
    .name = "daemon", .prose = "A daemon.", .operands = "", .flag = daemon_flags};

static const struct sl_flag json_flag[] = {
    {"json", NULL, NULL, "print JSON"}, {NULL, NULL, NULL, NULL}};
static const struct sl_flag ack_flags[] = {
    {"note", "TEXT", NULL, "why"}, {NULL, NULL, NULL, NULL}};
static const struct sl_command commands[] = {
    {"status", "", "show status", NULL},
    {"ack", "ID", "acknowledge", ack_flags},
    {NULL, NULL, NULL, NULL},
};
static const struct sl_program tool = {
    .name = "tool", .prose = "A tool.", .flag = json_flag, .command = commands};

/* Messages and help go elsewhere: only the result is of interest. */
static void quiet(void)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	close(null);
}

static int parse(struct sl_args *args, const struct sl_program *program, const char *line)
{
	static char text[256];
	static char *argv[16];
	int argc = 1;

	snprintf(text, sizeof text, "%s", line);
	argv[0] = "program";
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return sl_args_parse(args, program, argc, argv);
}

START_TEST(takes_flags_in_both_forms_and_the_last_counts)
{
	struct sl_args args;

	ck_assert_int_eq(
	    parse(&args, &daemon_program, "--dir /a --port=1 --index 2 --port 3"), 0);
	ck_assert_str_eq(args.dir, "/a");
	ck_assert_ptr_null(args.config);
	ck_assert_str_eq(sl_args_get(&args, "port"), "3");
	ck_assert_str_eq(sl_args_get(&args, "index"), "2");
	ck_assert_ptr_null(sl_args_get(&args, "query-token"));
	ck_assert_int_eq(args.notify_fd, -1);
}
END_TEST

START_TEST(flags_stand_before_and_after_the_command)
{
	struct sl_args args;

	ck_assert_int_eq(
	    parse(&args, &tool, "--json --dir /a ack 17 --note because --config /c"), 0);
	ck_assert_str_eq(args.command->name, "ack");
	ck_assert_str_eq(args.dir, "/a");
	ck_assert_str_eq(args.config, "/c");
	ck_assert_str_eq(sl_args_get(&args, "note"), "because");
	ck_assert_ptr_nonnull(sl_args_get(&args, "json"));
	ck_assert_int_eq(args.operand_count, 1);
	ck_assert_str_eq(args.operand[0], "17");
}
END_TEST

START_TEST(two_dashes_end_the_flags)
{
	struct sl_args args;

	ck_assert_int_eq(parse(&args, &tool, "ack -- --json -x"), 0);
	ck_assert_int_eq(args.operand_count, 2);
	ck_assert_str_eq(args.operand[0], "--json");
	ck_assert_ptr_null(sl_args_get(&args, "json"));
}
END_TEST

START_TEST(hands_options_to_the_configuration)
{
	struct sl_args args;
	struct sl_config_override out[SL_ARGS_FLAGS_MAX];

	ck_assert_int_eq(
	    parse(&args, &daemon_program, "--port 9 --query-token --index 1"), 0);
	ck_assert_uint_eq(sl_args_overrides(&args, out), 2);
	ck_assert_str_eq(out[0].option, "gateway.port");
	ck_assert_str_eq(out[0].value, "9");
	ck_assert_str_eq(out[1].option, "gateway.query_token");
	ck_assert_str_eq(out[1].value, "true");
}
END_TEST

START_TEST(numbers_keep_their_bounds)
{
	struct sl_args args;
	long index = 7;

	quiet();
	ck_assert_int_eq(parse(&args, &daemon_program, "--index 3"), 0);
	ck_assert_int_eq(sl_args_number(&args, "index", 1, 9, &index), 0);
	ck_assert_int_eq(index, 3);
	ck_assert_int_eq(sl_args_number(&args, "port", 1, 9, &index), 0);
	ck_assert_int_eq(index, 3);
	ck_assert_int_eq(sl_args_number(&args, "index", 4, 9, &index), SL_EINVAL);
	static const char *const bad[] = {
	    "--index 3x", "--index=", "--index=99999999999999999999"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(parse(&args, &daemon_program, bad[i]), 0);
		ck_assert_int_eq(
		    sl_args_number(&args, "index", 1, 99, &index), SL_EINVAL);
	}
}
END_TEST

START_TEST(refuses_what_it_does_not_know)
{
	static const struct {
		const struct sl_program *program;
		const char *line;
	} bad[] = {
	    {&daemon_program, "--prot 1"},
	    {&daemon_program, "--port"},
	    {&daemon_program, "--query-token=yes"},
	    {&daemon_program, "operand"},
	    {&daemon_program, "-p"},
	    {&daemon_program, "--notify-fd 1"},
	    {&tool, ""},
	    {&tool, "stats"},
	    {&tool, "status extra"},
	    {&tool, "--note x ack 1"},
	};
	struct sl_args args;

	quiet();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(parse(&args, bad[i].program, bad[i].line) == SL_EINVAL,
		    "\"%s\"", bad[i].line);
}
END_TEST

START_TEST(help_and_version_end_with_success)
{
	struct sl_args args;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	ck_assert_int_eq(parse(&args, &tool, "--help"), 1);
	ck_assert_int_eq(parse(&args, &tool, "ack --help"), 1);
	ck_assert_int_eq(parse(&args, &daemon_program, "--version"), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("args");
	TCase *tc = tcase_create("args");

	tcase_add_test(tc, takes_flags_in_both_forms_and_the_last_counts);
	tcase_add_test(tc, flags_stand_before_and_after_the_command);
	tcase_add_test(tc, two_dashes_end_the_flags);
	tcase_add_test(tc, hands_options_to_the_configuration);
	tcase_add_test(tc, numbers_keep_their_bounds);
	tcase_add_test(tc, refuses_what_it_does_not_know);
	tcase_add_test(tc, help_and_version_end_with_success);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
