/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants: a metric's number is tenant->index * metrics of the catalog +
 * index in the catalog, so it holds while the catalog does.  A series is on the
 * dirty list exactly while series->dirty; a metric likewise with its two lists.
 * The table and the short memory are written in settle, once per series and
 * batch, not per sample.
 */
#include "state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "index.h"

#define TENANTS_MAX  65536u
#define SWEEP_SERIES 16384u /* looked at per agg_state_sweep */
#define FOLD_WHOLE   1024u  /* series of a metric that are folded in one go */
#define FOLD_BUDGET  16384u /* of all larger metrics together, per settle */
#define KEY_SEP      '\x1f'

struct agg_state {
	struct agg_state_options options;
	struct agg_state_hooks hooks;
	size_t metrics; /* of the catalog */
	struct agg_tenant **tenant;
	size_t tenant_count;
	struct agg_index tenants;
	struct agg_index index; /* series by key */
	struct agg_series **series;
	size_t series_count, series_cap;
	size_t sweep_at;
	struct agg_series_list dirty;
	struct agg_metric *dirty_metrics;
	struct agg_metric *remembered; /* set, not fed, and read by expressions */
	struct agg_metric *changed_first, *changed_last;
};

static void *grow(void *array, size_t *cap, size_t want, size_t size)
{
	size_t n = *cap ? *cap : 16;

	if (want <= *cap)
		return array;
	while (n < want)
		n *= 2;
	array = realloc(array, n * size);
	if (!array)
		abort();
	*cap = n;
	return array;
}

struct agg_state *agg_state_new(
    const struct agg_state_options *options, const struct agg_state_hooks *hooks)
{
	struct agg_state *state = calloc(1, sizeof *state);

	if (!state)
		abort();
	state->options = *options;
	state->dirty.recent = options->recent;
	state->options.catalog = sl_catalog_ref(options->catalog);
	state->hooks = *hooks;
	state->metrics = sl_catalog_metric_count(options->catalog);
	return state;
}

void agg_state_free(struct agg_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->series_count; i++) {
		free(state->series[i]->key);
		free(state->series[i]);
	}
	free(state->series);
	for (size_t i = 0; i < state->tenant_count; i++) {
		free(state->tenant[i]->metric);
		free(state->tenant[i]->name);
		free(state->tenant[i]);
	}
	free(state->tenant);
	agg_index_clear(&state->tenants);
	agg_index_clear(&state->index);
	sl_catalog_unref(state->options.catalog);
	free(state);
}

int agg_state_tenant(struct agg_state *state, const char *name, struct agg_tenant **out)
{
	struct agg_tenant *tenant = agg_index_find(&state->tenants, name, strlen(name));

	if (tenant) {
		*out = tenant;
		return 0;
	}
	if (state->tenant_count >= TENANTS_MAX)
		return SL_EFULL;
	tenant = calloc(1, sizeof *tenant);
	struct agg_tenant **list =
	    realloc(state->tenant, (state->tenant_count + 1) * sizeof *list);
	if (!tenant || !list)
		abort();
	state->tenant = list;
	*tenant = (struct agg_tenant){
	    .name = strdup(name),
	    .index = (uint32_t)state->tenant_count,
	    .metric = calloc(state->metrics + 1, sizeof *tenant->metric),
	    .metric_count = state->metrics,
	};
	if (!tenant->name || !tenant->metric)
		abort();
	for (size_t i = 0; i < state->metrics; i++)
		tenant->metric[i] = (struct agg_metric){
		    .id = (uint32_t)(tenant->index * state->metrics + i),
		    .def = sl_catalog_metric_at(state->options.catalog, i),
		    .tenant = tenant,
		    .value = NAN,
		    .recent = AGG_RECENT_NONE,
		};
	list[state->tenant_count++] = tenant;
	agg_index_put(&state->tenants, tenant->name, strlen(tenant->name), tenant);
	state->hooks.tenant(state->hooks.arg, tenant);
	*out = tenant;
	return 0;
}

struct agg_series_list *agg_state_dirty(struct agg_state *state)
{
	return &state->dirty;
}

