/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is taken in small pieces and freed as a whole. */
#ifndef AGG_ARENA_H
#define AGG_ARENA_H

#include <stddef.h>

struct agg_arena_chunk;

/* All zeroes with max_bytes set is an empty arena. */
struct agg_arena {
	size_t max_bytes;
	size_t bytes; /* taken so far */
	struct agg_arena_chunk *newest;
};

/*
 * agg_arena_alloc returns size zeroed bytes, aligned for any type, that stay
 * until agg_arena_clear; NULL past max_bytes or when memory runs out.
 */
void *agg_arena_alloc(struct agg_arena *arena, size_t size);

/* agg_arena_text copies len bytes and a NUL behind them; NULL as above. */
char *agg_arena_text(struct agg_arena *arena, const char *data, size_t len);

/* agg_arena_clear frees everything and leaves an empty arena. */
void agg_arena_clear(struct agg_arena *arena);

#endif
