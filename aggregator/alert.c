/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  agg_alert_check is the hot path: each metric has a window in
 * which its value can move without any level changing, so that nearly all
 * calls end after two comparisons.  The window follows from the rule's limits
 * and the levels that hold, and is set anew whenever a value leaves it.
 */
#include "alert.h"

#include <math.h>
#include <stdio.h>

#include "alert_life.h"
#include "alert_rules.h"
#include "clock.h"

#define SWEEP_NS   SL_NS_PER_S
#define CONFIRM_NS (60 * SL_NS_PER_S)

static void cross(struct agg_alerts *alerts, struct agg_alert_watch *watch, double value,
    int64_t ts_ns, int64_t mono_ns)
{
	const struct agg_labels none = {NULL, 0};
	const struct agg_alert_subject subject = {
	    alerts->tenants[watch->tenant].name, watch->rule, &none, "{}"};
	unsigned before = watch->active ? watch->active->levels : 0;

	watch->active = agg_alert_life_judge(alerts, &subject, watch->active,
	    agg_rule_levels(watch->rule, value, before), value, ts_ns, mono_ns);
	agg_alert_rules_window(watch);
}

int agg_alert_check(struct agg_alerts *alerts, uint32_t metric_id, double value,
    int64_t ts_ns, int64_t mono_ns)
{
	if (metric_id >= alerts->watch_count)
		return 0;

	struct agg_alert_watch *watch = &alerts->watches[metric_id];
	double x = watch->sign * value;
	if (watch->reader_count)
		agg_alert_rules_mark(alerts, watch);
	if (!(x >= watch->lo && x < watch->hi)) {
		if (isnan(x))
			return 0;
		if (watch->rule)
			cross(alerts, watch, value, ts_ns, mono_ns);
	} else if (watch->active) {
		watch->active->latest = value;
	}
	return x >= watch->fire[1] ? 2 : x >= watch->fire[0];
}

void agg_alert_condition(struct agg_alerts *alerts, const char *tenant, const char *rule,
    const char *module, const struct agg_labels *labels, enum agg_severity severity,
    const char *message, int64_t now_ns, int64_t mono_ns)
{
	const struct agg_labels none = {NULL, 0};
	struct agg_alert alert = {
	    .severity = severity,
	    .value = NAN,
	    .threshold = NAN,
	    .started_ns = now_ns,
	    .condition = true,
	};

	(void)mono_ns;
	sl_buf_reset(&alerts->scratch);
	agg_labels_json(&alerts->scratch, labels ? labels : &none);
	if (alerts->scratch.len > AGG_ALERT_LABELS) {
		alerts->stats.refused++;
		return;
	}
	agg_alert_life_text(
	    alert.labels, sizeof(alert.labels), sl_buf_text(&alerts->scratch));
	agg_alert_life_text(alert.tenant, sizeof(alert.tenant), tenant);
	agg_alert_life_text(alert.rule, sizeof(alert.rule), rule);
	agg_alert_life_text(alert.module, sizeof(alert.module), module);
	agg_alert_life_text(alert.message, sizeof(alert.message), message ? message : "");
	struct agg_alert_entry *active = agg_alert_store_active(
	    &alerts->store, alert.tenant, alert.rule, alert.labels);
	if (severity != AGG_SEVERITY_NONE)
		agg_alert_life_condition(alerts, active, &alert, now_ns);
	else if (active)
		agg_alert_life_resolve(alerts, active, message, now_ns);
}

void agg_alert_source(struct agg_alerts *alerts, const char *tenant, const char *source,
    bool stale, int64_t age_ns, int64_t now_ns, int64_t mono_ns)
{
	struct agg_label label = {{"source", 6}, sl_slice_text(source)};
	char message[AGG_ALERT_MESSAGE + 1];

	if (!stale)
		snprintf(message, sizeof(message), "Source %.128s sends again", source);
	else if (age_ns == INT64_MAX)
		snprintf(message, sizeof(message), "Source %.128s has not sent anything",
		    source);
	else
		snprintf(message, sizeof(message),
		    "Source %.128s has been silent for %lld s", source,
		    (long long)(age_ns / SL_NS_PER_S));
	agg_alert_condition(alerts, tenant, "source_stale", "system_health",
	    &(struct agg_labels){&label, 1},
	    stale ? AGG_SEVERITY_WARNING : AGG_SEVERITY_NONE, message, now_ns, mono_ns);
}

