/* SPDX-License-Identifier: Apache-2.0 */
/* How the set of alerts begins, restored alerts included, and changes its rules. */
#include <stdlib.h>
#include <string.h>

#include "alert_life.h"
#include "alert_rules.h"
#include "clock.h"
#include "error.h"

struct agg_alerts *agg_alert_new(
    const struct agg_alert_options *options, const struct agg_alert_hooks *hooks)
{
	struct agg_alerts *alerts = calloc(1, sizeof(*alerts));

	if (!alerts)
		abort();
	if (options)
		alerts->options = *options;
	if (!alerts->options.active_max)
		alerts->options.active_max = 1024;
	if (!alerts->options.resolved_max)
		alerts->options.resolved_max = 1000;
	if (!alerts->options.resolved_keep_ns)
		alerts->options.resolved_keep_ns = 24 * 3600 * SL_NS_PER_S;
	if (!alerts->options.clock_interval_ns)
		alerts->options.clock_interval_ns = 5 * SL_NS_PER_S;
	alerts->hooks = *hooks;
	agg_alert_store_init(&alerts->store);
	return alerts;
}

static void free_rules(struct agg_rule **rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		agg_rule_free(rules[i]);
	free(rules);
}

void agg_alert_free(struct agg_alerts *alerts)
{
	if (!alerts)
		return;
	agg_alert_store_clear(&alerts->store);
	free_rules(alerts->rules, alerts->rule_count);
	for (size_t i = 0; i < alerts->watch_count; i++) {
		free(alerts->watches[i].module);
		free(alerts->watches[i].metric);
		free(alerts->watches[i].readers);
	}
	for (size_t i = 0; i < alerts->tenant_count; i++) {
		free(alerts->tenants[i].name);
		free(alerts->tenants[i].dirty);
	}
	free(alerts->watches);
	free(alerts->tenants);
	sl_buf_clear(&alerts->scratch);
	free(alerts);
}

/* ---- start ------------------------------------------------------------------------ */

int agg_alert_restore(
    struct agg_alerts *alerts, const struct agg_alert *alert, uint32_t slot)
{
	bool active = alert->state != AGG_ALERT_RESOLVED;

	if (agg_alert_store_find(&alerts->store, alert->id) ||
	    (active && agg_alert_store_active(
			   &alerts->store, alert->tenant, alert->rule, alert->labels)))
		return SL_EEXIST;
	if (active ? alerts->store.active_count >= alerts->options.active_max
		   : alerts->store.resolved_count >= alerts->options.resolved_max)
		return SL_EFULL;

	struct agg_alert_entry *entry = agg_alert_store_add(&alerts->store, alert);
	entry->slot = slot;
	/* Making a tenant moves them all, so its index comes first. */
	uint32_t tenant = agg_alert_life_tenant(alerts, alert->tenant);
	alerts->tenants[tenant].open[alert->severity] += alert->state == AGG_ALERT_FIRING;
	if (!alert->unsent || !alerts->hooks.published)
		return 0;
	uint64_t seq = alerts->hooks.published(alerts->hooks.arg, &entry->alert);
	if (seq) {
		entry->alert.seq = seq;
		entry->alert.unsent = 0;
	}
	return 0;
}

static int rule_order(const void *a, const void *b)
{
	const struct agg_rule *x = *(struct agg_rule *const *)a;
	const struct agg_rule *y = *(struct agg_rule *const *)b;

	return (x->expr != NULL) - (y->expr != NULL);
}

static bool collide(const struct agg_rule *a, const struct agg_rule *b)
{
	bool same_tenant = (!a->tenant && !b->tenant) ||
			   (a->tenant && b->tenant && !strcmp(a->tenant, b->tenant));

	return !strcmp(a->id, b->id) ||
	       (!a->expr && !b->expr && same_tenant && !strcmp(a->metric, b->metric) &&
		   !strcmp(a->module, b->module));
}

static const struct agg_rule *find_rule(const struct agg_alerts *alerts, const char *id)
{
	for (size_t i = 0; i < alerts->rule_count; i++)
		if (!strcmp(alerts->rules[i]->id, id))
			return alerts->rules[i];
	return NULL;
}

