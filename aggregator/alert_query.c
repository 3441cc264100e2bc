/* SPDX-License-Identifier: Apache-2.0 */
/* What operators ask of alerts: lists, acknowledgement, counts. */
#include <string.h>

#include "alert_json.h"
#include "alert_life.h"
#include "error.h"
#include "log.h"

static bool shows(const struct agg_alert_filter *filter, const struct agg_alert *alert)
{
	return (!filter->tenant || !strcmp(filter->tenant, alert->tenant)) &&
	       (!filter->may_see || filter->may_see(filter->arg, alert->module));
}

static bool selects(const struct agg_alert_filter *filter, const struct agg_alert *alert)
{
	return filter->states & 1u << alert->state && shows(filter, alert);
}

int agg_alert_acknowledge(struct agg_alerts *alerts,
    const struct agg_alert_filter *filter, const char *id, const char *actor,
    const char *note, int64_t until_ns, int64_t now_ns, const struct agg_alert **alert)
{
	struct agg_alert_entry *entry = agg_alert_store_find(&alerts->store, id);

	if (!entry || !shows(filter, &entry->alert))
		return SL_ENOTFOUND;
	if (until_ns && until_ns <= now_ns)
		return SL_EINVAL;
	struct agg_alert *found = &entry->alert;
	*alert = found;
	if (found->acknowledged)
		return 0;
	found->acknowledged = true;
	found->acknowledged_ns = now_ns;
	found->acknowledged_until_ns = until_ns;
	agg_alert_life_text(
	    found->acknowledged_by, sizeof(found->acknowledged_by), actor);
	agg_alert_life_text(found->note, sizeof(found->note), note ? note : "");
	sl_log_info("alert", "acknowledged id=%s tenant=\"%s\" rule=\"%s\" by=\"%s\"",
	    found->id, found->tenant, found->rule, found->acknowledged_by);
	agg_alert_life_publish(alerts, entry, SL_ENTRY_ALERT_CHANGE);
	return 0;
}

const struct agg_alert *agg_alert_find(const struct agg_alerts *alerts, const char *id)
{
	const struct agg_alert_entry *entry = agg_alert_store_find(&alerts->store, id);

	return entry ? &entry->alert : NULL;
}

void agg_alert_each(const struct agg_alerts *alerts,
    const struct agg_alert_filter *filter,
    void (*each)(void *arg, const struct agg_alert *alert), void *arg)
{
	const struct agg_alert_entry *entry;

	TAILQ_FOREACH (entry, &alerts->store.resolved, link)
		if (selects(filter, &entry->alert))
			each(arg, &entry->alert);
	TAILQ_FOREACH (entry, &alerts->store.active, link)
		if (selects(filter, &entry->alert))
			each(arg, &entry->alert);
}

static void list(const struct agg_alert_list_head *head,
    const struct agg_alert_filter *filter, struct sl_buf *out, const char **comma)
{
	const struct agg_alert_entry *entry;

	TAILQ_FOREACH_REVERSE(entry, head, agg_alert_list_head, link)
	{
		if (!selects(filter, &entry->alert))
			continue;
		sl_buf_adds(out, *comma);
		*comma = ",";
		agg_alert_json(out, &entry->alert);
	}
}

void agg_alert_list(const struct agg_alerts *alerts,
    const struct agg_alert_filter *filter, struct sl_buf *out)
{
	const char *comma = "";

	sl_buf_addc(out, '[');
	list(&alerts->store.active, filter, out, &comma);
	list(&alerts->store.resolved, filter, out, &comma);
	sl_buf_addc(out, ']');
}

size_t agg_alert_open(
    const struct agg_alerts *alerts, const char *tenant, enum agg_severity severity)
{
	for (size_t i = 0; i < alerts->tenant_count; i++)
		if (!strcmp(alerts->tenants[i].name, tenant))
			return alerts->tenants[i].open[severity];
	return 0;
}

void agg_alert_stats(const struct agg_alerts *alerts, struct agg_alert_stats *stats)
{
	const struct agg_alert_entry *entry;

	*stats = alerts->stats;
	TAILQ_FOREACH (entry, &alerts->store.active, link)
		if (entry->alert.state == AGG_ALERT_FIRING)
			stats->firing++;
		else
			stats->pending++;
	stats->resolved = alerts->store.resolved_count;
}
