/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers which series a source has defined, so that none is defined twice. */
#ifndef COL_SERIES_H
#define COL_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "core.h"

/* All zeroes is an empty table. */
struct col_series {
	struct col_series_entry *slot;
	size_t slots; /* a power of two, or 0 */
	size_t count;
	uint64_t seed; /* of the hash; chosen with the first slot */
};

/*
 * col_series_find gives the handle of the series (metric, labels) if it was
 * added; SL_ENOTFOUND if not.
 */
int col_series_find(const struct col_series *series, const char *metric,
    const struct col_label *labels, size_t label_count, uint32_t *handle);

/* col_series_add remembers a series that is not in the table; copies its names. */
void col_series_add(struct col_series *series, const char *metric,
    const struct col_label *labels, size_t label_count, uint32_t handle);

/* col_series_clear frees everything and leaves an empty table. */
void col_series_clear(struct col_series *series);

#endif
