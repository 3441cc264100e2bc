/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: the flags that every program takes, and its own. */
#ifndef SL_ARGS_H
#define SL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/* A flag "--name [value]"; "--name=value" is the same. */
struct sl_flag {
	const char *name;   /* without the dashes */
	const char *value;  /* what its value is called in --help; NULL: a switch */
	const char *option; /* option that it overrides ("gateway.port"), or NULL */
	const char *prose;
};

/* A subcommand and the flags that only it takes. */
struct sl_command {
	const char *name;
	const char *operands; /* for --help: "[topic…]"; "" for none */
	const char *prose;
	const struct sl_flag *flag; /* ended by a NULL name; NULL: none */
};

/* What a program accepts.  Arrays end with a NULL name and may be NULL. */
struct sl_program {
	const char *name;
	const char *prose;
	const char *operands;             /* without commands; "" for none */
	const struct sl_flag *flag;       /* taken before and after a subcommand */
	const struct sl_command *command; /* NULL: the program has no subcommands */
};

#define SL_ARGS_FLAGS_MAX 32

/* A parsed command line; strings point into argv. */
struct sl_args {
	const struct sl_program *program;
	const struct sl_command *command; /* NULL if the program has none */
	const char *dir;                  /* --dir, or NULL */
	const char *config;               /* --config, or NULL */
	int notify_fd;                    /* --notify-fd: told once when ready; -1 */
	char **operand;                   /* the rest, in order */
	int operand_count;
	struct {
		const struct sl_flag *flag;
		const char *value; /* "" for a switch */
	} given[SL_ARGS_FLAGS_MAX];
	size_t given_count;
};

/*
 * sl_args_parse reads a command line.  --help and --version print and yield
 * 1; a wrong line prints one line to stderr and yields SL_EINVAL; else 0.
 * "--" ends the flags.  A flag given twice: the last counts.  argv is
 * reordered (operands are moved to its front).
 */
int sl_args_parse(
    struct sl_args *args, const struct sl_program *program, int argc, char **argv);

/* sl_args_version returns the version of this build: a static string. */
const char *sl_args_version(void);

/* sl_args_get returns the value of a flag, "" for a switch; NULL if not given. */
const char *sl_args_get(const struct sl_args *args, const char *name);

/*
 * sl_args_number reads a flag's value as a whole number within [min, max];
 * *out is untouched if the flag is not given.  A wrong value prints one line
 * and yields SL_EINVAL.
 */
int sl_args_number(
    const struct sl_args *args, const char *name, long min, long max, long *out);

/*
 * sl_args_overrides writes the flags that name an option for sl_config_load
 * and returns their number, at most SL_ARGS_FLAGS_MAX.
 */
size_t sl_args_overrides(
    const struct sl_args *args, struct sl_config_override out[SL_ARGS_FLAGS_MAX]);

#endif