static void mark_changed(struct agg_state *state, struct agg_metric *metric)
{
	if (metric->changed)
		return;
	metric->changed = true;
	metric->next_changed = NULL;
	if (state->changed_last)
		state->changed_last->next_changed = metric;
	else
		state->changed_first = metric;
	state->changed_last = metric;
}

static void mark_dirty(struct agg_state *state, struct agg_metric *metric)
{
	metric->again = true;
	if (metric->dirty)
		return;
	metric->dirty = true;
	metric->next_dirty = state->dirty_metrics;
	state->dirty_metrics = metric;
}

/* A series of the key, not yet fed; labels may be NULL until its source defines it. */
static struct agg_series *make_series(
    struct agg_state *state, struct agg_metric *metric, const char *key, size_t key_len)
{
	struct agg_series *series = calloc(1, sizeof *series);

	if (!series || !(series->key = malloc(key_len)))
		abort();
	memcpy(series->key, key, key_len);
	series->key_len = key_len;
	series->metric = metric;
	series->table_slot = AGG_TABLE_NO_SLOT;
	series->recent = AGG_RECENT_NONE;
	series->value = NAN;
	series->next_in_metric = metric->series;
	metric->series = series;
	metric->series_count++;
	metric->tenant->series_count++;
	state->series = grow(
	    state->series, &state->series_cap, state->series_count + 1, sizeof series);
	state->series[state->series_count++] = series;
	agg_index_put(&state->index, series->key, series->key_len, series);
	if (key_len > AGG_TABLE_KEY_MAX || agg_table_series_find(state->options.table,
					       key, key_len, &series->table_slot) != 0)
		series->table_slot = AGG_TABLE_NO_SLOT;
	return series;
}

static struct agg_metric *fed_metric(
    struct agg_state *state, struct agg_tenant *tenant, struct sl_slice name)
{
	const struct sl_catalog_metric *def =
	    sl_catalog_metric(state->options.catalog, NULL, name.data, name.len);

	return def && !def->expr ? &tenant->metric[def->index] : NULL;
}

/* Lengths keep different labels apart whatever bytes are in them. */
static void add_labels(struct sl_buf *key, const struct agg_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		const struct agg_label *label = &labels->items[i];
		sl_buf_addf(key, "%.*s=%zu:", (int)label->name.len, label->name.data,
		    label->value.len);
		sl_buf_add(key, label->value.data, label->value.len);
	}
}

int agg_state_open(struct agg_state *state, struct agg_tenant *tenant, const char *source,
    struct sl_slice name, const struct agg_labels *labels, int64_t stale_after_ns,
    struct agg_series **out)
{
	struct agg_metric *metric = fed_metric(state, tenant, name);
	struct sl_buf key = {0};

	if (!metric)
		return SL_ENOTFOUND;
	sl_buf_addf(&key, "%s%c%s%c%.*s%c", tenant->name, KEY_SEP, source, KEY_SEP,
	    (int)name.len, name.data, KEY_SEP);
	add_labels(&key, labels);
	struct agg_series *series = agg_index_find(&state->index, key.data, key.len);
	if (!series && tenant->series_count >= state->options.tenant_series_max) {
		sl_buf_clear(&key);
		return SL_EFULL;
	}
	if (!series)
		series = make_series(state, metric, key.data, key.len);
	sl_buf_clear(&key);
	series->stale_after_ns = metric->def->stale_after_ms
				     ? metric->def->stale_after_ms * SL_NS_PER_MS
				     : stale_after_ns;
	if (series->recent == AGG_RECENT_NONE)
		series->recent = agg_recent_open(
		    state->options.recent, tenant->name, metric->def->name, labels);
	*out = series;
	return 0;
}

