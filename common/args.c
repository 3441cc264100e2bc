/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* What every program takes. */
static const struct sl_flag common_flags[] = {
    {"dir", "DIR", NULL, "directory of the instance"},
    {"config", "FILE", NULL, "configuration instead of DIR/etc/sightline.conf"},
    {"help", NULL, NULL, "print this and end"},
    {"version", NULL, NULL, "print the version and end"},
    {"notify-fd", "N", NULL, "write a newline to descriptor N when ready"},
    {NULL, NULL, NULL, NULL},
};

static const struct sl_flag *flag_in(
    const struct sl_flag *flag, const char *name, size_t len)
{
	for (; flag && flag->name; flag++)
		if (strncmp(flag->name, name, len) == 0 && flag->name[len] == '\0')
			return flag;
	return NULL;
}

static const struct sl_flag *flag_find(
    const struct sl_args *args, const char *name, size_t len)
{
	const struct sl_flag *flag = flag_in(common_flags, name, len);

	if (!flag)
		flag = flag_in(args->program->flag, name, len);
	if (!flag && args->command)
		flag = flag_in(args->command->flag, name, len);
	return flag;
}

static void print_flags(const struct sl_flag *flag)
{
	for (; flag && flag->name; flag++) {
		char left[64];

		snprintf(left, sizeof left, "--%s%s%s", flag->name,
		    flag->value ? " " : "", flag->value ? flag->value : "");
		printf("  %-28s %s\n", left, flag->prose);
	}
}

static void print_help(const struct sl_args *args)
{
	const struct sl_program *program = args->program;
	const struct sl_command *command = args->command;
	const char *operands = command ? command->operands : program->operands;

	printf("usage: %s%s%s [flags]%s%s\n", program->name, command ? " " : "",
	    command            ? command->name
	    : program->command ? " COMMAND"
			       : "",
	    operands && *operands ? " " : "", operands ? operands : "");
	printf("%s\n", command ? command->prose : program->prose);
	if (program->command && !command) {
		printf("\ncommands:\n");
		for (const struct sl_command *c = program->command; c->name; c++)
			printf("  %-14s %s\n", c->name, c->prose);
	}
	printf("\nflags:\n");
	if (command)
		print_flags(command->flag);
	print_flags(program->flag);
	print_flags(common_flags);
}

static int fail(const struct sl_args *args, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s \"%s\"; --help lists what there is\n",
	    args->program->name, what, which);
	return SL_EINVAL;
}

static int keep(struct sl_args *args, const struct sl_flag *flag, const char *value)
{
	for (size_t i = 0; i < args->given_count; i++)
		if (args->given[i].flag == flag) {
			args->given[i].value = value;
			return 0;
		}
	if (args->given_count == SL_ARGS_FLAGS_MAX)
		return fail(args, "too many flags at", flag->name);
	args->given[args->given_count].flag = flag;
	args->given[args->given_count++].value = value;
	return 0;
}

/* Takes the flag at argv[*i] and its value. */
static int take_flag(struct sl_args *args, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct sl_flag *flag = flag_find(args, name, len);

	if (!flag)
		return fail(args, "unknown flag", argv[*i]);
	if (!flag->value && equals)
		return fail(args, "this flag takes no value:", argv[*i]);
	if (!flag->value)
		return keep(args, flag, "");
	if (equals)
		return keep(args, flag, equals + 1);
	if (*i + 1 == argc)
		return fail(args, "this flag needs a value:", argv[*i]);
	return keep(args, flag, argv[++*i]);
}

static int take_operand(struct sl_args *args, char *word)
{
	if (args->program->command && !args->command) {
		for (const struct sl_command *c = args->program->command; c->name; c++)
			if (strcmp(c->name, word) == 0) {
				args->command = c;
				return 0;
			}
		return fail(args, "unknown command", word);
	}
	const char *allowed =
	    args->command ? args->command->operands : args->program->operands;
	if (!allowed || !*allowed)
		return fail(args, "unexpected argument", word);
	args->operand[args->operand_count++] = word;
	return 0;
}

static int finish(struct sl_args *args)
{
	long fd = -1;

	if (sl_args_get(args, "help")) {
		print_help(args);
		return 1;
	}
	if (sl_args_get(args, "version")) {
		printf("%s %s\n", args->program->name, SL_VERSION);
		return 1;
	}
	if (args->program->command && !args->command) {
		fprintf(stderr, "%s: which command? --help lists what there is\n",
		    args->program->name);
		return SL_EINVAL;
	}
	if (sl_args_number(args, "notify-fd", 3, 1023, &fd))
		return SL_EINVAL;
	args->notify_fd = (int)fd;
	args->dir = sl_args_get(args, "dir");
	args->config = sl_args_get(args, "config");
	return 0;
}

int sl_args_parse(
    struct sl_args *args, const struct sl_program *program, int argc, char **argv)
{
	bool flags = true;

	*args =
	    (struct sl_args){.program = program, .notify_fd = -1, .operand = argv + 1};
	for (int i = 1; i < argc; i++) {
		int rc;

		if (flags && strcmp(argv[i], "--") == 0) {
			flags = false;
			continue;
		}
		if (flags && strcmp(argv[i], "-h") == 0)
			rc = keep(args, flag_in(common_flags, "help", 4), "");
		else if (flags && strncmp(argv[i], "--", 2) == 0)
			rc = take_flag(args, argc, argv, &i);
		else if (flags && argv[i][0] == '-' && argv[i][1])
			rc = fail(args, "unknown flag", argv[i]);
		else
			rc = take_operand(args, argv[i]);
		if (rc)
			return rc;
	}
	return finish(args);
}

const char *sl_args_version(void)
{
	return SL_VERSION;
}

const char *sl_args_get(const struct sl_args *args, const char *name)
{
	for (size_t i = 0; i < args->given_count; i++)
		if (strcmp(args->given[i].flag->name, name) == 0)
			return args->given[i].value;
	return NULL;
}

int sl_args_number(
    const struct sl_args *args, const char *name, long min, long max, long *out)
{
	const char *text = sl_args_get(args, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max) {
		fprintf(stderr, "%s: --%s \"%s\": a whole number from %ld to %ld\n",
		    args->program->name, name, text, min, max);
		return SL_EINVAL;
	}
	*out = value;
	return 0;
}

size_t sl_args_overrides(
    const struct sl_args *args, struct sl_config_override out[SL_ARGS_FLAGS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < args->given_count; i++) {
		const struct sl_flag *flag = args->given[i].flag;

		if (!flag->option)
			continue;
		out[n].option = flag->option;
		out[n].flag = flag->name;
		/* A switch that names an option turns it on. */
		out[n++].value = flag->value ? args->given[i].value : "true";
	}
	return n;
}
