/* SPDX-License-Identifier: Apache-2.0 */
/* What the names and tags that came before became, byte by byte as sent. */
#ifndef COL_STATSD_CACHE_H
#define COL_STATSD_CACHE_H

#include "statsd_parse.h"

/*
 * Rules, labels and catalog are looked at once for each spelling of a name with
 * its tags.  Spellings have no bound, so this forgets: a new one takes the place
 * of another one in its bucket of four.  Its memory is bounded by its slots and
 * COL_STATSD_CACHE_KEY, and however names are chosen, a look-up compares four.
 */
#define COL_STATSD_CACHE_KEY 512 /* longer names with tags are not remembered */

struct col_statsd_cache;

/* col_statsd_cache_new makes one of at least so many slots; _free ignores NULL. */
struct col_statsd_cache *col_statsd_cache_new(size_t slots);
void col_statsd_cache_free(struct col_statsd_cache *cache);

/*
 * col_statsd_cache_find returns where the number of the line's kind, name and
 * tags is: *known tells whether it was put there before.  NULL where such a
 * line is not remembered; then *known is false.  The place holds until the next
 * call.
 */
int32_t *col_statsd_cache_find(
    struct col_statsd_cache *cache, const struct col_statsd_line *line, bool *known);

/* col_statsd_cache_reset forgets everything. */
void col_statsd_cache_reset(struct col_statsd_cache *cache);

#endif
