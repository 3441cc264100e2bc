/* SPDX-License-Identifier: Apache-2.0 */
#include "mirror.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mirror_alert.h"

/*
 * Design notes
 *
 * changed_at is the aggregator's clock, not this process's, so that a position
 * means the same on every gateway; one that started later has later times, and
 * then a change is told twice rather than not at all.  A position does not move
 * over a batch that was lost: what another gateway has of it must stay news.
 */

/* A position this far ahead is a clock that was put back, not a delay of the bus. */
#define GW_MIRROR_AHEAD_US 2000000u

/* Where a metric's number leads. */
struct place {
	struct gw_tenant *tenant;
	uint32_t metric;
};

struct gw_mirror {
	struct sl_catalog *catalog;
	struct gw_table tenants;
	struct place *place; /* by number; tenant NULL: not defined */
	uint32_t place_count;
	bool silent;
	uint64_t at;    /* publication of what is being taken */
	uint64_t known; /* all that left until then has come */
	uint64_t state; /* counts whole states: marks alerts told again */
};

static void *grown(void *array, uint32_t *cap, size_t size, uint32_t need)
{
	if (need <= *cap)
		return array;
	uint32_t cap_new = *cap ? *cap : 32;
	while (cap_new < need)
		cap_new *= 2;
	array = realloc(array, cap_new * size);
	if (!array)
		abort();
	memset((char *)array + *cap * size, 0, (cap_new - *cap) * size);
	*cap = cap_new;
	return array;
}

static char *copy(const char *text, size_t len)
{
	char *out = malloc(len + 1);

	if (!out)
		abort();
	memcpy(out, text, len);
	out[len] = '\0';
	return out;
}

/* ---- tenants and their metrics --------------------------------------------- */

/*
 * A field "performance.memory_usage_mb" stands in a section of its own, with
 * the access of the metric's module.
 */
static uint16_t section_of(struct gw_mirror *mirror, struct gw_tenant *tenant,
    uint64_t module, struct sl_slice module_name, struct sl_slice *field)
{
	const char *dot = memchr(field->data, '.', field->len);
	struct sl_slice key = module_name;
	const struct sl_catalog_module *known =
	    sl_catalog_module(mirror->catalog, module_name.data, module_name.len);

	if (dot) {
		key = (struct sl_slice){field->data, (size_t)(dot - field->data)};
		field->data = dot + 1;
		field->len -= key.len + 1;
	} else if (known) {
		key = (struct sl_slice){known->key, strlen(known->key)};
	}
	for (uint32_t i = 0; i < tenant->section_count; i++) {
		const struct gw_section *s = &tenant->section[i];
		if (strlen(s->key) == key.len && memcmp(s->key, key.data, key.len) == 0)
			return (uint16_t)i;
	}
	uint32_t i = tenant->section_count++;
	tenant->section =
	    realloc(tenant->section, tenant->section_count * sizeof *tenant->section);
	if (!tenant->section)
		abort();
	tenant->section[i] = (struct gw_section){
	    .key = copy(key.data, key.len),
	    .notice = !dot && known && known->notice
			  ? copy(known->notice, strlen(known->notice))
			  : NULL,
	    .module = module,
	    .summary = !dot && known && strcmp(known->name, "executive_summary") == 0,
	};
	return (uint16_t)i;
}

static uint32_t find_metric(const struct gw_tenant *tenant, const struct sl_buf *topic)
{
	uint64_t hash = gw_table_hash(0, topic->data, topic->len);

	for (struct gw_table_node *node = gw_table_first(&tenant->metrics, hash); node;
	     node = gw_table_next(node)) {
		const struct gw_metric *m = GW_TABLE_OBJECT(node, struct gw_metric, node);
		if (m->topic_len == topic->len &&
		    memcmp(m->topic, topic->data, topic->len) == 0)
			return m->index;
	}
	return UINT32_MAX;
}

