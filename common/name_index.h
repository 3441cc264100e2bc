/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from names to numbers. */
#ifndef SL_NAME_INDEX_H
#define SL_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* All zeroes is an empty index.  Names are not copied and must outlive it. */
struct sl_name_index {
	struct sl_name_slot {
		const char *name; /* NULL: free */
		size_t len;
		uint32_t value;
	} * slot;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/*
 * sl_name_index_put gives a name a number; the number of a name that is there
 * already is replaced.  Aborts without memory.
 */
void sl_name_index_put(
    struct sl_name_index *index, const char *name, size_t len, uint32_t value);

/* sl_name_index_get returns a name's number, or -1. */
int64_t sl_name_index_get(
    const struct sl_name_index *index, const char *name, size_t len);

/* sl_name_index_clear frees the memory and leaves an empty index. */
void sl_name_index_clear(struct sl_name_index *index);

#endif
