/* SPDX-License-Identifier: Apache-2.0 */
/* All alerts that are kept: the active ones by what they are about, all by id. */
#ifndef AGG_ALERT_STORE_H
#define AGG_ALERT_STORE_H

#include <sys/queue.h>

#include "alert.h"

/* An alert and what its life cycle needs.  Active: pending or firing. */
struct agg_alert_entry {
	struct agg_alert alert;
	uint32_t slot; /* of its record; UINT32_MAX: none */
	/* while active */
	const struct agg_rule *rule; /* NULL: a condition, or not found yet */
	unsigned levels;             /* that hold: AGG_RULE_… */
	int64_t since_mono_ns[2];    /* since when, by level */
	int64_t due_mono_ns;         /* when a level has held long enough; INT64_MAX */
	double latest;               /* newest value */
	uint64_t round;              /* evaluation of its rule that saw it last */
	bool confirmed;              /* reported since the start */
	bool active;
	TAILQ_ENTRY(agg_alert_entry) link;
	LIST_ENTRY(agg_alert_entry) same_id;
	LIST_ENTRY(agg_alert_entry) same_key; /* only while active */
};

#define AGG_ALERT_STORE_BUCKETS 1024

TAILQ_HEAD(agg_alert_list_head, agg_alert_entry);
LIST_HEAD(agg_alert_bucket, agg_alert_entry);

struct agg_alert_store {
	struct agg_alert_list_head active;   /* in the order of their start */
	struct agg_alert_list_head resolved; /* in the order of their end */
	size_t active_count;
	size_t resolved_count;
	struct agg_alert_bucket by_id[AGG_ALERT_STORE_BUCKETS];
	struct agg_alert_bucket by_key[AGG_ALERT_STORE_BUCKETS];
};

/* agg_alert_store_init makes an empty store; _clear frees all entries. */
void agg_alert_store_init(struct agg_alert_store *store);
void agg_alert_store_clear(struct agg_alert_store *store);

/* agg_alert_store_add takes an alert over, active unless it is resolved. */
struct agg_alert_entry *agg_alert_store_add(
    struct agg_alert_store *store, const struct agg_alert *alert);

/* agg_alert_store_retire moves an active entry to the resolved ones. */
void agg_alert_store_retire(struct agg_alert_store *store, struct agg_alert_entry *entry);

/* agg_alert_store_drop removes and frees an entry. */
void agg_alert_store_drop(struct agg_alert_store *store, struct agg_alert_entry *entry);

/* agg_alert_store_find finds by id, _active by what an active alert is about; or NULL. */
struct agg_alert_entry *agg_alert_store_find(
    const struct agg_alert_store *store, const char *id);
struct agg_alert_entry *agg_alert_store_active(const struct agg_alert_store *store,
    const char *tenant, const char *rule, const char *labels);

#endif
