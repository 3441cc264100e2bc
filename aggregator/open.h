/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an aggregator are opened and tied to each other. */
#ifndef AGG_OPEN_H
#define AGG_OPEN_H

#include "core.h"

/*
 * agg_open opens, in the order of struct agg_core, storage, state, bus and
 * sources, and hangs the hooks by which they reach each other.  May block on
 * files.  Returns 0 or an exit code of sysexits.h, logged; what was opened by
 * then stays in core for the end of the process to close.
 */
int agg_open(struct agg_core *core);

#endif