/* Takes one key of the table apart; false if it names nothing of this catalog. */
static bool restore_series(struct agg_state *state, uint32_t slot, struct sl_slice key)
{
	const char *end = key.data + key.len;
	const char *source = memchr(key.data, KEY_SEP, key.len);
	const char *name =
	    source ? memchr(source + 1, KEY_SEP, (size_t)(end - source - 1)) : NULL;
	const char *labels =
	    name ? memchr(name + 1, KEY_SEP, (size_t)(end - name - 1)) : NULL;
	char tenant_name[SL_MSG_NAME_MAX + 1];
	struct agg_tenant *tenant;
	struct agg_metric *metric;
	double value;
	int64_t ts_ns;

	if (!labels || (size_t)(source - key.data) >= sizeof tenant_name)
		return false;
	memcpy(tenant_name, key.data, (size_t)(source - key.data));
	tenant_name[source - key.data] = '\0';
	if (agg_state_tenant(state, tenant_name, &tenant) != 0)
		return false;
	metric = fed_metric(state, tenant,
	    (struct sl_slice){.data = name + 1, .len = (size_t)(labels - name - 1)});
	if (!metric ||
	    agg_table_series_get(state->options.table, slot, &value, &ts_ns) != 0)
		return false;
	struct agg_series *series = make_series(state, metric, key.data, key.len);
	series->value = value;
	series->ts_ns = ts_ns;
	series->fed = true;
	mark_dirty(state, metric);
	return true;
}

size_t agg_state_restore(struct agg_state *state)
{
	struct agg_table *table = state->options.table;
	struct sl_slice key;
	uint32_t slot = 0;
	size_t restored = 0;

	while ((slot = agg_table_series_next(table, slot, &key)) != AGG_TABLE_NO_SLOT) {
		if (restore_series(state, slot, key))
			restored++;
		else
			agg_table_series_drop(table, slot);
		slot++;
	}
	agg_state_settle(state, sl_clock_mono_ns());
	return restored;
}

