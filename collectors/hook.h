/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the webhook collector share: one per process. */
#ifndef COL_HOOK_H
#define COL_HOOK_H

#include "batch.h"
#include "give.h"
#include "hook_beacon.h"
#include "hook_figures.h"
#include "hook_listen.h"
#include "hook_secret.h"
#include "hook_wait.h"
#include "process.h"
#include "seen.h"

struct col_hook {
	struct sl_process *process;
	const char *name; /* of the source */
	struct col_core *core;
	struct col_hook_secrets secrets;
	struct col_seen *ids;        /* of events */
	struct col_seen *deliveries; /* signed ones */
	struct col_give *give;
	struct col_hook_wait *wait;
	struct col_hook_beacon *beacon;
	struct col_hook_listen *listen;
	struct col_hook_figures figures;
	struct col_batch batch; /* of the request at hand */
	struct sl_buf answer;   /* likewise */
	struct event *figures_timer;
};

/* col_hook_section returns the section in force. */
const struct sl_config_collector *col_hook_section(const struct col_hook *hook);

#endif
