/* SPDX-License-Identifier: Apache-2.0 */
#include "mirror_alert.h"

#include <stdlib.h>
#include <string.h>

#include "json_in.h"

static void count(struct gw_tenant *tenant, const struct gw_alert *alert, uint32_t by)
{
	if (!alert->firing)
		return;
	if (alert->critical)
		tenant->open_critical += by;
	else
		tenant->open_warning += by;
	tenant->open_changed = true;
}

static struct gw_alert *find(const struct gw_tenant *tenant, const char *id, size_t len)
{
	uint64_t hash = gw_table_hash(0, id, len);

	for (struct gw_table_node *node = gw_table_first(&tenant->alerts, hash); node;
	     node = gw_table_next(node)) {
		struct gw_alert *alert = GW_TABLE_OBJECT(node, struct gw_alert, node);
		if (alert->id_len == len && memcmp(alert->text, id, len) == 0)
			return alert;
	}
	return NULL;
}

const struct gw_alert *gw_mirror_alert_find(
    const struct gw_tenant *tenant, const char *id, size_t len)
{
	return find(tenant, id, len);
}

static void drop(struct gw_tenant *tenant, struct gw_alert *alert)
{
	count(tenant, alert, (uint32_t)-1);
	gw_table_remove(&tenant->alerts, &alert->node);
	*(alert->prev ? &alert->prev->next : &tenant->alert_first) = alert->next;
	*(alert->next ? &alert->next->prev : &tenant->alert_last) = alert->prev;
	tenant->version++;
	free(alert);
}

/* Puts a new alert where the former one of its id was, else at the end. */
static void put(struct gw_tenant *tenant, struct gw_alert *alert, struct gw_alert *former)
{
	alert->prev = former ? former->prev : tenant->alert_last;
	alert->next = former ? former->next : NULL;
	if (former) {
		count(tenant, former, (uint32_t)-1);
		gw_table_remove(&tenant->alerts, &former->node);
		free(former);
	}
	*(alert->prev ? &alert->prev->next : &tenant->alert_first) = alert;
	*(alert->next ? &alert->next->prev : &tenant->alert_last) = alert;
	gw_table_add(
	    &tenant->alerts, &alert->node, gw_table_hash(0, alert->text, alert->id_len));
	count(tenant, alert, 1);
	tenant->version++;
}

/* What the snapshot has to know of an alert's body. */
static bool read_body(struct sl_slice body, bool *firing, bool *critical)
{
	json_t *tree = sl_json_in_parse(body.data, body.len, NULL);
	struct sl_slice state;
	struct sl_slice severity;
	bool ok = sl_json_in_string(tree, "state", &state) &&
		  sl_json_in_string(tree, "severity", &severity);

	if (ok) {
		*firing = state.len == 6 && memcmp(state.data, "firing", 6) == 0;
		*critical =
		    severity.len == 8 && memcmp(severity.data, "critical", 8) == 0;
	}
	json_decref(tree);
	return ok;
}

void gw_mirror_alert_take(struct gw_tenant *tenant, const struct sl_entry *entry,
    uint64_t module, uint64_t mark)
{
	struct gw_alert *former = find(tenant, entry->key.data, entry->key.len);
	bool firing = false;
	bool critical = false;

	if (!entry->active) {
		if (former)
			drop(tenant, former);
		return;
	}
	if (!read_body(entry->body, &firing, &critical))
		return;
	struct gw_alert *alert = malloc(sizeof *alert + entry->key.len + entry->body.len);
	if (!alert)
		abort();
	alert->mark = mark;
	alert->module = module;
	alert->firing = firing;
	alert->critical = critical;
	alert->id_len = entry->key.len;
	alert->body_len = entry->body.len;
	memcpy(alert->text, entry->key.data, entry->key.len);
	memcpy(alert->text + entry->key.len, entry->body.data, entry->body.len);
	put(tenant, alert, former);
}

void gw_mirror_alert_sweep(struct gw_tenant *tenant, uint64_t mark)
{
	struct gw_alert *next;

	for (struct gw_alert *alert = tenant->alert_first; alert; alert = next) {
		next = alert->next;
		if (alert->mark != mark)
			drop(tenant, alert);
	}
}

void gw_mirror_alert_clear(struct gw_tenant *tenant)
{
	while (tenant->alert_first)
		drop(tenant, tenant->alert_first);
	gw_table_clear(&tenant->alerts);
}
