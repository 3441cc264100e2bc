/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 *
 * An alert exists while at least one level of its rule holds.  Each level has
 * its own clock: it counts once it has held for the rule's `for`.  The highest
 * level that counts is the severity of a firing alert; while none counts yet
 * it is pending, with the highest level that holds as its severity.
 *
 * set_state is the only function that changes state or severity.  Whatever it
 * does is published exactly once: the record is saved with `unsent`, the entry
 * is appended to the log, the record is saved without.  A crash in between is
 * told apart by asking whether the log has the entry.
 */
#include "alert_life.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "uuid.h"

static const char *const state_names[] = {
    [AGG_ALERT_PENDING] = "pending",
    [AGG_ALERT_FIRING] = "firing",
    [AGG_ALERT_RESOLVED] = "resolved",
};

void agg_alert_life_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size)
		for (len = size - 1; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	memcpy(out, text, len);
	out[len] = '\0';
}

uint32_t agg_alert_life_tenant(struct agg_alerts *alerts, const char *name)
{
	/* Tenants come from the configuration, so there are few; the newest is likeliest.
	 */
	for (size_t i = alerts->tenant_count; i--;)
		if (!strcmp(alerts->tenants[i].name, name))
			return (uint32_t)i;

	size_t expressions = alerts->rule_count - alerts->threshold_count;
	alerts->tenants = realloc(
	    alerts->tenants, (alerts->tenant_count + 1) * sizeof(*alerts->tenants));
	if (!alerts->tenants)
		abort();
	struct agg_alert_tenant *tenant = &alerts->tenants[alerts->tenant_count];
	*tenant = (struct agg_alert_tenant){
	    .name = strdup(name),
	    .dirty = calloc(expressions + 1, sizeof(*tenant->dirty)),
	};
	if (!tenant->name || !tenant->dirty)
		abort();
	return (uint32_t)alerts->tenant_count++;
}

/* ---- keeping and sending ---------------------------------------------------------- */

static void save(struct agg_alerts *alerts, struct agg_alert_entry *entry)
{
	if (alerts->hooks.save &&
	    alerts->hooks.save(alerts->hooks.arg, &entry->alert, &entry->slot))
		alerts->stats.save_errors++;
}

void agg_alert_life_publish(
    struct agg_alerts *alerts, struct agg_alert_entry *entry, enum sl_entry_kind kind)
{
	struct agg_alert *alert = &entry->alert;

	/* Clients that have not heard of the firing yet must hear of that. */
	if (alert->unsent == 1 + SL_ENTRY_ALERT_FIRED && alert->state == AGG_ALERT_FIRING)
		kind = SL_ENTRY_ALERT_FIRED;
	alert->unsent = (uint8_t)(1 + kind);
	save(alerts, entry);
	uint64_t seq = alerts->hooks.transition(alerts->hooks.arg, kind, alert);
	if (!seq)
		return;
	alert->seq = seq;
	alert->unsent = 0;
	save(alerts, entry);
}

void agg_alert_life_forget(struct agg_alerts *alerts, struct agg_alert_entry *entry)
{
	if (alerts->hooks.forget && entry->slot != UINT32_MAX)
		alerts->hooks.forget(alerts->hooks.arg, entry->slot);
	agg_alert_store_drop(&alerts->store, entry);
}

/* ---- the state -------------------------------------------------------------------- */

static void count(struct agg_alerts *alerts, const struct agg_alert *alert, int step)
{
	if (alert->state != AGG_ALERT_FIRING)
		return;
	/* Making a tenant moves them all, so its index comes first. */
	uint32_t tenant = agg_alert_life_tenant(alerts, alert->tenant);
	alerts->tenants[tenant].open[alert->severity] += (size_t)step;
}

/* Changes state and severity, stamps times, traces and publishes. */
static void set_state(struct agg_alerts *alerts, struct agg_alert_entry *entry,
    enum agg_alert_state state, enum agg_severity severity, int64_t now_ns, bool is_new)
{
	struct agg_alert *alert = &entry->alert;
	enum agg_alert_state old = alert->state;
	bool fires = state == AGG_ALERT_FIRING && (is_new || old != AGG_ALERT_FIRING);
	bool counted = state == AGG_ALERT_FIRING || (!is_new && old == AGG_ALERT_FIRING);