/*
 * Gives an active alert its rule after a start or reload.  How long its levels
 * have held goes on over a restart, by the wall clock; but nothing fires before
 * a fresh value has said that it is still so.
 */
static void adopt(struct agg_alerts *alerts, struct agg_alert_entry *entry,
    int64_t now_ns, int64_t mono_ns)
{
	const struct agg_alert *alert = &entry->alert;
	bool restored = !entry->rule && !entry->levels;

	if (alert->condition)
		return;
	entry->rule = find_rule(alerts, alert->rule);
	if (!entry->rule) {
		agg_alert_life_resolve(
		    alerts, entry, "The rule no longer exists", now_ns);
		return;
	}
	if (!restored)
		return;
	for (int level = 0; level < 2; level++) {
		int64_t since_ns = alert->level_since_ns[level];

		if (!since_ns)
			continue;
		int64_t held_ns = since_ns < now_ns ? now_ns - since_ns : 0;
		entry->levels |= 1u << level;
		entry->since_mono_ns[level] = mono_ns - held_ns;
	}
}

int agg_alert_set_rules(struct agg_alerts *alerts, struct agg_rule **rules, size_t count,
    int64_t now_ns, int64_t mono_ns)
{
	struct agg_alert_entry *entry, *next;

	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < i; n++)
			if (collide(rules[i], rules[n]))
				return SL_EEXIST;

	struct agg_rule **old = alerts->rules;
	size_t old_count = alerts->rule_count;
	alerts->rules = calloc(count + 1, sizeof(*rules));
	if (!alerts->rules)
		abort();
	alerts->rule_count = count;
	alerts->threshold_count = 0;
	for (size_t i = 0; i < count; i++) {
		alerts->rules[i] = rules[i];
		alerts->threshold_count += !rules[i]->expr;
	}
	qsort(alerts->rules, count, sizeof(*rules), rule_order);

	for (size_t i = 0; i < alerts->tenant_count; i++) {
		struct agg_alert_tenant *tenant = &alerts->tenants[i];

		free(tenant->dirty);
		tenant->dirty = calloc(count + 1, sizeof(*tenant->dirty));
		if (!tenant->dirty)
			abort();
		tenant->dirty_count = 0;
	}
	alerts->dirty_tenants = 0;
	alerts->restored_mono_ns = mono_ns;
	for (entry = TAILQ_FIRST(&alerts->store.active); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		adopt(alerts, entry, now_ns, mono_ns);
	}
	free_rules(old, old_count);
	for (size_t i = 0; i < alerts->watch_count; i++) {
		if (!alerts->watches[i].metric)
			continue;
		agg_alert_rules_bind(alerts, &alerts->watches[i]);
		agg_alert_rules_mark(alerts, &alerts->watches[i]);
	}
	alerts->next_tick_mono_ns = mono_ns;
	return 0;
}

void agg_alert_watch(struct agg_alerts *alerts, uint32_t metric_id, const char *tenant,
    const char *module, const char *metric)
{
	if (metric_id >= alerts->watch_count) {
		size_t want = alerts->watch_count * 2 > metric_id + 64u
				  ? alerts->watch_count * 2
				  : metric_id + 64u;

		alerts->watches =
		    realloc(alerts->watches, want * sizeof(*alerts->watches));
		if (!alerts->watches)
			abort();
		for (; alerts->watch_count < want; alerts->watch_count++) {
			alerts->watches[alerts->watch_count] =
			    (struct agg_alert_watch){0};
			agg_alert_rules_window(&alerts->watches[alerts->watch_count]);
		}
	}

	struct agg_alert_watch *watch = &alerts->watches[metric_id];
	free(watch->module);
	free(watch->metric);
	watch->module = strdup(module);
	watch->metric = strdup(metric);
	if (!watch->module || !watch->metric)
		abort();
	watch->tenant = agg_alert_life_tenant(alerts, tenant);
	agg_alert_rules_bind(alerts, watch);
}
