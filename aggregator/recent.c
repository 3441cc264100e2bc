/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  Each series has a ring of samples with rising times, at most
 * one per resolution step.  A ring grows by doubling while its oldest sample is
 * still inside the span, up to samples_per_series and while all rings together
 * are within total_bytes; else the newest sample takes the place of the oldest.
 * Metrics and series are never removed: their number is bounded by what the
 * aggregator accepts.
 */
#include "recent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define RING_MIN 8

struct series {
	char *tenant;
	uint32_t metric; /* index */
	uint32_t next;   /* series of the same metric, AGG_RECENT_NONE at the end */
	struct agg_labels labels;
	uint64_t hash;
	struct agg_sample *ring;
	uint32_t cap;
	uint32_t oldest;
	uint32_t count;
};

struct metric {
	char *name;
	uint32_t first;
	uint32_t last;
};

struct agg_recent {
	struct agg_recent_options options;
	struct agg_recent_stats stats;
	struct metric *metrics;
	uint32_t metric_count;
	struct series *series;
	uint32_t series_count;
	uint32_t series_cap;
	uint32_t *slots; /* hash table: index of a series + 1, 0 free */
	uint32_t slot_count;
};

/* Allocation is bounded by the caller's limits, so running out is a defect. */
static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct agg_recent *agg_recent_new(const struct agg_recent_options *options)
{
	struct agg_recent *recent = must(calloc(1, sizeof(*recent)));
	struct agg_recent_options *o = &recent->options;

	if (options)
		*o = *options;
	if (!o->samples_per_series)
		o->samples_per_series = 1000;
	if (!o->total_bytes)
		o->total_bytes = 16u * 1024 * 1024;
	if (!o->span_ns)
		o->span_ns = 600 * SL_NS_PER_S;
	if (!o->resolution_ns)
		o->resolution_ns = SL_NS_PER_S;
	recent->slot_count = 64;
	recent->slots = must(calloc(recent->slot_count, sizeof(*recent->slots)));
	return recent;
}

void agg_recent_free(struct agg_recent *recent)
{
	if (!recent)
		return;
	for (uint32_t i = 0; i < recent->series_count; i++) {
		free(recent->series[i].tenant);
		free((void *)recent->series[i].labels.items);
		free(recent->series[i].ring);
	}
	for (uint32_t i = 0; i < recent->metric_count; i++)
		free(recent->metrics[i].name);
	free(recent->metrics);
	free(recent->series);
	free(recent->slots);
	free(recent);
}

/* A handful of metrics are read by expressions, so a list is enough. */
static struct metric *find_metric(const struct agg_recent *recent, const char *name)
{
	for (uint32_t i = 0; i < recent->metric_count; i++)
		if (!strcmp(recent->metrics[i].name, name))
			return &recent->metrics[i];
	return NULL;
}

void agg_recent_want(struct agg_recent *recent, const char *metric)
{
	if (find_metric(recent, metric))
		return;
	recent->metrics = must(realloc(
	    recent->metrics, (recent->metric_count + 1) * sizeof(*recent->metrics)));
	recent->metrics[recent->metric_count++] =
	    (struct metric){must(strdup(metric)), AGG_RECENT_NONE, AGG_RECENT_NONE};
}

/* ---- series ----------------------------------------------------------------------- */

static uint64_t hash_series(
    const char *tenant, uint32_t metric, const struct agg_labels *labels)
{
	struct agg_label item = {sl_slice_text(tenant), {NULL, 0}};
	struct agg_labels owner = {&item, 1};

	return agg_labels_hash(&owner) * 31 + agg_labels_hash(labels) * 7 + metric;
}

static uint32_t *find_slot(const struct agg_recent *recent, const char *tenant,
    uint32_t metric, const struct agg_labels *labels, uint64_t hash)
{
	for (uint64_t at = hash;; at++) {
		uint32_t *slot = &recent->slots[at & (recent->slot_count - 1)];
		const struct series *series = *slot ? &recent->series[*slot - 1] : NULL;

		if (!series || (series->hash == hash && series->metric == metric &&
				   !strcmp(series->tenant, tenant) &&
				   agg_labels_equal(&series->labels, labels)))
			return slot;
	}
}

