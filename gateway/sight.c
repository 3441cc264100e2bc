/* SPDX-License-Identifier: Apache-2.0 */
#include "sight.h"

#include <string.h>

#include "mirror_alert.h"
#include "point.h"

static const char open_alerts_topic[] = "metrics.executive_summary.open_alerts";

static bool same(struct sl_slice a, const char *b, size_t len)
{
	return a.len == len && memcmp(a.data, b, len) == 0;
}

/* An unknown module is nobody's but of those who may see all. */
static bool has_module(const struct gw_sight *sight, uint64_t module)
{
	return module ? (sight->modules & module) != 0 : sight->role->all_modules;
}

enum gw_seen gw_sight_entry(const struct gw_sight *sight,
    const struct sl_catalog *catalog, const struct sl_entry *entry, uint64_t module)
{
	if (!has_module(sight, module))
		return GW_HIDDEN;
	if (!same(entry->tenant, sight->tenant->name, sight->tenant->name_len))
		return GW_HIDDEN;
	if (sight->patterns && !gw_patterns_match_entry(sight->patterns, entry, module))
		return GW_HIDDEN;
	switch (entry->audience) {
	case SL_AUDIENCE_ALL:
		return GW_SEEN;
	case SL_AUDIENCE_SUB:
		return GW_PERSONAL;
	case SL_AUDIENCE_ROLE:
		break;
	}
	return sl_catalog_role(catalog, entry->audience_name.data,
		   entry->audience_name.len) == sight->role
		   ? GW_SEEN
		   : GW_HIDDEN;
}

bool gw_sight_metric(const struct gw_sight *sight, const struct gw_metric *m)
{
	if (!has_module(sight, m->module))
		return false;
	if (!sight->patterns)
		return m->in_snapshot;
	/* What the snapshot leaves out is there for those who ask for it by name. */
	if (!m->in_snapshot)
		return gw_patterns_exact(sight->patterns, m->topic, m->topic_len);
	return gw_patterns_match(sight->patterns, m->topic, m->topic_len, m->module);
}

static bool sees_open_alerts(const struct gw_sight *sight, const struct gw_section *s)
{
	return s->summary && has_module(sight, s->module) &&
	       (!sight->patterns || gw_patterns_match(sight->patterns, open_alerts_topic,
					sizeof open_alerts_topic - 1, s->module));
}

bool gw_sight_alert(const struct gw_sight *sight, const struct gw_alert *alert)
{
	if (!alert->firing)
		return false;
	if (!has_module(sight, alert->module))
		return false;
	return !sight->patterns ||
	       gw_patterns_match(sight->patterns, "alerts", 6, alert->module);
}

static void add_stale(const struct gw_sight *sight, const struct gw_mirror *mirror,
    const struct gw_section *s, struct sl_snapshot *w)
{
	const struct gw_tenant *tenant = sight->tenant;

	sl_snapshot_stale(w, NULL);
	for (uint32_t i = s->first; i < s->first + s->count; i++) {
		const struct gw_metric *m = tenant->metric[tenant->order[i]];
		if (gw_mirror_metric_stale(mirror, m) && gw_sight_metric(sight, m))
			sl_snapshot_stale(w, m->field);
	}
}

static void add_section(const struct gw_sight *sight, const struct gw_mirror *mirror,
    const struct gw_section *s, struct sl_snapshot *w)
{
	const struct gw_tenant *tenant = sight->tenant;
	bool open_alerts = sees_open_alerts(sight, s);
	bool begun = false;

	if (!has_module(sight, s->module))
		return;
	/* The whole snapshot has every section, a subscription what it asked for. */
	if (open_alerts || (!sight->patterns && (s->count > 0 || s->module))) {
		sl_snapshot_section(w, s->key);
		begun = true;
	}
	for (uint32_t i = s->first; i < s->first + s->count; i++) {
		const struct gw_metric *m = tenant->metric[tenant->order[i]];
		if (!gw_sight_metric(sight, m))
			continue;
		if (!begun)
			sl_snapshot_section(w, s->key);
		begun = true;
		sl_snapshot_value(w, m->field, m->value, m->is_status);
	}
	if (open_alerts)
		sl_snapshot_open_alerts(w, tenant->open_warning, tenant->open_critical);
	if (!begun)
		return;
	sl_snapshot_notice(w, s->notice);
	add_stale(sight, mirror, s, w);
}

void gw_sight_snapshot(const struct gw_sight *sight, struct gw_mirror *mirror,
    struct sl_buf *out, bool alerts)
{
	struct gw_tenant *tenant = sight->tenant;
	struct sl_snapshot w;

