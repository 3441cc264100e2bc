/* SPDX-License-Identifier: Apache-2.0 */
/* The set of sources: for sources.c, drain.c and source_life.c only. */
#ifndef AGG_SOURCES_STATE_H
#define AGG_SOURCES_STATE_H

#include "sources.h"

struct agg_sources {
	struct agg_sources_options options;
	struct agg_sources_hooks hooks;
	struct agg_admit *admit;
	struct agg_source **source;
	size_t count;
	struct agg_source *awake; /* drain.c's: those with something to read */
	struct event *work;       /* a pass is due */
	bool passing;             /* within one */
	struct event *retry;      /* blocked sources are tried again */
	int64_t started_mono_ns;
};

#endif