	if (!is_new)
		count(alerts, alert, -1);
	if (severity > alert->severity && alert->acknowledged) {
		alert->acknowledged = false;
		alert->acknowledged_by[0] = alert->note[0] = '\0';
		alert->acknowledged_ns = alert->acknowledged_until_ns = 0;
	}
	sl_log(state == AGG_ALERT_PENDING ? SL_LOG_DEBUG : SL_LOG_INFO, "alert",
	    "%s>%s id=%s tenant=\"%s\" rule=\"%s\" labels=%s severity=%s value=%g",
	    is_new ? "new" : state_names[old], state_names[state], alert->id,
	    alert->tenant, alert->rule, alert->labels, agg_rule_severity_name(severity),
	    alert->value);
	alert->state = state;
	alert->severity = severity;
	if (fires) {
		alert->fired_ns = now_ns;
		alerts->stats.fired++;
	}
	count(alerts, alert, 1);
	if (state == AGG_ALERT_RESOLVED) {
		alert->resolved_ns = now_ns;
		agg_alert_store_retire(&alerts->store, entry);
	}
	agg_alert_life_publish(
	    alerts, entry, fires ? SL_ENTRY_ALERT_FIRED : SL_ENTRY_ALERT_CHANGE);
	if (counted && alerts->hooks.counted)
		alerts->hooks.counted(alerts->hooks.arg, alert->tenant);
	/* What has never fired is nothing to look back at. */
	if (state == AGG_ALERT_RESOLVED && !alert->fired_ns && !alert->unsent)
		agg_alert_life_forget(alerts, entry);
}

static void set_message(struct agg_alerts *alerts, struct agg_alert_entry *entry,
    const struct agg_rule *rule, enum agg_severity severity,
    const struct agg_labels *labels, bool over)
{
	struct agg_alert *alert = &entry->alert;

	/* An annotation speaks of labels, so it stays as it is without them. */
	if (!rule || (rule->summary && !labels))
		return;
	sl_buf_reset(&alerts->scratch);
	agg_rule_message(rule, severity, alert->value, labels, over, &alerts->scratch);
	agg_alert_life_text(
	    alert->message, sizeof(alert->message), sl_buf_text(&alerts->scratch));
}

void agg_alert_life_resolve(struct agg_alerts *alerts, struct agg_alert_entry *entry,
    const char *message, int64_t now_ns)
{
	if (message)
		agg_alert_life_text(
		    entry->alert.message, sizeof(entry->alert.message), message);
	set_state(
	    alerts, entry, AGG_ALERT_RESOLVED, entry->alert.severity, now_ns, false);
}

/* ---- making ----------------------------------------------------------------------- */

/* Gives an alert its id and its place; NULL if there are too many. */
static struct agg_alert_entry *add(struct agg_alerts *alerts, struct agg_alert *alert)
{
	uint8_t id[SL_UUID_BYTES];

	if (alerts->store.active_count >= alerts->options.active_max) {
		alerts->stats.refused++;
		if (!alerts->warned_full)
			sl_log_warn("alert", "too-many active=%zu rule=\"%s\"",
			    alerts->store.active_count, alert->rule);
		alerts->warned_full = true;
		return NULL;
	}
	alerts->warned_full = false;
	sl_uuid_make(id);
	sl_uuid_format(id, alert->id);
	return agg_alert_store_add(&alerts->store, alert);
}

static struct agg_alert_entry *make(struct agg_alerts *alerts,
    const struct agg_alert_subject *subject, double value, int64_t ts_ns)
{
	const struct agg_rule *rule = subject->rule;
	struct agg_alert alert = {
	    .state = AGG_ALERT_PENDING,
	    .value = value,
	    .threshold = NAN,
	    .started_ns = ts_ns,
	};

	if (strlen(subject->labels_json) > AGG_ALERT_LABELS) {
		alerts->stats.refused++;
		return NULL;
	}
	agg_alert_life_text(alert.tenant, sizeof(alert.tenant), subject->tenant);
	agg_alert_life_text(alert.rule, sizeof(alert.rule), rule->id);
	agg_alert_life_text(alert.metric, sizeof(alert.metric), rule->metric);
	agg_alert_life_text(alert.module, sizeof(alert.module), rule->module);
	agg_alert_life_text(alert.labels, sizeof(alert.labels), subject->labels_json);
	struct agg_alert_entry *entry = add(alerts, &alert);
	if (entry)
		entry->rule = rule;
	return entry;
}

