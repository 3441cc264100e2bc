/* SPDX-License-Identifier: Apache-2.0 */
/* The folders that a log collector keeps its access to. */
#ifndef COL_LOGGRANT_H
#define COL_LOGGRANT_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "confine.h"
#include "paths.h"

/* Of those that a process may have, some are everybody's. */
#define COL_LOGGRANTS_MAX (SL_CONFINE_PATHS_MAX - 7)

struct col_loggrants {
	char path[COL_LOGGRANTS_MAX][SL_PATHS_MAX];
	size_t count;
};

/*
 * col_loggrants_add adds a folder, or a file; of one that is not there yet, the
 * folder in which it will be.  False, logged, where there are too many.
 */
bool col_loggrants_add(struct col_loggrants *grants, const char *path);

/* col_loggrants_add_section adds those of a section's files and journals. */
bool col_loggrants_add_section(
    struct col_loggrants *grants, const struct sl_config_collector *section);

#endif