static uint32_t add_metric(struct gw_mirror *mirror, struct gw_tenant *tenant,
    const struct sl_msg_metric_def *def, bool known)
{
	struct sl_buf topic = {0};
	struct sl_slice field = def->field.len ? def->field : def->name;

	sl_buf_adds(&topic, "metrics.");
	sl_buf_add(&topic, def->module.data, def->module.len);
	sl_buf_addc(&topic, '.');
	sl_buf_add(&topic, def->name.data, def->name.len);
	uint32_t index = known ? UINT32_MAX : find_metric(tenant, &topic);
	if (index == UINT32_MAX) {
		uint64_t module = gw_mirror_module(mirror, def->module);
		uint16_t section =
		    section_of(mirror, tenant, module, def->module, &field);
		index = tenant->metric_count++;
		tenant->metric = grown(tenant->metric, &tenant->metric_cap,
		    sizeof(*tenant->metric), tenant->metric_count);
		struct gw_metric *metric = malloc(sizeof *metric);
		if (!metric)
			abort();
		tenant->metric[index] = metric;
		*metric = (struct gw_metric){
		    .topic = copy(topic.data, topic.len),
		    .topic_len = (uint16_t)topic.len,
		    .field = copy(field.data, field.len),
		    .unit = copy(def->unit.data, def->unit.len),
		    .section = section,
		    .index = index,
		    .module = module,
		    .value = NAN,
		    .stale = true,
		};
		gw_table_add(&tenant->metrics, &metric->node,
		    gw_table_hash(0, topic.data, topic.len));
		tenant->unordered = true;
		tenant->generation++;
	}
	tenant->metric[index]->in_snapshot = def->in_snapshot;
	tenant->metric[index]->is_status = def->is_status;
	sl_buf_clear(&topic);
	return index;
}

static void add_catalog(struct gw_mirror *mirror, struct gw_tenant *tenant)
{
	const struct sl_catalog_module *module;
	const struct sl_catalog_metric *m;

	for (size_t i = 0; (module = sl_catalog_module_at(mirror->catalog, i)); i++) {
		struct sl_slice none = {"", 0};
		section_of(
		    mirror, tenant, module->bit, sl_slice_text(module->name), &none);
	}
	for (size_t i = 0; (m = sl_catalog_metric_at(mirror->catalog, i)); i++) {
		struct sl_msg_metric_def def = {
		    .module = sl_slice_text(m->module->name),
		    .name = sl_slice_text(m->name),
		    .field = sl_slice_text(m->field ? m->field : m->name),
		    .unit = sl_slice_text(m->unit),
		    .in_snapshot = m->snapshot,
		    .is_status = m->kind == SL_METRIC_STATUS,
		};
		add_metric(mirror, tenant, &def, true);
	}
}

struct gw_tenant *gw_mirror_tenant(struct gw_mirror *mirror, const char *name, size_t len)
{
	uint64_t hash = gw_table_hash(0, name, len);

	for (struct gw_table_node *node = gw_table_first(&mirror->tenants, hash); node;
	     node = gw_table_next(node)) {
		struct gw_tenant *t = GW_TABLE_OBJECT(node, struct gw_tenant, node);
		if (t->name_len == len && memcmp(t->name, name, len) == 0)
			return t;
	}
	struct gw_tenant *tenant = calloc(1, sizeof *tenant);
	if (!tenant)
		abort();
	tenant->name = copy(name, len);
	tenant->name_len = len;
	gw_table_add(&mirror->tenants, &tenant->node, hash);
	add_catalog(mirror, tenant);
	return tenant;
}