static enum agg_severity highest(unsigned levels)
{
	if (levels & AGG_RULE_CRITICAL)
		return AGG_SEVERITY_CRITICAL;
	return levels & AGG_RULE_WARNING ? AGG_SEVERITY_WARNING : AGG_SEVERITY_NONE;
}

/* Keeps the clocks of the levels; returns those that have held long enough. */
static unsigned held_levels(struct agg_alert_entry *entry, unsigned levels,
    int64_t for_ns, int64_t ts_ns, int64_t mono_ns)
{
	unsigned held = 0;

	entry->due_mono_ns = INT64_MAX;
	for (int level = 0; level < 2; level++) {
		unsigned bit = 1u << level;

		if (!(levels & bit)) {
			entry->alert.level_since_ns[level] = 0;
			continue;
		}
		if (!(entry->levels & bit)) {
			entry->since_mono_ns[level] = mono_ns;
			entry->alert.level_since_ns[level] = ts_ns;
		}
		int64_t due_ns = entry->since_mono_ns[level] + for_ns;
		if (due_ns <= mono_ns)
			held |= bit;
		else if (due_ns < entry->due_mono_ns)
			entry->due_mono_ns = due_ns;
	}
	entry->levels = levels;
	return held;
}

struct agg_alert_entry *agg_alert_life_judge(struct agg_alerts *alerts,
    const struct agg_alert_subject *subject, struct agg_alert_entry *active,
    unsigned levels, double value, int64_t ts_ns, int64_t mono_ns)
{
	const struct agg_rule *rule = subject->rule;
	bool is_new = !active;

	if (!levels && is_new)
		return NULL;
	if (is_new && !(active = make(alerts, subject, value, ts_ns)))
		return NULL;
	active->latest = value;
	active->confirmed = true;

	unsigned before = active->levels;
	unsigned held = held_levels(active, levels, rule->for_ns, ts_ns, mono_ns);
	if (active->due_mono_ns < alerts->next_tick_mono_ns)
		alerts->next_tick_mono_ns = active->due_mono_ns;
	if (!levels) {
		active->alert.value = value;
		set_message(
		    alerts, active, rule, active->alert.severity, subject->labels, true);
		agg_alert_life_resolve(alerts, active, NULL, ts_ns);
		return NULL;
	}

	bool fires = held || active->alert.state == AGG_ALERT_FIRING;
	enum agg_alert_state state = fires ? AGG_ALERT_FIRING : AGG_ALERT_PENDING;
	enum agg_severity severity = highest(held ? held : levels);
	if (!is_new && state == active->alert.state &&
	    severity == active->alert.severity) {
		/* Nothing to tell, but a restart must know since when a level holds. */
		if (before != levels && rule->for_ns)
			save(alerts, active);
		return active;
	}
	active->alert.value = value;
	active->alert.threshold = agg_rule_threshold(rule, severity);
	set_message(alerts, active, rule, severity, subject->labels, false);
	set_state(alerts, active, state, severity, ts_ns, is_new);
	return active;
}

void agg_alert_life_condition(struct agg_alerts *alerts, struct agg_alert_entry *active,
    const struct agg_alert *alert, int64_t now_ns)
{
	bool is_new = !active;
	enum agg_severity severity = alert->severity;

	if (is_new) {
		struct agg_alert fresh = *alert;

		fresh.severity = AGG_SEVERITY_NONE;
		active = add(alerts, &fresh);
	}
	if (!active)
		return;
	active->confirmed = true;
	if (!is_new && active->alert.severity == severity)
		return;
	agg_alert_life_text(
	    active->alert.message, sizeof(active->alert.message), alert->message);
	set_state(alerts, active, AGG_ALERT_FIRING, severity, now_ns, is_new);
}
