/* SPDX-License-Identifier: Apache-2.0 */
/* All rules of a log collector, and which sections use them. */
#ifndef COL_LOGRULES_H
#define COL_LOGRULES_H

#include "logread.h"

struct col_logrules {
	struct col_logrule **rule; /* each once, however many sections use it */
	size_t count;
	struct col_logread_set *set; /* by section: those "file", then those "journal" */
	size_t set_count;
};

/*
 * col_logrules_load makes the rules that the sections name: their own patterns,
 * or shipped sets.  section must outlive them.  Returns 0, or EX_CONFIG after a
 * log line.
 */
int col_logrules_load(struct col_logrules *rules,
    const struct sl_config_collector *section, const struct sl_catalog *catalog);
void col_logrules_clear(struct col_logrules *rules);

#endif
