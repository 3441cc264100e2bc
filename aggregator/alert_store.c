/* SPDX-License-Identifier: Apache-2.0 */
#include "alert_store.h"

#include <stdlib.h>
#include <string.h>

static struct agg_alert_bucket *bucket(
    const struct agg_alert_bucket *buckets, const struct agg_label *parts, size_t count)
{
	uint64_t hash = agg_labels_hash(&(struct agg_labels){parts, count});

	return (struct agg_alert_bucket *)&buckets[hash & (AGG_ALERT_STORE_BUCKETS - 1)];
}

static struct agg_alert_bucket *id_bucket(
    const struct agg_alert_store *store, const char *id)
{
	struct agg_label part = {sl_slice_text(id), {NULL, 0}};

	return bucket(store->by_id, &part, 1);
}

static struct agg_alert_bucket *key_bucket(const struct agg_alert_store *store,
    const char *tenant, const char *rule, const char *labels)
{
	struct agg_label parts[] = {
	    {sl_slice_text(tenant), sl_slice_text(rule)},
	    {sl_slice_text(labels), {NULL, 0}},
	};

	return bucket(store->by_key, parts, 2);
}

void agg_alert_store_init(struct agg_alert_store *store)
{
	memset(store, 0, sizeof(*store));
	TAILQ_INIT(&store->active);
	TAILQ_INIT(&store->resolved);
}

void agg_alert_store_clear(struct agg_alert_store *store)
{
	while (!TAILQ_EMPTY(&store->active))
		agg_alert_store_drop(store, TAILQ_FIRST(&store->active));
	while (!TAILQ_EMPTY(&store->resolved))
		agg_alert_store_drop(store, TAILQ_FIRST(&store->resolved));
}

struct agg_alert_entry *agg_alert_store_add(
    struct agg_alert_store *store, const struct agg_alert *alert)
{
	struct agg_alert_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		abort();
	entry->alert = *alert;
	entry->slot = UINT32_MAX;
	entry->due_mono_ns = INT64_MAX;
	entry->latest = alert->value;
	entry->active = alert->state != AGG_ALERT_RESOLVED;
	LIST_INSERT_HEAD(id_bucket(store, alert->id), entry, same_id);
	if (!entry->active) {
		TAILQ_INSERT_TAIL(&store->resolved, entry, link);
		store->resolved_count++;
		return entry;
	}
	TAILQ_INSERT_TAIL(&store->active, entry, link);
	LIST_INSERT_HEAD(key_bucket(store, alert->tenant, alert->rule, alert->labels),
	    entry, same_key);
	store->active_count++;
	return entry;
}

static void leave_active(struct agg_alert_store *store, struct agg_alert_entry *entry)
{
	TAILQ_REMOVE(&store->active, entry, link);
	LIST_REMOVE(entry, same_key);
	store->active_count--;
	entry->active = false;
	entry->rule = NULL;
}

void agg_alert_store_retire(struct agg_alert_store *store, struct agg_alert_entry *entry)
{
	leave_active(store, entry);
	TAILQ_INSERT_TAIL(&store->resolved, entry, link);
	store->resolved_count++;
}

void agg_alert_store_drop(struct agg_alert_store *store, struct agg_alert_entry *entry)
{
	if (entry->active) {
		leave_active(store, entry);
	} else {
		TAILQ_REMOVE(&store->resolved, entry, link);
		store->resolved_count--;
	}
	LIST_REMOVE(entry, same_id);
	free(entry);
}

struct agg_alert_entry *agg_alert_store_find(
    const struct agg_alert_store *store, const char *id)
{
	struct agg_alert_entry *entry;

	LIST_FOREACH (entry, id_bucket(store, id), same_id)
		if (!strcmp(entry->alert.id, id))
			return entry;
	return NULL;
}

struct agg_alert_entry *agg_alert_store_active(const struct agg_alert_store *store,
    const char *tenant, const char *rule, const char *labels)
{
	struct agg_alert_entry *entry;

	LIST_FOREACH (entry, key_bucket(store, tenant, rule, labels), same_key)
		if (!strcmp(entry->alert.rule, rule) &&
		    !strcmp(entry->alert.tenant, tenant) &&
		    !strcmp(entry->alert.labels, labels))
			return entry;
	return NULL;
}
