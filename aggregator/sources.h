/* SPDX-License-Identifier: Apache-2.0 */
/* All sources: who is let in, who has something to read, who is silent. */
#ifndef AGG_SOURCES_H
#define AGG_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "source.h"

struct event_base;

struct agg_sources_hooks {
	void *arg;
	/*
	 * A pass over the rings is over: settle, judge, publish.  After it returns
	 * the tails are recorded and the rings released.
	 */
	void (*passed)(void *arg, int64_t wall_ns, int64_t mono_ns);
	/*
	 * A source has become silent beyond its deadline, or speaks again.
	 * age_ns: how long for, INT64_MAX if it never has.
	 */
	void (*stale)(
	    void *arg, const struct agg_source *source, bool stale, int64_t age_ns);
};

struct agg_sources_options {
	struct event_base *loop;
	struct agg_ingest *ingest;      /* borrowed */
	const struct sl_config *config; /* borrowed; agg_sources_configure replaces it */
	int listener;                   /* sl_attach_listen's, borrowed */
	gid_t bus_group;                /* members' primary group; (gid_t)-1: none */
};

struct agg_sources;

/*
 * agg_sources_new makes rows for the sources that the configuration expects and
 * the table remembers, and begins to accept.  Returns NULL without memory.
 */
struct agg_sources *agg_sources_new(
    const struct agg_sources_options *options, const struct agg_sources_hooks *hooks);

/* agg_sources_free ends all attachments; what is in the rings stays in them. */
void agg_sources_free(struct agg_sources *sources);

/*
 * agg_sources_configure follows a reload: a source that is no longer allowed, or
 * whose tenant or modules differ, is ended; what is in its ring stays there.
 */
void agg_sources_configure(struct agg_sources *sources, const struct sl_config *config);

/* agg_sources_tick looks for silent sources and late handshakes; about once a second. */
void agg_sources_tick(struct agg_sources *sources, int64_t mono_ns);

/*
 * agg_sources_progress tells the collectors how far they are durable; call it when
 * agg_journal_durable_fd was readable.
 */
void agg_sources_progress(struct agg_sources *sources);

/* agg_sources_each hands out all rows, in the order in which they became known. */
void agg_sources_each(struct agg_sources *sources,
    void (*each)(void *arg, const struct agg_source *source), void *arg);

/* agg_sources_active returns how many are attached and not silent. */
size_t agg_sources_active(const struct agg_sources *sources);

/* agg_sources_received returns the records taken of all sources. */
uint64_t agg_sources_received(const struct agg_sources *sources);

/* ---- for admit.c --------------------------------------------------------------- */

/* agg_sources_find returns the row of a name, NULL without one. */
struct agg_source *agg_sources_find(struct agg_sources *sources, const char *name);

/* agg_sources_make finds or makes a row; NULL past the limits of journal or table. */
struct agg_source *agg_sources_make(struct agg_sources *sources, const char *name);

#endif
