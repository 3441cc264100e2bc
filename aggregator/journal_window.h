/* SPDX-License-Identifier: Apache-2.0 */
/* The replay window of one log: where its entries lie, oldest to newest. */
#ifndef AGG_JOURNAL_WINDOW_H
#define AGG_JOURNAL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct agg_journal_slot {
	uint64_t place;  /* of the record */
	uint32_t size;   /* of the record, bytes */
	uint32_t time_s; /* wall clock when it was journaled */
};

/* The sequences in [oldest, next) have a slot each: slots[seq mod capacity]. */
struct agg_journal_window {
	struct agg_journal_slot *slots;
	uint64_t capacity; /* a power of two */
	uint64_t oldest;
	uint64_t next;
	uint64_t bytes; /* sum of the sizes */
};

/* When an entry may leave. */
struct agg_journal_limits {
	uint32_t entries;
	int64_t seconds;
	uint64_t bytes;
};

/* agg_journal_window_init makes an empty window whose next sequence is next. */
void agg_journal_window_init(struct agg_journal_window *window, uint64_t next);
void agg_journal_window_clear(struct agg_journal_window *window);

/* agg_journal_window_reserve makes sure of room for one more: 0 or SL_ENOMEM. */
int agg_journal_window_reserve(struct agg_journal_window *window);

/* agg_journal_window_push adds the entry next; there is room reserved. */
void agg_journal_window_push(
    struct agg_journal_window *window, const struct agg_journal_slot *slot);

/* agg_journal_window_prepend adds the entry oldest - 1; there is room reserved. */
void agg_journal_window_prepend(
    struct agg_journal_window *window, const struct agg_journal_slot *slot);

/* agg_journal_window_at returns the slot of a sequence, NULL if it is not kept. */
struct agg_journal_slot *agg_journal_window_at(
    const struct agg_journal_window *window, uint64_t seq);

/*
 * agg_journal_window_expire takes the oldest entry out and copies its slot if the
 * limits let it go; false if there is none such.
 */
bool agg_journal_window_expire(struct agg_journal_window *window,
    const struct agg_journal_limits *limits, int64_t now_s,
    struct agg_journal_slot *slot);

#endif
