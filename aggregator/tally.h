/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics that are counted from events, as the catalog declares them. */
#ifndef AGG_TALLY_H
#define AGG_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "state.h"

/*
 * Each such metric feeds its value into the state as source "events" beside
 * whatever else feeds that metric: in its tenant, from the first event of its
 * types on.  What was counted survives a restart; an event counts at its own
 * time, exactly once.
 */
struct agg_tally;

/*
 * agg_tally_new opens the counts at path and catches up with the journal.  All
 * arguments are borrowed.  Returns NULL if the file cannot be had (logged).
 */
struct agg_tally *agg_tally_new(const struct sl_catalog *catalog, struct agg_state *state,
    struct agg_journal *journal, const char *path);
void agg_tally_free(struct agg_tally *tally);

/* agg_tally_entry counts an entry of the journal: each, in the order of its log. */
void agg_tally_entry(
    struct agg_tally *tally, enum sl_stream stream, const void *packed, size_t len);

/*
 * agg_tally_feed feeds what events have changed since the last call, or with
 * clock, once a second, all: windows move on without events, too.
 */
void agg_tally_feed(
    struct agg_tally *tally, bool clock, int64_t wall_ns, int64_t mono_ns);

#endif
