/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "keyhash.h"
#include "promnumber.h"
#include "scrape_labels.h"

#define SLOTS_FIRST     256
#define HISTOGRAM_SLOTS 256

struct col_scrape_series {
	struct col_scrape_owner owner;
	uint64_t seed;
	struct col_scrape_entry **slot;
	size_t slots; /* a power of two */
	size_t count;
	size_t defined; /* series that this target brought into being */
	struct col_scrape_histogram
	    *histogram[HISTOGRAM_SLOTS]; /* by handle of the mean */
	struct col_mapped mapped;
	struct sl_buf text; /* values without their escapes */
};

struct col_scrape_series *col_scrape_series_new(const struct col_scrape_owner *owner)
{
	struct col_scrape_series *series = calloc(1, sizeof(*series));

	if (series == NULL)
		abort();
	series->owner = *owner;
	sl_crypto_random(&series->seed, sizeof(series->seed));
	series->slots = SLOTS_FIRST;
	series->slot = calloc(series->slots, sizeof(*series->slot));
	if (series->slot == NULL)
		abort();
	return series;
}

void col_scrape_series_free(struct col_scrape_series *series)
{
	if (series == NULL)
		return;
	for (size_t i = 0; i < series->slots; i++)
		while (series->slot[i] != NULL) {
			struct col_scrape_entry *entry = series->slot[i];
			series->slot[i] = entry->next;
			free(entry);
		}
	for (size_t i = 0; i < HISTOGRAM_SLOTS; i++)
		while (series->histogram[i] != NULL) {
			struct col_scrape_histogram *one = series->histogram[i];
			series->histogram[i] = one->next;
			col_scrape_histogram_clear(one);
			free(one);
		}
	free(series->slot);
	col_mapped_clear(&series->mapped);
	sl_buf_clear(&series->text);
	free(series);
}

/* ---- a new series ------------------------------------------------------------------ */

/* A rule may take a label off, but not what tells two targets apart. */
static bool ensure(
    struct col_label *label, size_t *count, const char *key, const char *value)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(label[i].key, key) == 0)
			return true;
	if (*count == COL_CORE_LABELS_MAX)
		return false;
	label[(*count)++] = (struct col_label){key, value};
	return true;
}

/* Defines the series of a metric with the labels that were mapped. */
static bool define(struct col_scrape_series *series,
    const struct sl_catalog_metric *metric, uint32_t *handle)
{
	const struct col_scrape_owner *owner = &series->owner;
	struct col_label label[COL_CORE_LABELS_MAX];
	size_t count = series->mapped.label_count;

	memcpy(label, series->mapped.label, count * sizeof(*label));
	if (!ensure(label, &count, "target", owner->target) ||
	    !ensure(label, &count, "instance", owner->instance))
		return false;
	bool known = col_core_has_gauge(owner->core, metric->name, label, count);
	if ((!known && series->defined >= owner->series_max) ||
	    col_core_gauge(
		owner->core, metric->name, metric->unit, label, count, handle) != 0)
		return false;
	series->defined += !known;
	return true;
}

static struct col_scrape_histogram *make_histogram(
    struct col_scrape_series *series, uint32_t mean)
{
	static const char *const suffix[] = {
#define X(name, share) name,
	    COL_SCRAPE_QUANTILE_TABLE(X)
#undef X
	};
	struct col_scrape_histogram *histogram = calloc(1, sizeof(*histogram));

	if (histogram == NULL)
		abort();
	histogram->mean = mean;
	histogram->factor = series->mapped.factor;
	for (size_t i = 0; i < COL_SCRAPE_QUANTILES; i++) {
		const struct sl_catalog_metric *metric = col_mapping_sibling(
		    series->owner.mapping, series->mapped.metric, suffix[i]);
		histogram->wanted[i] =
		    metric != NULL && define(series, metric, &histogram->quantile[i]);
	}
	histogram->next = series->histogram[mean % HISTOGRAM_SLOTS];
	series->histogram[mean % HISTOGRAM_SLOTS] = histogram;
	return histogram;
}

