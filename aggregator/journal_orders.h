/* SPDX-License-Identifier: Apache-2.0 */
/* The control entries that are alive, and where they lie in the journal. */
#ifndef AGG_JOURNAL_ORDERS_H
#define AGG_JOURNAL_ORDERS_H

#include <stdint.h>

struct agg_journal_order_slot {
	uint64_t seq;
	uint64_t place;
	int64_t expires_ns; /* 0: never */
	uint32_t size;      /* of the record */
	uint32_t kind;      /* CRC-32C of the kind */
};

/* Sorted by sequence. */
struct agg_journal_orders {
	struct agg_journal_order_slot *slots;
	uint32_t count;
	uint32_t capacity;
	uint64_t next;
	int64_t first_expiry_ns; /* nothing expires before; 0: nothing does */
};

/* agg_journal_orders_clear frees the slots. */
void agg_journal_orders_clear(struct agg_journal_orders *orders);

/* agg_journal_orders_reserve makes room for one more: 0 or SL_ENOMEM. */
int agg_journal_orders_reserve(struct agg_journal_orders *orders);

/* agg_journal_orders_put adds a slot where its sequence belongs; room is reserved. */
void agg_journal_orders_put(
    struct agg_journal_orders *orders, const struct agg_journal_order_slot *slot);

/* agg_journal_orders_find returns the slot of a sequence, or NULL. */
struct agg_journal_order_slot *agg_journal_orders_find(
    const struct agg_journal_orders *orders, uint64_t seq);

/* Called for each slot that goes, before it does. */
typedef void (*agg_journal_orders_gone_f)(
    void *arg, const struct agg_journal_order_slot *slot);

/* agg_journal_orders_expire drops what has expired by now. */
void agg_journal_orders_expire(struct agg_journal_orders *orders, int64_t now_ns,
    agg_journal_orders_gone_f gone, void *arg);

/* agg_journal_orders_replace drops the entries of a kind before sequence seq. */
void agg_journal_orders_replace(struct agg_journal_orders *orders, uint32_t kind,
    uint64_t seq, agg_journal_orders_gone_f gone, void *arg);

#endif