static void free_tenant(void *arg, struct gw_table_node *node)
{
	struct gw_mirror *mirror = arg;
	struct gw_tenant *tenant = GW_TABLE_OBJECT(node, struct gw_tenant, node);

	gw_table_remove(&mirror->tenants, node);
	for (uint32_t i = 0; i < tenant->metric_count; i++) {
		free(tenant->metric[i]->topic);
		free(tenant->metric[i]->field);
		free(tenant->metric[i]->unit);
		free(tenant->metric[i]);
	}
	for (uint32_t i = 0; i < tenant->section_count; i++) {
		free(tenant->section[i].key);
		free(tenant->section[i].notice);
	}
	gw_mirror_alert_clear(tenant);
	gw_table_clear(&tenant->metrics);
	free(tenant->metric);
	free(tenant->section);
	free(tenant->order);
	free(tenant->changed);
	free(tenant->told);
	free(tenant->name);
	free(tenant);
}

/* ---- mirror ------------------------------------------------------------------ */

struct gw_mirror *gw_mirror_new(const struct sl_catalog *catalog)
{
	struct gw_mirror *mirror = calloc(1, sizeof *mirror);

	if (!mirror)
		abort();
	mirror->catalog = sl_catalog_ref(catalog);
	return mirror;
}

void gw_mirror_free(struct gw_mirror *mirror)
{
	if (!mirror)
		return;
	gw_table_each(&mirror->tenants, free_tenant, mirror);
	gw_table_clear(&mirror->tenants);
	free(mirror->place);
	sl_catalog_unref(mirror->catalog);
	free(mirror);
}

const struct sl_catalog *gw_mirror_catalog(const struct gw_mirror *mirror)
{
	return mirror->catalog;
}

uint64_t gw_mirror_module(const struct gw_mirror *mirror, struct sl_slice name)
{
	const struct sl_catalog_module *module =
	    sl_catalog_module(mirror->catalog, name.data, name.len);

	return module ? module->bit : 0;
}

void gw_mirror_begin(struct gw_mirror *mirror, bool anew)
{
	mirror->state++;
	if (anew && mirror->place)
		memset(mirror->place, 0, mirror->place_count * sizeof *mirror->place);
}

static void end_tenant(void *arg, struct gw_table_node *node)
{
	struct gw_mirror *mirror = arg;

	struct gw_tenant *tenant = GW_TABLE_OBJECT(node, struct gw_tenant, node);

	gw_mirror_alert_sweep(tenant, mirror->state);
	if (tenant->open_changed)
		tenant->open_at = mirror->at;
}

void gw_mirror_end(struct gw_mirror *mirror)
{
	gw_table_each(&mirror->tenants, end_tenant, mirror);
	mirror->state++;
}

void gw_mirror_def(struct gw_mirror *mirror, const struct sl_msg_metric_def *def)
{
	if (def->id >= SL_MSG_METRICS_MAX)
		return;
	mirror->place = grown(
	    mirror->place, &mirror->place_count, sizeof *mirror->place, def->id + 1);
	struct place *place = &mirror->place[def->id];
	if (place->tenant)
		return;
	place->tenant = gw_mirror_tenant(mirror, def->tenant.data, def->tenant.len);
	place->metric = add_metric(mirror, place->tenant, def, false);
}

static void mark(struct gw_tenant *tenant, uint32_t index)
{
	tenant->changed = grown(tenant->changed, &tenant->changed_cap,
	    sizeof *tenant->changed, tenant->changed_count + 1);
	tenant->changed[tenant->changed_count++] = index;
	tenant->version++;
}

void gw_mirror_metric(struct gw_mirror *mirror, const struct sl_msg_metric *metric)
{
	if (metric->id >= mirror->place_count || !mirror->place[metric->id].tenant)
		return;
	struct gw_tenant *tenant = mirror->place[metric->id].tenant;
	uint32_t index = mirror->place[metric->id].metric;
	struct gw_metric *m = tenant->metric[index];
	bool same =
	    m->value == metric->value || (isnan(m->value) && isnan(metric->value));

	if (metric->ts_us > tenant->newest_us)
		tenant->newest_us = metric->ts_us;
	m->ts_us = metric->ts_us;
	m->status = metric->status;
	if (same && m->stale == metric->stale)
		return;
	if (!m->value_changed && !m->stale_changed)
		mark(tenant, index);
	m->value_changed |= !same;
	/* A metric without a value is shown as stale, too. */
	m->stale_changed |=
	    m->stale != metric->stale || isnan(m->value) != isnan(metric->value);
	m->value = metric->value;
	m->stale = metric->stale;
	m->changed_at = mirror->at;
}

