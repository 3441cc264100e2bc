/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_orders.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

void agg_journal_orders_clear(struct agg_journal_orders *orders)
{
	free(orders->slots);
	memset(orders, 0, sizeof *orders);
}

int agg_journal_orders_reserve(struct agg_journal_orders *orders)
{
	if (orders->count < orders->capacity)
		return 0;
	uint32_t capacity = orders->capacity ? orders->capacity * 2 : 16;
	void *slots = realloc(orders->slots, capacity * sizeof *orders->slots);
	if (!slots)
		return SL_ENOMEM;
	orders->slots = slots;
	orders->capacity = capacity;
	return 0;
}

/* The index of the first slot whose sequence is not below seq. */
static uint32_t lower_bound(const struct agg_journal_orders *orders, uint64_t seq)
{
	uint32_t low = 0, high = orders->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (orders->slots[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void agg_journal_orders_put(
    struct agg_journal_orders *orders, const struct agg_journal_order_slot *slot)
{
	uint32_t at = lower_bound(orders, slot->seq);

	memmove(&orders->slots[at + 1], &orders->slots[at],
	    (orders->count - at) * sizeof *orders->slots);
	orders->slots[at] = *slot;
	orders->count++;
	if (slot->expires_ns != 0 &&
	    (orders->first_expiry_ns == 0 || slot->expires_ns < orders->first_expiry_ns))
		orders->first_expiry_ns = slot->expires_ns;
}

struct agg_journal_order_slot *agg_journal_orders_find(
    const struct agg_journal_orders *orders, uint64_t seq)
{
	uint32_t at = lower_bound(orders, seq);

	return at < orders->count && orders->slots[at].seq == seq ? &orders->slots[at]
								  : NULL;
}

void agg_journal_orders_expire(struct agg_journal_orders *orders, int64_t now_ns,
    agg_journal_orders_gone_f gone, void *arg)
{
	uint32_t kept = 0;

	if (orders->first_expiry_ns == 0 || now_ns < orders->first_expiry_ns)
		return;
	orders->first_expiry_ns = 0;
	for (uint32_t i = 0; i < orders->count; i++) {
		const struct agg_journal_order_slot *slot = &orders->slots[i];
		int64_t at_ns = slot->expires_ns;
		if (at_ns != 0 && at_ns <= now_ns) {
			gone(arg, slot);
			continue;
		}
		if (at_ns != 0 &&
		    (orders->first_expiry_ns == 0 || at_ns < orders->first_expiry_ns))
			orders->first_expiry_ns = at_ns;
		orders->slots[kept++] = *slot;
	}
	orders->count = kept;
}

void agg_journal_orders_replace(struct agg_journal_orders *orders, uint32_t kind,
    uint64_t seq, agg_journal_orders_gone_f gone, void *arg)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < orders->count; i++) {
		const struct agg_journal_order_slot *slot = &orders->slots[i];
		if (slot->kind == kind && slot->seq < seq)
			gone(arg, slot);
		else
			orders->slots[kept++] = *slot;
	}
	orders->count = kept;
}
