/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of what was taken lately: a bounded memory, the oldest forgotten first. */
#ifndef COL_SEEN_H
#define COL_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"

struct col_seen;

/* col_seen_new makes a memory of max keys, all of it at once. */
struct col_seen *col_seen_new(size_t max);
void col_seen_free(struct col_seen *seen);

/* col_seen_find says whether a key is remembered, and with which number. */
bool col_seen_find(
    const struct col_seen *seen, const uint8_t key[COL_BATCH_KEY], uint64_t *number);

/* col_seen_add remembers a key that is not; number and now_ns are kept with it. */
void col_seen_add(struct col_seen *seen, const uint8_t key[COL_BATCH_KEY],
    uint64_t number, int64_t now_ns);

/*
 * col_seen_busy says whether one more key would push out one that is younger
 * than keep_ns.  now_ns is the same clock as in col_seen_add.
 */
bool col_seen_busy(const struct col_seen *seen, int64_t keep_ns, int64_t now_ns);

#endif
