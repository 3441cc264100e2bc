/* SPDX-License-Identifier: Apache-2.0 */
/* How far each source is journaled, and how far durable. */
#ifndef AGG_JOURNAL_SOURCES_H
#define AGG_JOURNAL_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregator/journal.h"

/* A source position and the place in the journal behind its record. */
struct agg_journal_point {
	uint64_t place;
	uint8_t position[AGG_JOURNAL_POSITION];
};

/*
 * A line remembers three points: the latest, the last one that the sync which
 * runs (or ran last) covers, and the last one known to be durable.
 */
struct agg_journal_line {
	uint64_t id;
	uint64_t used; /* of the lines of a source, the one used longest ago goes */
	struct agg_journal_point latest;
	struct agg_journal_point covered; /* place 0: none */
	bool has_durable;
	uint8_t durable[AGG_JOURNAL_POSITION];
};

struct agg_journal_known_source {
	bool written; /* its name is in the journal */
	uint8_t name_len;
	char name[128];
	struct agg_journal_source state;
	uint32_t line_count;
	struct agg_journal_line lines[AGG_JOURNAL_LINES_MAX];
};

struct agg_journal_sources {
	struct agg_journal_known_source *items[AGG_JOURNAL_SOURCES_MAX];
	uint32_t max; /* how many a segment's checkpoint has room for */
	uint64_t clock;
};

/* agg_journal_sources_clear frees what the table holds. */
void agg_journal_sources_clear(struct agg_journal_sources *sources);

/* agg_journal_sources_find: as agg_journal_source_find. */
int agg_journal_sources_find(
    struct agg_journal_sources *sources, const char *name, size_t len, uint32_t *number);

/* agg_journal_sources_at returns a source, or NULL if the number is not known. */
struct agg_journal_known_source *agg_journal_sources_at(
    const struct agg_journal_sources *sources, uint32_t number);

/*
 * agg_journal_sources_restore makes a source known under a number, as a record
 * tells it; its lines stay.  Returns 0, SL_EINVAL (number or name out of range)
 * or SL_ENOMEM.
 */
int agg_journal_sources_restore(struct agg_journal_sources *sources, uint32_t number,
    const char *name, size_t len, const struct agg_journal_source *state);

/* agg_journal_sources_line returns a line of a source, or NULL. */
const struct agg_journal_line *agg_journal_sources_line(
    const struct agg_journal_sources *sources, uint32_t number, uint64_t line);

/*
 * agg_journal_sources_moved notes that a record with this position now ends at
 * place.  begun and durable are the writer thread's, begun loaded first.
 */
void agg_journal_sources_moved(struct agg_journal_sources *sources, uint32_t number,
    uint64_t line, const uint8_t position[AGG_JOURNAL_POSITION], uint64_t place,
    uint64_t begun, uint64_t durable);

/* agg_journal_sources_durable: as agg_journal_durable. */
int agg_journal_sources_durable(struct agg_journal_sources *sources, uint32_t number,
    uint64_t line, uint64_t durable, uint8_t position[AGG_JOURNAL_POSITION]);

#endif