	gw_mirror_prepare(tenant);
	if (sight->points) {
		gw_point_snapshot(sight, mirror, out, alerts);
		return;
	}
	sl_snapshot_begin(&w, out, tenant->newest_us);
	for (uint32_t i = 0; i < tenant->section_count; i++)
		add_section(sight, mirror, &tenant->section[i], &w);
	if (alerts) {
		sl_snapshot_alert(&w, (struct sl_slice){0});
		for (const struct gw_alert *a = tenant->alert_first; a; a = a->next) {
			if (gw_sight_alert(sight, a))
				sl_snapshot_alert(&w, gw_mirror_alert_body(a));
		}
	}
	sl_snapshot_end(&w);
}

bool gw_sight_open_alerts(const struct gw_sight *sight, const struct gw_tenant *tenant)
{
	for (uint32_t s = 0; s < tenant->section_count; s++) {
		if (sees_open_alerts(sight, &tenant->section[s]))
			return true;
	}
	return false;
}

static unsigned what_of(const struct gw_changes *changes, const struct gw_metric *m)
{
	if (changes->whole)
		return GW_CHANGE_VALUE | GW_CHANGE_STALE;
	if (changes->what)
		return changes->what[m->index];
	return (m->value_told ? GW_CHANGE_VALUE : 0u) |
	       (m->stale_told ? GW_CHANGE_STALE : 0u);
}

/* The changes of one section, from changes->metric[at]; returns the next. */
static uint32_t tell_section(const struct gw_sight *sight, const struct gw_mirror *mirror,
    const struct gw_changes *changes, uint32_t section, uint32_t at,
    struct sl_snapshot *w, bool *any)
{
	const struct gw_tenant *tenant = sight->tenant;
	const struct gw_section *s = &tenant->section[section];
	bool open_alerts = changes->open_alerts && sees_open_alerts(sight, s);
	bool begun = false;
	bool stale = false;

	for (; at < changes->count; at++) {
		const struct gw_metric *m = tenant->metric[changes->metric[at]];
		if (m->section != section)
			break;
		if (!gw_sight_metric(sight, m))
			continue;
		if (!begun)
			sl_snapshot_section(w, s->key);
		begun = true;
		stale |= (what_of(changes, m) & GW_CHANGE_STALE) != 0;
		if (what_of(changes, m) & GW_CHANGE_VALUE)
			sl_snapshot_value(w, m->field, m->value, m->is_status);
	}
	if (open_alerts) {
		if (!begun)
			sl_snapshot_section(w, s->key);
		begun = true;
		sl_snapshot_open_alerts(w, tenant->open_warning, tenant->open_critical);
	}
	if (stale)
		add_stale(sight, mirror, s, w);
	*any |= begun;
	return at;
}

bool gw_sight_tell(const struct gw_sight *sight, struct gw_mirror *mirror,
    const struct gw_changes *changes, struct sl_buf *out)
{
	const struct gw_tenant *tenant = sight->tenant;
	size_t before = out->len;
	struct sl_snapshot w;
	bool any = false;
	uint32_t at = 0;

	if (sight->points)
		return gw_point_tell(sight, mirror, changes, out);
	sl_snapshot_begin(&w, out, tenant->newest_us);
	for (uint32_t s = 0; s < tenant->section_count; s++)
		at = tell_section(sight, mirror, changes, s, at, &w, &any);
	sl_snapshot_end(&w);
	if (!any)
		out->len = before;
	return any;
}

bool gw_sight_overlay(
    const struct gw_sight *sight, struct gw_mirror *mirror, struct sl_buf *out)
{
	struct gw_tenant *tenant = sight->tenant;

	if (tenant->told_count == 0 && !tenant->open_told)
		return false;
	gw_mirror_prepare(tenant);
	struct gw_changes changes = {
	    .metric = tenant->told,
	    .count = tenant->told_count,
	    .open_alerts = tenant->open_told,
	};
	return gw_sight_tell(sight, mirror, &changes, out);
}

bool gw_sight_since(const struct gw_sight *sight, struct gw_mirror *mirror,
    uint64_t since, struct sl_buf *out)
{
	static struct sl_buf list;
	struct gw_tenant *tenant = sight->tenant;
	struct gw_changes changes = {
	    .whole = true, .open_alerts = tenant->open_at > since};

	gw_mirror_prepare(tenant);
	sl_buf_reset(&list);
	for (uint32_t i = 0; i < tenant->metric_count; i++) {
		if (tenant->metric[tenant->order[i]]->changed_at > since) {
			sl_buf_add(&list, &tenant->order[i], sizeof *tenant->order);
			changes.count++;
		}
	}
	changes.metric = (const uint32_t *)(const void *)list.data;
	return gw_sight_tell(sight, mirror, &changes, out);
}