static void grow_slots(struct agg_recent *recent)
{
	free(recent->slots);
	recent->slot_count *= 2;
	recent->slots = must(calloc(recent->slot_count, sizeof(*recent->slots)));
	for (uint32_t i = 0; i < recent->series_count; i++) {
		const struct series *series = &recent->series[i];

		*find_slot(recent, series->tenant, series->metric, &series->labels,
		    series->hash) = i + 1;
	}
}

/* One allocation: the items, then the bytes that they point to. */
static struct agg_labels copy_labels(const struct agg_labels *labels)
{
	size_t bytes = labels->count * sizeof(*labels->items);

	for (size_t i = 0; i < labels->count; i++)
		bytes += labels->items[i].name.len + labels->items[i].value.len;
	struct agg_label *items = must(malloc(bytes + 1));
	char *text = (char *)(items + labels->count);
	for (size_t i = 0; i < labels->count; i++) {
		const struct agg_label *from = &labels->items[i];

		items[i].name = (struct sl_slice){text, from->name.len};
		if (from->name.len)
			memcpy(text, from->name.data, from->name.len);
		text += from->name.len;
		items[i].value = (struct sl_slice){text, from->value.len};
		if (from->value.len)
			memcpy(text, from->value.data, from->value.len);
		text += from->value.len;
	}
	agg_labels_sort(items, labels->count);
	return (struct agg_labels){items, labels->count};
}

static uint32_t add_series(struct agg_recent *recent, struct series series)
{
	uint32_t handle = recent->series_count;
	struct metric *metric = &recent->metrics[series.metric];

	if (handle == recent->series_cap) {
		recent->series_cap = handle ? handle * 2 : 16;
		recent->series = must(realloc(
		    recent->series, recent->series_cap * sizeof(*recent->series)));
	}
	recent->series[handle] = series;
	recent->series_count++;
	if (metric->first == AGG_RECENT_NONE)
		metric->first = handle;
	else
		recent->series[metric->last].next = handle;
	metric->last = handle;
	if (recent->series_count * 2 > recent->slot_count)
		grow_slots(recent);
	else
		*find_slot(recent, series.tenant, series.metric, &series.labels,
		    series.hash) = handle + 1;
	recent->stats.series = recent->series_count;
	return handle;
}

uint32_t agg_recent_open(struct agg_recent *recent, const char *tenant,
    const char *metric, const struct agg_labels *labels)
{
	const struct agg_labels none = {NULL, 0};
	const struct metric *found = find_metric(recent, metric);

	if (!found)
		return AGG_RECENT_NONE;
	struct series series = {
	    .metric = (uint32_t)(found - recent->metrics),
	    .next = AGG_RECENT_NONE,
	    .labels = copy_labels(labels ? labels : &none),
	};
	series.hash = hash_series(tenant, series.metric, &series.labels);
	uint32_t slot =
	    *find_slot(recent, tenant, series.metric, &series.labels, series.hash);
	if (slot) {
		free((void *)series.labels.items);
		return slot - 1;
	}
	series.tenant = must(strdup(tenant));
	return add_series(recent, series);
}

/* ---- samples ---------------------------------------------------------------------- */

static struct agg_sample *sample_at(const struct series *series, uint32_t index)
{
	uint32_t at = series->oldest + index;

	return &series->ring[at < series->cap ? at : at - series->cap];
}

