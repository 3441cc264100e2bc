/* SPDX-License-Identifier: Apache-2.0 */
/* What a script is started with: its words and its environment. */
#ifndef COL_KEEPER_COMMAND_H
#define COL_KEEPER_COMMAND_H

#include "config.h"

/* Both are NULL-terminated and owned by the caller, with their strings. */
struct col_keeper_command {
	char **argv;
	char **envp;
};

/*
 * col_keeper_command_init makes them from the script's section alone: nothing of
 * the collector's own environment is passed on.  Aborts without memory.
 */
void col_keeper_command_init(struct col_keeper_command *command,
    const struct sl_config_collector *section, const struct sl_config_script *script);
void col_keeper_command_clear(struct col_keeper_command *command);

#endif