/* Which part of its family a sample is; false for a bucket without its bound. */
static bool read_part(const struct col_promtext_sample *sample,
    struct col_scrape_labels *labels, struct col_scrape_entry *entry)
{
	/* Of _sum, _count, _bucket. */
	char letter = sample->name.data[sample->family.len + 1];

	entry->part = letter == 's'   ? COL_SCRAPE_PART_SUM
		      : letter == 'c' ? COL_SCRAPE_PART_COUNT
				      : COL_SCRAPE_PART_BUCKET;
	if (entry->part != COL_SCRAPE_PART_BUCKET)
		return true;
	struct sl_slice le;
	return col_scrape_labels_remove(labels, "le", &le) &&
	       col_promnumber_read(le, &entry->bound) == 0;
}

/* A family that is a metric is one as a whole, beside what its parts are. */
static void join_histogram(struct col_scrape_series *series,
    const struct col_promtext_sample *sample, struct col_scrape_labels *labels,
    struct col_scrape_entry *entry)
{
	uint32_t mean;

	if (!read_part(sample, labels, entry) ||
	    col_mapping_find(series->owner.mapping, sample->family, labels->label,
		labels->count, &series->mapped) != COL_MAPPING_OK ||
	    !define(series, series->mapped.metric, &mean))
		return;
	entry->histogram = series->histogram[mean % HISTOGRAM_SLOTS];
	while (entry->histogram != NULL && entry->histogram->mean != mean)
		entry->histogram = entry->histogram->next;
	if (entry->histogram == NULL)
		entry->histogram = make_histogram(series, mean);
}

static void resolve(struct col_scrape_series *series,
    const struct col_promtext_sample *sample, struct col_scrape_entry *entry)
{
	struct col_scrape_labels labels;

	entry->fate = COL_SCRAPE_REFUSED;
	entry->factor = 1;
	entry->counter = COL_MAPPING_TOTAL;
	if (!col_scrape_labels_gather(&labels, &series->owner, sample, &series->text))
		return;
	switch (col_mapping_find(series->owner.mapping, sample->name, labels.label,
	    labels.count, &series->mapped)) {
	case COL_MAPPING_OK:
		entry->factor = series->mapped.factor;
		if (sample->cumulative)
			entry->counter = series->mapped.counter;
		entry->fate = define(series, series->mapped.metric, &entry->handle)
				  ? COL_SCRAPE_TAKEN
				  : COL_SCRAPE_REFUSED;
		break;
	case COL_MAPPING_LEFT_OUT:
		entry->fate = COL_SCRAPE_LEFT_OUT;
		break;
	case COL_MAPPING_UNKNOWN:
		entry->fate = COL_SCRAPE_UNKNOWN;
		break;
	case COL_MAPPING_DENIED:
	case COL_MAPPING_MALFORMED:
		break;
	}
	if (sample->cumulative && sample->type == COL_PROMTEXT_HISTOGRAM)
		join_histogram(series, sample, &labels, entry);
}

/* ---- the table ------------------------------------------------------------------------
 */

static void grow(struct col_scrape_series *series)
{
	size_t slots = series->slots * 2;
	struct col_scrape_entry **slot = calloc(slots, sizeof(*slot));

	if (slot == NULL)
		abort();
	for (size_t i = 0; i < series->slots; i++)
		while (series->slot[i] != NULL) {
			struct col_scrape_entry *entry = series->slot[i];
			series->slot[i] = entry->next;
			entry->next = slot[entry->hash & (slots - 1)];
			slot[entry->hash & (slots - 1)] = entry;
		}
	free(series->slot);
	series->slot = slot;
	series->slots = slots;
}

struct col_scrape_entry *col_scrape_series_find(
    struct col_scrape_series *series, const struct col_promtext_sample *sample)
{
	struct sl_slice text = sample->series;
	uint64_t hash = col_keyhash(text.data, text.len, series->seed);
	struct col_scrape_entry *entry = series->slot[hash & (series->slots - 1)];

