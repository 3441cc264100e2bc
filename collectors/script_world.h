/* SPDX-License-Identifier: Apache-2.0 */
/* What the scripts of an exec collector share: one per process. */
#ifndef COL_SCRIPT_WORLD_H
#define COL_SCRIPT_WORLD_H

#include "exec_figures.h"
#include "give.h"
#include "keeper_link.h"
#include "mapping.h"
#include "process.h"
#include "seen.h"

struct col_script_world {
	struct sl_process *process;
	const char *source; /* its name */
	struct col_core *core;
	struct col_seen *ids; /* of events */
	struct col_give *give;
	struct col_mapping *mapping;
	struct col_keeper_link *link;
	struct col_exec_figures figures;
};

/* col_script_world_section returns the source's section in force. */
const struct sl_config_collector *col_script_world_section(
    const struct col_script_world *world);

#endif
