/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <string.h>
#include <sysexits.h>

#include "common/args.h"
#include "init.h"
#include "token.h"

/* Every subcommand: name, operands, prose, its own flags, its function. */
#define COMMANDS(X)                                                                      \
	X("init", "", "Make folders, configuration and keys of an instance.", NULL,      \
	    ctl_init)                                                                    \
	X("token", "", "Print a signed token and nothing else.", ctl_token_flags,        \
	    ctl_token)

static const struct {
	const char *name;
	int (*run)(const struct sl_args *args);
} runs[] = {
#define X(name, operands, prose, flags, run) {name, run},
    COMMANDS(X)
#undef X
};

int ctl_ctl_main(int argc, char **argv)
{
	static const struct sl_command commands[] = {
#define X(name, operands, prose, flags, run) {name, operands, prose, flags},
	    COMMANDS(X)
#undef X
		{0},
	};
	static const struct sl_program program = {
	    .name = "sightlinectl",
	    .prose = "Looks at an instance of Sightline and steers it.",
	    .command = commands,
	};
	struct sl_args args;
	int result = sl_args_parse(&args, &program, argc, argv);

	if (result != 0)
		return result > 0 ? EX_OK : EX_USAGE;
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		if (strcmp(runs[i].name, args.command->name) == 0)
			return runs[i].run(&args);
	return EX_SOFTWARE;
}