/* Doubles a full ring if limits allow; false: it stays as it is. */
static bool grow_ring(struct agg_recent *recent, struct series *series)
{
	size_t cap = series->cap ? (size_t)series->cap * 2 : RING_MIN;

	if (cap > recent->options.samples_per_series)
		cap = recent->options.samples_per_series;
	size_t more_bytes = (cap - series->cap) * sizeof(*series->ring);
	if (cap <= series->cap ||
	    recent->stats.bytes + more_bytes > recent->options.total_bytes)
		return false;

	struct agg_sample *ring = malloc(cap * sizeof(*ring));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < series->count; i++)
		ring[i] = *sample_at(series, i);
	free(series->ring);
	series->ring = ring;
	series->cap = (uint32_t)cap;
	series->oldest = 0;
	recent->stats.bytes += more_bytes;
	return true;
}

void agg_recent_push(
    struct agg_recent *recent, uint32_t handle, int64_t ts_ns, double value)
{
	if (handle >= recent->series_count)
		return;

	struct series *series = &recent->series[handle];
	struct agg_sample sample = {ts_ns, value};
	if (series->count) {
		struct agg_sample *newest = sample_at(series, series->count - 1);
		int64_t resolution_ns = recent->options.resolution_ns;

		if (ts_ns < newest->ts_ns) {
			recent->stats.late++;
			return;
		}
		if (ts_ns / resolution_ns == newest->ts_ns / resolution_ns) {
			*newest = sample;
			return;
		}
	}
	if (series->count == series->cap) {
		bool wanted = !series->cap || sample_at(series, 0)->ts_ns >=
						  ts_ns - recent->options.span_ns;

		if (!wanted || !grow_ring(recent, series)) {
			recent->stats.overwritten += wanted;
			if (!series->cap)
				return;
			series->oldest = (series->oldest + 1) % series->cap;
			series->count--;
		}
	}
	*sample_at(series, series->count++) = sample;
}

/* ---- reading ---------------------------------------------------------------------- */

static int source_series(void *arg, const char *metric,
    int (*each)(void *each_arg, uint64_t key, const struct agg_labels *labels),
    void *each_arg)
{
	const struct agg_recent_view *view = arg;
	const struct agg_recent *recent = view->recent;
	const struct metric *found = find_metric(recent, metric);
	uint32_t next;
	int stop = 0;

	for (uint32_t i = found ? found->first : AGG_RECENT_NONE;
	     i != AGG_RECENT_NONE && !stop; i = next) {
		next = recent->series[i].next;
		if (!strcmp(recent->series[i].tenant, view->tenant))
			stop = each(each_arg, i, &recent->series[i].labels);
	}
	return stop;
}

/* How many samples of a series are at or before a time. */
static uint32_t count_until(const struct series *series, int64_t ts_ns)
{
	uint32_t low = 0, high = series->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (sample_at(series, middle)->ts_ns <= ts_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool source_newest(
    void *arg, uint64_t key, int64_t from_ns, int64_t to_ns, struct agg_sample *sample)
{
	const struct agg_recent_view *view = arg;
	const struct series *series = &view->recent->series[key];
	uint32_t until = count_until(series, to_ns);

	if (!until)
		return false;
	*sample = *sample_at(series, until - 1);
	return sample->ts_ns > from_ns && !isnan(sample->value);
}

static size_t source_range(void *arg, uint64_t key, int64_t from_ns, int64_t to_ns,
    struct agg_sample *out, size_t max)
{
	const struct agg_recent_view *view = arg;
	const struct series *series = &view->recent->series[key];
	uint32_t until = count_until(series, to_ns);
	size_t count = 0;

	for (uint32_t i = count_until(series, from_ns); i < until; i++) {
		const struct agg_sample *sample = sample_at(series, i);

		if (isnan(sample->value))
			continue;
		if (count < max)
			out[count] = *sample;
		count++;
	}
	return count;
}

void agg_recent_source(struct agg_recent_view *view, struct agg_expr_source *source)
{
	*source = (struct agg_expr_source){
	    .arg = view,
	    .series = source_series,
	    .newest = source_newest,
	    .range = source_range,
	};
}

void agg_recent_stats(const struct agg_recent *recent, struct agg_recent_stats *stats)
{
	*stats = recent->stats;
}
