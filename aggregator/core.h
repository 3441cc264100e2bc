/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a running aggregator, tied together. */
#ifndef AGG_CORE_H
#define AGG_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/keyring.h"
#include "common/process.h"
#include "common/stat.h"
#include "connection.h"
#include "gateways.h"
#include "journal.h"
#include "judge.h"
#include "own.h"
#include "own_source.h"
#include "places.h"
#include "publish.h"
#include "recent.h"
#include "sources.h"
#include "state.h"
#include "table.h"

struct agg_census;
struct agg_command;
struct agg_tally;
struct agg_tickets;
struct agg_trails;

/* Made by aggregator.c in this order and ended in the opposite one. */
struct agg_core {
	struct sl_process *process;
	int lock_fd;
	int listener;
	struct sl_keyring keyring;
	struct agg_journal *journal;
	struct agg_table *table;
	struct agg_recent *recent;
	struct agg_judge *judge;
	struct agg_state *state;
	struct sl_bus *bus;
	struct agg_publish *publish;
	struct agg_ingest ingest;
	struct agg_sources *sources;
	struct agg_tally *tally;
	struct agg_command *command;
	struct agg_connection_rate connection_rate;
	struct agg_connection_rate connection_user[AGG_CONNECTION_USERS];
	struct agg_tickets *tickets;
	struct agg_trails *trails;
	struct agg_census *census;
	struct agg_gateways gateways;
	struct agg_places *places;
	struct agg_own own;
	struct agg_own_source own_source;
	bool paused;
	struct event *durable_event, *tick_event, *sweep_event, *update_event;
};

/*
 * agg_core_pass brings everything up to date after a pass over the rings, or
 * after a command, and publishes what is due.
 */
void agg_core_pass(struct agg_core *core, int64_t wall_ns, int64_t mono_ns);

/*
 * agg_core_aggregate recomputes what the clock drives and sends a keyframe: the
 * update interval's work, and force-aggregation.
 */
void agg_core_aggregate(struct agg_core *core);

/*
 * agg_core_pause puts stop-aggregator into force or takes it back: metrics and
 * rules stand still, events go on.  Kept in the control log and across
 * restarts.  Returns 0, or SL_EFULL if the journal has no space.
 */
int agg_core_pause(struct agg_core *core, bool paused);

/* agg_core_resume_pause puts into force again what the table kept, at the start. */
void agg_core_resume_pause(struct agg_core *core);

#endif
