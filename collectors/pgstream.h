/* SPDX-License-Identifier: Apache-2.0 */
/* The replication connection: finds or makes the slot, streams, begins again. */
#ifndef COL_PGSTREAM_H
#define COL_PGSTREAM_H

#include "config.h"
#include "loop.h"
#include "pgchange.h"

struct col_pgstream;

struct col_pgstream_user {
	/*
	 * The cluster is known: line identifies it and the slot.  The core may
	 * be opened now; col_pgstream_go goes on once it is attached.
	 */
	void (*identified)(void *arg, uint64_t line);
	/* Which change to write into; only after col_pgstream_go. */
	struct col_pgchange *(*change)(void *arg);
	void *arg;
};

/* col_pgstream_open begins to connect for the source of that section. */
struct col_pgstream *col_pgstream_open(struct event_base *loop,
    const struct sl_config_collector *section, const struct col_pgstream_user *user);
void col_pgstream_close(struct col_pgstream *stream);

/* col_pgstream_go tells that an aggregator has accepted the source. */
void col_pgstream_go(struct col_pgstream *stream);

/* col_pgstream_streaming says whether changes arrive now. */
bool col_pgstream_streaming(const struct col_pgstream *stream);

#endif
