/* SPDX-License-Identifier: Apache-2.0 */
#include "labels.h"

#include <string.h>
#include <sys/random.h>

#include "json_out.h"

bool agg_labels_slice_equal(struct sl_slice a, struct sl_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static int slice_order(struct sl_slice a, struct sl_slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

	if (order)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Insertion sort: there are at most a few labels, nearly always sorted already. */
void agg_labels_sort(struct agg_label *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct agg_label item = items[i];
		size_t at = i;

		for (; at && slice_order(items[at - 1].name, item.name) > 0; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

struct sl_slice agg_labels_find(const struct agg_labels *labels, struct sl_slice name)
{
	for (size_t i = 0; i < labels->count; i++)
		if (agg_labels_slice_equal(labels->items[i].name, name))
			return labels->items[i].value;
	return (struct sl_slice){NULL, 0};
}

bool agg_labels_equal(const struct agg_labels *a, const struct agg_labels *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!agg_labels_slice_equal(a->items[i].name, b->items[i].name) ||
		    !agg_labels_slice_equal(a->items[i].value, b->items[i].value))
			return false;
	return true;
}

/*
 * FNV-1a from a secret start, so that who chooses labels from outside does not
 * know which of them collide; the length first, so that "ab","c" and "a","bc"
 * differ.
 */
static uint64_t hash_start(void)
{
	static uint64_t start;

	while (!start)
		if (getrandom(&start, sizeof(start), GRND_NONBLOCK) != sizeof(start))
			start = 14695981039346656037u;
	return start;
}

static uint64_t hash_slice(uint64_t hash, struct sl_slice slice)
{
	hash = (hash ^ slice.len) * 1099511628211u;
	for (size_t i = 0; i < slice.len; i++)
		hash = (hash ^ (unsigned char)slice.data[i]) * 1099511628211u;
	return hash;
}

uint64_t agg_labels_hash(const struct agg_labels *labels)
{
	uint64_t hash = hash_start();

	for (size_t i = 0; i < labels->count; i++) {
		hash = hash_slice(hash, labels->items[i].name);
		hash = hash_slice(hash, labels->items[i].value);
	}
	return hash ^ hash >> 32;
}

void agg_labels_json(struct sl_buf *out, const struct agg_labels *labels)
{
	struct sl_json_out writer;

	sl_json_out_init(&writer, out);
	sl_json_out_object_begin(&writer);
	for (size_t i = 0; i < labels->count; i++) {
		const struct agg_label *label = &labels->items[i];

		sl_json_out_keyn(&writer, label->name.data, label->name.len);
		sl_json_out_string(&writer, label->value.data, label->value.len);
	}
	sl_json_out_object_end(&writer);
}
