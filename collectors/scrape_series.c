/* SPDX-License-Identifier: Apache-2.0 */
#include "scrape_series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "error.h"
#include "keyhash.h"

#define SLOTS_FIRST 256

struct col_scrape_series {
	struct col_scrape_owner owner;
	uint64_t seed;
	struct col_scrape_entry **slot;
	size_t slots; /* a power of two */
	size_t count;
	size_t defined; /* series that this target brought into being */
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
	free(series->slot);
	col_mapped_clear(&series->mapped);
	sl_buf_clear(&series->text);
	free(series);
}

/* ---- labels --------------------------------------------------------------------- */

struct labels {
	struct col_mapping_label label[COL_MAPPING_LABELS_MAX];
	size_t count;
};

static bool add(struct labels *labels, struct sl_slice key, struct sl_slice value)
{
	if (labels->count == COL_MAPPING_LABELS_MAX)
		return false;
	labels->label[labels->count++] = (struct col_mapping_label){key, value};
	return true;
}

static bool add_own(const struct col_scrape_series *series, struct labels *labels)
{
	const struct sl_names *names = series->owner.labels;
	bool fits = true;

	for (size_t i = 0; fits && i < names->count; i++) {
		const char *text = names->name[i], *equals = strchr(text, '=');
		fits = add(labels, (struct sl_slice){text, (size_t)(equals - text)},
		    sl_slice_text(equals + 1));
	}
	return fits &&
	       add(labels, sl_slice_text("target"),
		   sl_slice_text(series->owner.target)) &&
	       add(labels, sl_slice_text("instance"),
		   sl_slice_text(series->owner.instance));
}

/* Line ends and the like have no place in a label here. */
static void blank_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
}

static bool add_given(struct col_scrape_series *series,
    const struct col_promtext_sample *sample, struct labels *labels)
{
	bool fits = true;
	size_t room = 0;

	/* Enough beforehand: slices point into the text. */
	for (size_t i = 0; i < sample->label_count; i++)
		room += sample->label[i].value.len;
	sl_buf_reset(&series->text);
	sl_buf_reserve(&series->text, room);
	for (size_t i = 0; fits && i < sample->label_count; i++) {
		const struct col_promtext_label *label = &sample->label[i];
		size_t at = series->text.len;
		col_promtext_unescape(label, &series->text);
		blank_controls(series->text.data + at, series->text.len - at);
		/* An empty label is none (Prometheus' data model). */
		if (series->text.len > at)
			fits = add(labels, label->key,
			    (struct sl_slice){
				series->text.data + at, series->text.len - at});
	}
	return fits;
}

/* Of a key that comes twice the last one counts. */
static bool gather(struct col_scrape_series *series,
    const struct col_promtext_sample *sample, struct labels *labels)
{
	labels->count = 0;
	if (series->owner.honor_labels)
		return add_own(series, labels) && add_given(series, sample, labels);
	return add_given(series, sample, labels) && add_own(series, labels);
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

static enum col_scrape_fate define(
    struct col_scrape_series *series, struct col_scrape_entry *entry)
{
	const struct col_scrape_owner *owner = &series->owner;
	const struct sl_catalog_metric *metric = series->mapped.metric;
	struct col_label label[COL_CORE_LABELS_MAX];
	size_t count = series->mapped.label_count;

	memcpy(label, series->mapped.label, count * sizeof(*label));
	if (!ensure(label, &count, "target", owner->target) ||
	    !ensure(label, &count, "instance", owner->instance))
		return COL_SCRAPE_REFUSED;
	bool known = col_core_has_gauge(owner->core, metric->name, label, count);
	if ((!known && series->defined >= owner->series_max) ||
	    col_core_gauge(owner->core, metric->name, metric->unit, label, count,
		&entry->handle) != 0)
		return COL_SCRAPE_REFUSED;
	series->defined += !known;
	return COL_SCRAPE_TAKEN;
}

static void resolve(struct col_scrape_series *series,
    const struct col_promtext_sample *sample, struct col_scrape_entry *entry)
{
	struct labels labels;

	entry->fate = COL_SCRAPE_REFUSED;
	entry->factor = 1;
	entry->counter = COL_MAPPING_TOTAL;
	if (!gather(series, sample, &labels))
		return;
	switch (col_mapping_find(series->owner.mapping, sample->name, labels.label,
	    labels.count, &series->mapped)) {
	case COL_MAPPING_OK:
		entry->factor = series->mapped.factor;
		if (sample->cumulative)
			entry->counter = series->mapped.counter;
		entry->fate = define(series, entry);
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

bool col_scrape_entry_value(
    struct col_scrape_entry *entry, double value, int64_t mono_ns, double *out)
{
	double grown = value, seconds;

	if (!isfinite(value))
		return false;
	if (entry->counter != COL_MAPPING_TOTAL) {
		bool first = !entry->has_last;
		/* One that fell began again at 0 meanwhile. */
		if (value >= entry->last)
			grown -= entry->last;
		seconds = (double)(mono_ns - entry->last_mono_ns) / (double)SL_NS_PER_S;
		entry->has_last = true;
		entry->last = value;
		entry->last_mono_ns = mono_ns;
		if (first || seconds <= 0)
			return false;
		if (entry->counter == COL_MAPPING_RATE)
			grown /= seconds;
	}
	*out = grown * entry->factor;
	return isfinite(*out);
}