/* ---- time ------------------------------------------------------------------------- */

/* Ends `for` durations that have run out; returns when the next one does. */
static int64_t fire_due(struct agg_alerts *alerts, int64_t now_ns, int64_t mono_ns)
{
	struct agg_alert_entry *entry, *next;
	int64_t due_ns = INT64_MAX;

	for (entry = TAILQ_FIRST(&alerts->store.active); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->rule && entry->due_mono_ns <= mono_ns)
			agg_alert_life_judge(alerts,
			    &(struct agg_alert_subject){entry->alert.tenant, entry->rule,
				NULL, entry->alert.labels},
			    entry, entry->levels, entry->latest, now_ns, mono_ns);
		if (entry->due_mono_ns < due_ns)
			due_ns = entry->due_mono_ns;
	}
	return due_ns;
}

static void resend(struct agg_alerts *alerts, struct agg_alert_entry *entry)
{
	if (entry->alert.unsent)
		agg_alert_life_publish(
		    alerts, entry, (enum sl_entry_kind)(entry->alert.unsent - 1));
}

static void sweep_active(struct agg_alerts *alerts, int64_t now_ns, int64_t mono_ns)
{
	bool confirm_over = mono_ns - alerts->restored_mono_ns >= CONFIRM_NS;
	struct agg_alert_entry *entry, *next;

	for (entry = TAILQ_FIRST(&alerts->store.active); entry; entry = next) {
		struct agg_alert *alert = &entry->alert;

		next = TAILQ_NEXT(entry, link);
		if (alert->condition && !entry->confirmed && confirm_over) {
			agg_alert_life_resolve(alerts, entry, NULL, now_ns);
			continue;
		}
		if (alert->acknowledged && alert->acknowledged_until_ns &&
		    alert->acknowledged_until_ns <= now_ns) {
			alert->acknowledged = false;
			alert->acknowledged_until_ns = 0;
			agg_alert_life_publish(alerts, entry, SL_ENTRY_ALERT_CHANGE);
		}
		resend(alerts, entry);
	}
}

static void sweep_resolved(struct agg_alerts *alerts, int64_t now_ns)
{
	int64_t oldest_ns = now_ns - alerts->options.resolved_keep_ns;
	size_t excess = alerts->store.resolved_count > alerts->options.resolved_max
			    ? alerts->store.resolved_count - alerts->options.resolved_max
			    : 0;
	struct agg_alert_entry *entry, *next;

	for (entry = TAILQ_FIRST(&alerts->store.resolved); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		resend(alerts, entry);
		if (excess || entry->alert.resolved_ns < oldest_ns ||
		    (!entry->alert.fired_ns && !entry->alert.unsent)) {
			excess -= excess > 0;
			agg_alert_life_forget(alerts, entry);
		}
	}
}

void agg_alert_tick(struct agg_alerts *alerts, int64_t now_ns, int64_t mono_ns)
{
	if (!alerts->dirty_tenants && mono_ns < alerts->next_tick_mono_ns)
		return;
	if (mono_ns >= alerts->next_clock_mono_ns) {
		alerts->next_clock_mono_ns = mono_ns + alerts->options.clock_interval_ns;
		agg_alert_rules_mark_clock(alerts);
	}
	agg_alert_rules_run(alerts, now_ns, mono_ns);
	int64_t due_ns = fire_due(alerts, now_ns, mono_ns);
	if (mono_ns >= alerts->next_sweep_mono_ns) {
		alerts->next_sweep_mono_ns = mono_ns + SWEEP_NS;
		sweep_active(alerts, now_ns, mono_ns);
		sweep_resolved(alerts, now_ns);
	}
	alerts->next_tick_mono_ns = alerts->next_sweep_mono_ns;
	if (alerts->next_clock_mono_ns < alerts->next_tick_mono_ns)
		alerts->next_tick_mono_ns = alerts->next_clock_mono_ns;
	if (due_ns < alerts->next_tick_mono_ns)
		alerts->next_tick_mono_ns = due_ns;
}
