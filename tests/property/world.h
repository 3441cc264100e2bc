/* SPDX-License-Identifier: Apache-2.0 */
/* The naive aggregator of the property test: everything it ever said, and to whom. */
#ifndef PROPERTY_WORLD_H
#define PROPERTY_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "catalog.h"
#include "entry.h"
#include "msg.h"

#define WORLD_MODULES 3 /* "a", "b", "c" */
#define WORLD_METRICS 9 /* metric i is "<module i % 3>.m<i>" */
#define WORLD_ALERTS  6 /* alert i is of module i % 3 */
#define WORLD_SUBS    3 /* "u0" … */
#define WORLD_ROLES   3

/* Bits of the modules that a role sees. */
extern const char world_catalog[];
extern const char *const world_role[WORLD_ROLES];
extern const unsigned world_sees[WORLD_ROLES];

/* Who may see an entry. */
struct world_truth {
	uint8_t module; /* index */
	int8_t sub;     /* -1: everybody */
	int8_t role;    /* -1: every role */
};

/* One log of one epoch: [1, next) were written, [first, next) are kept. */
struct world_log {
	struct world_truth *truth; /* by sequence */
	struct sl_buf *packed;     /* by sequence; empty where no longer kept */
	uint64_t cap;
	uint64_t first;
	uint64_t next;
	uint64_t sent; /* entries before this have left with a batch */
};

struct world_epoch {
	uint64_t epoch;
	struct world_log log[SL_STREAM_COUNT];
};

struct world {
	struct world_epoch **epoch; /* all, the last one is the present */
	size_t epochs;
	uint64_t flush;
	uint64_t keep; /* entries of each log */
	int64_t time_us;
	double value[WORLD_METRICS];
	bool stale[WORLD_METRICS];
	bool changed[WORLD_METRICS];
	uint64_t alert[WORLD_ALERTS]; /* sequence that opened or changed it; 0: closed */
	struct sl_buf open[WORLD_ALERTS]; /* its entry */
	uint64_t random;
	uint64_t entries; /* written so far, of all epochs */
};

void world_init(struct world *w, uint64_t seed, uint64_t keep);
void world_clear(struct world *w);

/* world_dice returns a number below n: the one source of chance. */
uint64_t world_dice(struct world *w, uint64_t n);

struct world_epoch *world_now(const struct world *w);

/* world_epoch_find returns an epoch by its number; NULL if there was none. */
struct world_epoch *world_epoch_find(const struct world *w, uint64_t epoch);

/* world_write adds an entry of a random log; world_measure a random value. */
void world_write(struct world *w);
void world_measure(struct world *w);

/* world_restart is kill -9: what was not published is never sent, only kept. */
void world_restart(struct world *w);

/* world_lose is the loss of the journal: another epoch. */
void world_lose(struct world *w);

/* world_batch packs what is pending, as the aggregator's publish does. */
void world_batch(struct world *w, struct sl_buf *out, bool keyframe);

/* world_state and world_page pack the bodies of the two replies. */
void world_state(struct world *w, struct sl_buf *out);
void world_page(
    struct world *w, int stream, uint64_t from, uint64_t to, struct sl_buf *out);

#endif
