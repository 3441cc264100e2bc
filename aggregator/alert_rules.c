/* SPDX-License-Identifier: Apache-2.0 */
#include "alert_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "log.h"

static bool of_tenant(const struct agg_rule *rule, const char *tenant)
{
	return !rule->tenant || !strcmp(rule->tenant, tenant);
}

/* ---- finding ---------------------------------------------------------------------- */

static bool reads(const struct agg_rule *rule, const char *metric)
{
	for (size_t i = 0; i < agg_expr_metric_count(rule->expr); i++)
		if (!strcmp(agg_expr_metric(rule->expr, i), metric))
			return true;
	return false;
}

static const struct agg_rule *find_threshold(
    const struct agg_alerts *alerts, const struct agg_alert_watch *watch)
{
	const char *tenant = alerts->tenants[watch->tenant].name;
	const struct agg_rule *found = NULL;

	for (size_t i = 0; i < alerts->threshold_count; i++) {
		const struct agg_rule *rule = alerts->rules[i];

		/* A rule of the tenant's own comes before one for all. */
		if (!strcmp(rule->metric, watch->metric) &&
		    !strcmp(rule->module, watch->module) && of_tenant(rule, tenant) &&
		    (!found || rule->tenant))
			found = rule;
	}
	return found;
}

/* Where the value can move without any level changing. */
void agg_alert_rules_window(struct agg_alert_watch *watch)
{
	const struct agg_rule *rule = watch->rule;
	unsigned levels = watch->active ? watch->active->levels : 0;

	watch->sign = rule ? rule->sign : 1;
	/* An alert from before a restart wants to be confirmed: no value is let through.
	 */
	watch->lo = watch->active && !watch->active->confirmed ? INFINITY : -INFINITY;
	watch->hi = INFINITY;
	for (int level = 0; level < 2; level++) {
		watch->fire[level] = rule ? rule->fire[level] : INFINITY;
		if (!rule || isinf(rule->fire[level]))
			continue;
		if (levels & 1u << level)
			watch->lo = fmax(watch->lo, rule->clear[level]);
		else
			watch->hi = fmin(watch->hi, rule->fire[level]);
	}
}

void agg_alert_rules_bind(struct agg_alerts *alerts, struct agg_alert_watch *watch)
{
	const char *tenant = alerts->tenants[watch->tenant].name;

	watch->rule = find_threshold(alerts, watch);
	watch->active = watch->rule ? agg_alert_store_active(
					  &alerts->store, tenant, watch->rule->id, "{}")
				    : NULL;
	free(watch->readers);
	watch->readers = NULL;
	watch->reader_count = 0;
	for (size_t i = alerts->threshold_count; i < alerts->rule_count; i++) {
		if (!of_tenant(alerts->rules[i], tenant) ||
		    !reads(alerts->rules[i], watch->metric))
			continue;
		watch->readers = realloc(
		    watch->readers, (watch->reader_count + 1) * sizeof(*watch->readers));
		if (!watch->readers)
			abort();
		watch->readers[watch->reader_count++] =
		    (uint32_t)(i - alerts->threshold_count);
	}
	agg_alert_rules_window(watch);
}

/* ---- marking ---------------------------------------------------------------------- */

static void mark(
    struct agg_alerts *alerts, struct agg_alert_tenant *tenant, size_t expression)
{
	if (tenant->dirty[expression])
		return;
	tenant->dirty[expression] = true;
	alerts->dirty_tenants += !tenant->dirty_count++;
}

void agg_alert_rules_mark(struct agg_alerts *alerts, const struct agg_alert_watch *watch)
{
	for (uint32_t i = 0; i < watch->reader_count; i++)
		mark(alerts, &alerts->tenants[watch->tenant], watch->readers[i]);
}

void agg_alert_rules_mark_clock(struct agg_alerts *alerts)
{
	for (size_t i = alerts->threshold_count; i < alerts->rule_count; i++) {
		const struct agg_rule *rule = alerts->rules[i];

		for (size_t t = 0; t < alerts->tenant_count; t++)
			if (agg_expr_clock_driven(rule->expr) &&
			    of_tenant(rule, alerts->tenants[t].name))
				mark(alerts, &alerts->tenants[t],
				    i - alerts->threshold_count);
	}
}

/* ---- evaluating ------------------------------------------------------------------- */