static bool same_value(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void assign(struct agg_state *state, struct agg_metric *metric, double value,
    int64_t ts_ns, bool stale, int64_t mono_ns)
{
	bool differs =
	    !metric->fed || stale != metric->stale || !same_value(value, metric->value);

	metric->ts_ns = ts_ns;
	if (!differs)
		return;
	metric->value = value;
	metric->fed = true;
	metric->stale = stale;
	metric->status = (uint8_t)state->hooks.changed(state->hooks.arg, metric, mono_ns);
	mark_changed(state, metric);
}

/* Folds up to *budget series of a metric; false if some are left. */
static bool fold_metric(struct agg_metric *metric, size_t *budget)
{
	enum sl_aggregate how = metric->def->aggregate;
	struct agg_series *series = metric->fold_at;

	for (; series && *budget > 0; series = series->next_in_metric, --*budget)
		if (series->fed)
			agg_fold_add(&metric->fold, how, series->value, series->ts_ns,
			    series->fresh);
	metric->fold_at = series;
	return !series;
}

/* Makes the scalar of a marked metric; false if that has to go on later. */
static bool settle_metric(
    struct agg_state *state, struct agg_metric *metric, size_t *budget, int64_t mono_ns)
{
	size_t whole = FOLD_WHOLE;
	double value;
	int64_t ts_ns;
	bool stale;

	if (!metric->folding) {
		metric->fold = (struct agg_fold){0};
		metric->fold_at = metric->series;
		metric->again = false;
		metric->folding = true;
	}
	if (!fold_metric(metric, metric->series_count <= FOLD_WHOLE ? &whole : budget))
		return false;
	metric->folding = false;
	if (agg_fold_end(&metric->fold, metric->def->aggregate, &value, &ts_ns, &stale))
		assign(state, metric, value, ts_ns, stale, mono_ns);
	return !metric->again;
}

/* Marks the metric of each series with news, and keeps the news. */
static void take_dirty(struct agg_state *state)
{
	struct agg_series *series = state->dirty.first;

	state->dirty.first = NULL;
	for (; series; series = series->next_dirty) {
		series->dirty = false;
		series->fresh = true;
		series->fed = true;
		if (series->table_slot != AGG_TABLE_NO_SLOT)
			agg_table_series_set(state->options.table, series->table_slot,
			    series->value, series->ts_ns);
		if (series->recent != AGG_RECENT_NONE)
			agg_recent_push(state->options.recent, series->recent,
			    series->ts_ns, series->value);
		mark_dirty(state, series->metric);
	}
}

void agg_state_settle(struct agg_state *state, int64_t mono_ns)
{
	struct agg_metric *metric, *later = NULL;
	size_t budget = FOLD_BUDGET;

	take_dirty(state);
	while ((metric = state->dirty_metrics) != NULL) {
		state->dirty_metrics = metric->next_dirty;
		metric->dirty = false;
		if (!settle_metric(state, metric, &budget, mono_ns)) {
			metric->dirty = true;
			metric->next_dirty = later;
			later = metric;
		}
	}
	state->dirty_metrics = later;
}

/* An expression reads a name where sources feed it; else what is set here. */
static bool readable(const struct agg_state *state, const struct agg_metric *metric)
{
	return !metric->series &&
	       sl_catalog_metric(state->options.catalog, NULL, metric->def->name,
		   strlen(metric->def->name)) == metric->def;
}

void agg_state_set(struct agg_state *state, struct agg_metric *metric, double value,
    int64_t ts_ns, int64_t mono_ns)
{
	if (!metric->set) {
		metric->set = true;
		if (readable(state, metric))
			metric->recent = agg_recent_open(state->options.recent,
			    metric->tenant->name, metric->def->name, NULL);
		if (metric->recent != AGG_RECENT_NONE) {
			metric->next_remembered = state->remembered;
			state->remembered = metric;
		}
	}
	if (metric->recent != AGG_RECENT_NONE)
		agg_recent_push(state->options.recent, metric->recent, ts_ns, value);
	assign(state, metric, value, ts_ns, false, mono_ns);
}

void agg_state_remember(struct agg_state *state, int64_t wall_ns)
{
	for (struct agg_metric *m = state->remembered; m; m = m->next_remembered)
		if (!isnan(m->value))
			agg_recent_push(
			    state->options.recent, m->recent, wall_ns, m->value);
}

void agg_state_sweep(struct agg_state *state, int64_t mono_ns)
{
	size_t n =
	    state->series_count < SWEEP_SERIES ? state->series_count : SWEEP_SERIES;

	while (n-- > 0) {
		if (state->sweep_at >= state->series_count)
			state->sweep_at = 0;
		struct agg_series *series = state->series[state->sweep_at++];
		if (series->fresh && !series->dirty &&
		    mono_ns - series->fed_mono_ns > series->stale_after_ns) {
			series->fresh = false;
			mark_dirty(state, series->metric);
		}
	}
	agg_state_settle(state, mono_ns);
}

bool agg_state_has_changed(const struct agg_state *state)
{
	return state->changed_first != NULL;
}

void agg_state_each_changed(struct agg_state *state,
    void (*each)(void *arg, const struct agg_metric *metric), void *arg)
{
	struct agg_metric *metric = state->changed_first;

	state->changed_first = state->changed_last = NULL;
	for (; metric; metric = metric->next_changed) {
		metric->changed = false;
		each(arg, metric);
	}
}

void agg_state_each(struct agg_state *state,
    void (*each)(void *arg, const struct agg_metric *metric), void *arg)
{
	for (size_t t = 0; t < state->tenant_count; t++)
		for (size_t i = 0; i < state->tenant[t]->metric_count; i++)
			each(arg, &state->tenant[t]->metric[i]);
}

struct agg_metric *agg_state_metric(struct agg_state *state, const char *tenant_name,
    const char *module_name, const char *name)
{
	const struct sl_catalog *catalog = state->options.catalog;
	struct agg_tenant *tenant =
	    agg_index_find(&state->tenants, tenant_name, strlen(tenant_name));
	const struct sl_catalog_module *module =
	    sl_catalog_module(catalog, module_name, strlen(module_name));
	const struct sl_catalog_metric *def =
	    module ? sl_catalog_metric(catalog, module, name, strlen(name)) : NULL;

	return tenant && def ? &tenant->metric[def->index] : NULL;
}

size_t agg_state_series_count(const struct agg_state *state)
{
	return state->series_count;
}