	while (entry != NULL && (entry->hash != hash || entry->len != text.len ||
				    memcmp(entry->text, text.data, text.len) != 0))
		entry = entry->next;
	if (entry == NULL) {
		if (series->count == series->slots)
			grow(series);
		entry = calloc(1, sizeof(*entry) + text.len);
		if (entry == NULL)
			abort();
		entry->hash = hash;
		entry->len = text.len;
		memcpy(entry->text, text.data, text.len);
		entry->next = series->slot[hash & (series->slots - 1)];
		series->slot[hash & (series->slots - 1)] = entry;
		series->count++;
		resolve(series, sample, entry);
	}
	entry->seen = true;
	return entry;
}

size_t col_scrape_series_sweep(struct col_scrape_series *series)
{
	size_t gone = 0;

	for (size_t i = 0; i < series->slots; i++)
		for (struct col_scrape_entry **at = &series->slot[i]; *at != NULL;) {
			struct col_scrape_entry *entry = *at;
			if (entry->seen) {
				entry->seen = false;
				at = &entry->next;
				continue;
			}
			gone += entry->fate == COL_SCRAPE_TAKEN;
			*at = entry->next;
			free(entry);
			series->count--;
		}
	return gone;
}

/* How much a counter has grown, false for its first value; it remembers this one. */
static bool grow_by(struct col_scrape_entry *entry, double value, int64_t mono_ns,
    double *grown, double *seconds)
{
	bool first = !entry->has_last;

	/* One that fell began again at 0 meanwhile. */
	*grown = value >= entry->last ? value - entry->last : value;
	*seconds = (double)(mono_ns - entry->last_mono_ns) / (double)SL_NS_PER_S;
	entry->has_last = true;
	entry->last = value;
	entry->last_mono_ns = mono_ns;
	return !first && *seconds > 0;
}

bool col_scrape_entry_take(
    struct col_scrape_entry *entry, double value, int64_t mono_ns, double *out)
{
	double grown = 0, seconds = 0;

	if (!isfinite(value))
		return false;
	bool counts = entry->histogram != NULL || entry->counter != COL_MAPPING_TOTAL;
	bool has_grown = counts && grow_by(entry, value, mono_ns, &grown, &seconds);
	if (entry->histogram != NULL && has_grown)
		col_scrape_histogram_add(
		    entry->histogram, entry->part, entry->bound, grown);
	if (entry->fate != COL_SCRAPE_TAKEN ||
	    (entry->counter != COL_MAPPING_TOTAL && !has_grown))
		return false;
	*out = entry->factor * (entry->counter == COL_MAPPING_TOTAL     ? value
				   : entry->counter == COL_MAPPING_RATE ? grown / seconds
									: grown);
	return isfinite(*out);
}

static void push_histogram(struct col_core *core, struct col_scrape_histogram *histogram,
    const struct col_tick *tick)
{
	static const double share[] = {
#define X(name, share) share,
	    COL_SCRAPE_QUANTILE_TABLE(X)
#undef X
	};

	/* What is not finite, the core leaves out. */
	if (histogram->count > 0)
		col_core_push(core, histogram->mean,
		    histogram->factor * histogram->sum / histogram->count, tick);
	for (size_t i = 0; i < COL_SCRAPE_QUANTILES; i++)
		if (histogram->wanted[i])
			col_core_push(core, histogram->quantile[i],
			    histogram->factor *
				col_scrape_histogram_quantile(histogram, share[i]),
			    tick);
	col_scrape_histogram_reset(histogram);
}

void col_scrape_series_push(struct col_scrape_series *series, const struct col_tick *tick)
{
	for (size_t i = 0; i < HISTOGRAM_SLOTS; i++)
		for (struct col_scrape_histogram *one = series->histogram[i]; one != NULL;
		     one = one->next)
			if (one->touched)
				push_histogram(series->owner.core, one, tick);
}