void gw_mirror_alert(struct gw_mirror *mirror, const struct sl_entry *entry)
{
	struct gw_tenant *tenant =
	    gw_mirror_tenant(mirror, entry->tenant.data, entry->tenant.len);

	gw_mirror_alert_take(
	    tenant, entry, gw_mirror_module(mirror, entry->module), mirror->state);
	if (entry->ts_us > tenant->newest_us)
		tenant->newest_us = entry->ts_us;
	if (tenant->open_changed)
		tenant->open_at = mirror->at;
}

void gw_mirror_stand(struct gw_mirror *mirror, int64_t publish_us, bool complete)
{
	uint64_t at = publish_us > 0 ? (uint64_t)publish_us : 0;

	mirror->at = at > mirror->at ? at : mirror->at + 1;
	if (complete)
		mirror->known = mirror->at;
}

uint64_t gw_mirror_position(const struct gw_mirror *mirror)
{
	/* Silence makes every metric stale at no publication's time. */
	return (mirror->known + 1) << 1 | mirror->silent;
}

bool gw_mirror_since(const struct gw_mirror *mirror, uint64_t position, uint64_t *since)
{
	if (position < 2 || (position & 1) != mirror->silent)
		return false;
	*since = (position >> 1) - 1;
	return *since <= mirror->known + GW_MIRROR_AHEAD_US;
}

static void mark_all(void *arg, struct gw_table_node *node)
{
	struct gw_tenant *tenant = GW_TABLE_OBJECT(node, struct gw_tenant, node);

	(void)arg;
	for (uint32_t i = 0; i < tenant->metric_count; i++) {
		struct gw_metric *m = tenant->metric[i];
		if (!m->value_changed && !m->stale_changed)
			mark(tenant, i);
		m->stale_changed = true;
	}
}

void gw_mirror_silence(struct gw_mirror *mirror, bool silent)
{
	if (mirror->silent == silent)
		return;
	mirror->silent = silent;
	gw_table_each(&mirror->tenants, mark_all, NULL);
}

bool gw_mirror_silent(const struct gw_mirror *mirror)
{
	return mirror->silent;
}

bool gw_mirror_metric_stale(const struct gw_mirror *mirror, const struct gw_metric *m)
{
	return m->stale || mirror->silent || isnan(m->value);
}

static void settle(void *arg, struct gw_table_node *node)
{
	struct gw_tenant *tenant = GW_TABLE_OBJECT(node, struct gw_tenant, node);

	uint32_t *free_list = tenant->told;
	uint32_t free_cap = tenant->told_cap;

	(void)arg;
	for (uint32_t i = 0; i < tenant->told_count; i++) {
		struct gw_metric *m = tenant->metric[tenant->told[i]];
		m->value_told = m->stale_told = false;
	}
	tenant->told = tenant->changed;
	tenant->told_cap = tenant->changed_cap;
	tenant->told_count = tenant->changed_count;
	tenant->changed = free_list;
	tenant->changed_cap = free_cap;
	tenant->changed_count = 0;
	for (uint32_t i = 0; i < tenant->told_count; i++) {
		struct gw_metric *m = tenant->metric[tenant->told[i]];
		m->value_told = m->value_changed;
		m->stale_told = m->stale_changed;
		m->value_changed = m->stale_changed = false;
	}
	gw_mirror_sort(tenant, tenant->told, tenant->told_count);
	tenant->open_told = tenant->open_changed;
	tenant->open_changed = false;
}

void gw_mirror_settle(struct gw_mirror *mirror)
{
	gw_table_each(&mirror->tenants, settle, NULL);
}