/* The labels of an alert: the element's, and over them the rule's own. */
static struct agg_labels merge(const struct agg_rule *rule,
    const struct agg_labels *element, struct agg_label out[AGG_LABELS_MAX])
{
	struct agg_labels merged = {out, 0};

	for (size_t i = 0; i < rule->labels.count && i < AGG_LABELS_MAX; i++)
		out[merged.count++] = rule->labels.items[i];
	for (size_t i = 0; i < element->count && merged.count < AGG_LABELS_MAX; i++)
		if (!agg_labels_find(&rule->labels, element->items[i].name).data)
			out[merged.count++] = element->items[i];
	agg_labels_sort(out, merged.count);
	return merged;
}

static void judge_element(struct agg_alerts *alerts, const struct agg_rule *rule,
    const char *tenant, const struct agg_labels *element, double value, int64_t now_ns,
    int64_t mono_ns)
{
	struct agg_label items[AGG_LABELS_MAX];
	struct agg_labels labels = merge(rule, element, items);
	struct sl_buf json = {0};

	agg_labels_json(&json, &labels);
	struct agg_alert_subject subject = {tenant, rule, &labels, sl_buf_text(&json)};
	struct agg_alert_entry *active =
	    agg_alert_store_active(&alerts->store, tenant, rule->id, subject.labels_json);
	unsigned levels = agg_rule_levels(rule, value, active ? active->levels : 0);
	active = agg_alert_life_judge(
	    alerts, &subject, active, levels, value, now_ns, mono_ns);
	if (active)
		active->round = alerts->round;
	sl_buf_clear(&json);
}

/* What the evaluation has not yielded any more has ended. */
static void end_unseen(struct agg_alerts *alerts, const struct agg_rule *rule,
    const char *tenant, int64_t now_ns, int64_t mono_ns)
{
	struct agg_alert_entry *entry, *next;

	for (entry = TAILQ_FIRST(&alerts->store.active); entry; entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->rule != rule || entry->round == alerts->round ||
		    strcmp(entry->alert.tenant, tenant))
			continue;
		agg_alert_life_judge(alerts,
		    &(struct agg_alert_subject){tenant, rule, NULL, entry->alert.labels},
		    entry, 0, NAN, now_ns, mono_ns);
	}
}

static void evaluate(struct agg_alerts *alerts, const struct agg_rule *rule,
    const char *tenant, int64_t now_ns, int64_t mono_ns)
{
	struct agg_expr_source source;
	struct agg_expr_result result;
	struct agg_expr_error error = {0};

	if (!alerts->hooks.source ||
	    !alerts->hooks.source(alerts->hooks.arg, tenant, &source))
		return;
	if (agg_expr_eval(rule->expr, &source, now_ns, NULL, &result, &error)) {
		if (!alerts->stats.eval_errors++)
			sl_log_warn("alert",
			    "not-evaluated rule=\"%s\" tenant=\"%s\" why=\"%s\"",
			    rule->id, tenant, error.text);
		return;
	}
	alerts->round++;
	if (result.is_scalar)
		judge_element(alerts, rule, tenant, &(struct agg_labels){NULL, 0},
		    result.scalar, now_ns, mono_ns);
	for (size_t i = 0; i < result.count; i++)
		judge_element(alerts, rule, tenant, &result.items[i].labels,
		    result.items[i].value, now_ns, mono_ns);
	end_unseen(alerts, rule, tenant, now_ns, mono_ns);
	agg_expr_result_clear(&result);
}

void agg_alert_rules_run(struct agg_alerts *alerts, int64_t now_ns, int64_t mono_ns)
{
	size_t expressions = alerts->rule_count - alerts->threshold_count;

	for (size_t t = 0; t < alerts->tenant_count && alerts->dirty_tenants; t++) {
		struct agg_alert_tenant *tenant = &alerts->tenants[t];

		if (!tenant->dirty_count)
			continue;
		tenant->dirty_count = 0;
		alerts->dirty_tenants--;
		for (size_t i = 0; i < expressions; i++) {
			if (!tenant->dirty[i])
				continue;
			tenant->dirty[i] = false;
			evaluate(alerts, alerts->rules[alerts->threshold_count + i],
			    tenant->name, now_ns, mono_ns);
		}
	}
}
