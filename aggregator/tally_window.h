/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a tally at a moment, from its buckets.  Pure but for the time zone. */
#ifndef AGG_TALLY_WINDOW_H
#define AGG_TALLY_WINDOW_H

#include "common/catalog.h"
#include "tally_file.h"

/*
 * agg_tally_window_width returns how long a bucket is: a sixtieth of the window,
 * for days a quarter of an hour, since every zone's offset is a multiple of it.
 */
int64_t agg_tally_window_width(const struct sl_catalog_tally *tally);

/*
 * agg_tally_window_bucket returns the bucket that an event of time_ns counts in,
 * NULL if it is too old.  *fresh: it held another period and has to be begun
 * anew with *period.  A period that is still to come at now_ns is of a clock
 * that was wrong, and gives way.
 */
struct agg_tally_bucket *agg_tally_window_bucket(struct agg_tally_block *block,
    int64_t time_ns, int64_t now_ns, int64_t *period, bool *fresh);

/* agg_tally_window_value computes the value at now_ns; NaN: there is none. */
double agg_tally_window_value(const struct sl_catalog_tally *tally,
    const struct agg_tally_block *block, int64_t now_ns);

#endif
