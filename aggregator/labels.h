/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of a series: name and value pairs, sorted by name. */
#ifndef AGG_LABELS_H
#define AGG_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

#define AGG_LABELS_MAX 16 /* labels of one series */

struct agg_label {
	struct sl_slice name;
	struct sl_slice value;
};

/* Borrowed: items and what their slices point to belong to somebody else. */
struct agg_labels {
	const struct agg_label *items;
	size_t count;
};

/* agg_labels_slice_equal compares the bytes of two slices. */
bool agg_labels_slice_equal(struct sl_slice a, struct sl_slice b);

/* agg_labels_sort puts items into the order of their names, in place. */
void agg_labels_sort(struct agg_label *items, size_t count);

/* agg_labels_find returns the value of a label, or a slice with data NULL. */
struct sl_slice agg_labels_find(const struct agg_labels *labels, struct sl_slice name);

/* agg_labels_equal tells whether two sets hold the same names and values. */
bool agg_labels_equal(const struct agg_labels *a, const struct agg_labels *b);

/* agg_labels_hash returns 64 bits, the same for equal sets in this process. */
uint64_t agg_labels_hash(const struct agg_labels *labels);
/* agg_labels_json appends the compact JSON object of sorted labels. */
void agg_labels_json(struct sl_buf *out, const struct agg_labels *labels);

#endif
