/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "utf8.h"

struct col_mapping {
	const struct sl_config_map *rule;
	size_t rule_count;
	struct sl_catalog *catalog;
	uint64_t modules; /* mask of those that the source may write */
	struct sl_buf prefix;
};

/* ---- life cycle -------------------------------------------------------------- */

struct col_mapping *col_mapping_new(const struct sl_config_collector *section,
    const struct sl_catalog *catalog, const char *prefix)
{
	struct col_mapping *mapping = calloc(1, sizeof(*mapping));

	if (mapping == NULL)
		abort();
	mapping->rule = section != NULL ? section->map : NULL;
	mapping->rule_count = section != NULL ? section->map_count : 0;
	mapping->catalog = sl_catalog_ref(catalog);
	mapping->modules = section != NULL ? col_batch_modules(catalog, &section->modules)
					   : sl_catalog_all_modules(catalog);
	sl_buf_adds(&mapping->prefix, prefix);
	return mapping;
}

void col_mapping_free(struct col_mapping *mapping)
{
	if (mapping == NULL)
		return;
	sl_catalog_unref(mapping->catalog);
	sl_buf_clear(&mapping->prefix);
	free(mapping);
}

void col_mapped_clear(struct col_mapped *mapped)
{
	sl_buf_clear(&mapped->text);
	*mapped = (struct col_mapped){0};
}

/* ---- names ------------------------------------------------------------------- */

/* [a-z_][a-z0-9_]*: letters in lower case, "_" for what is neither letter nor digit. */
static void add_name(struct sl_buf *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = data[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
			c = '_';
		if (i == 0 && out->len == 0 && c >= '0' && c <= '9')
			sl_buf_addc(out, '_');
		sl_buf_addc(out, c);
	}
}

static enum col_mapping_verdict judge(
    const struct col_mapping *mapping, const struct sl_catalog_metric *metric)
{
	/* What is derived is computed; sources do not feed it. */
	if (metric == NULL || metric->expr != NULL || metric->kind == SL_METRIC_STATUS)
		return COL_MAPPING_UNKNOWN;
	return metric->module->bit & mapping->modules ? COL_MAPPING_OK
						      : COL_MAPPING_DENIED;
}

/* "module.metric", unless the name alone would mean another module's. */
static const struct sl_catalog_metric *find_qualified(
    const struct col_mapping *mapping, struct sl_slice name)
{
	const char *dot = memchr(name.data, '.', name.len);

	if (dot == NULL)
		return NULL;
	size_t len = name.len - (size_t)(dot + 1 - name.data);
	const struct sl_catalog_module *module =
	    sl_catalog_module(mapping->catalog, name.data, (size_t)(dot - name.data));
	if (module == NULL)
		return NULL;
	const struct sl_catalog_metric *metric =
	    sl_catalog_metric(mapping->catalog, NULL, dot + 1, len);
	return metric != NULL && metric->module == module ? metric : NULL;
}

static const struct sl_catalog_metric *find_plain(
    const struct col_mapping *mapping, struct sl_slice name)
{
	const struct sl_catalog_metric *metric = NULL;

	if (mapping->prefix.len == 0)
		metric = find_qualified(mapping, name);
	if (metric == NULL && name.len <= SIGHTLINE_NAME_MAX) {
		struct sl_buf text = {0};
		add_name(&text, mapping->prefix.data, mapping->prefix.len);
		add_name(&text, name.data, name.len);
		metric = sl_catalog_metric(mapping->catalog, NULL, text.data, text.len);
		sl_buf_clear(&text);
	}
	return metric;
}

/* ---- rules ------------------------------------------------------------------- */

static bool is_text(struct sl_slice slice, const char *text, size_t len)
{
	return slice.len == len && memcmp(slice.data, text, len) == 0;
}

/* A label that is not there is empty, as in Prometheus. */
static bool fits_condition(
    const char *condition, const struct col_mapping_label *label, size_t count)
{
	const char *equals = strchr(condition, '=');
	if (equals == NULL || equals == condition)
		return false;
	bool negated = equals[-1] == '!';
	size_t key_len = (size_t)(equals - condition) - negated;
	struct sl_slice value = {"", 0};

	for (size_t i = 0; i < count; i++)
		if (is_text(label[i].key, condition, key_len))
			value = label[i].value;
	bool fits = equals[1] == '\0' ? value.len == 0
				      : col_wildcard_match(equals + 1, value, NULL);
	return fits != negated;
}

static const struct sl_config_map *find_rule(const struct col_mapping *mapping,
    struct sl_slice name, const struct col_mapping_label *label, size_t count,
    struct col_wildcard_match *match)
{
	for (size_t i = 0; i < mapping->rule_count; i++) {
		const struct sl_config_map *rule = &mapping->rule[i];
		bool fits = col_wildcard_match(
		    *rule->match ? rule->match : rule->title, name, match);
		for (size_t k = 0; fits && k < rule->where.count; k++)
			fits = fits_condition(rule->where.name[k], label, count);
		if (fits)
			return rule;
	}
	return NULL;
}

static bool lists(const struct sl_names *names, struct sl_slice key)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->name[i];
		if (strcmp(name, "*") == 0 || is_text(key, name, strlen(name)))
			return true;
	}
	return false;
}

/* The new name of a key, as "old:new" says, or its own. */
static struct sl_slice renamed(const struct sl_names *names, struct sl_slice key)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *colon = strchr(names->name[i], ':');
		if (colon != NULL &&
		    is_text(key, names->name[i], (size_t)(colon - names->name[i])))
			return (struct sl_slice){colon + 1, strlen(colon + 1)};
	}
	return key;
}

/* ---- labels ------------------------------------------------------------------ */

/*
 * The result's text is keys and values, each with its NUL.  Offsets first: the
 * text moves as it grows.
 */
struct labels {
	struct sl_buf *text;
	struct {
		size_t key, value;
	} at[COL_CORE_LABELS_MAX];
	size_t count;
};

/* Puts a key that was written at the end of the text into its place. */
static bool place(struct labels *labels, size_t key, size_t value)
{
	const char *text = labels->text->data;
	size_t i = 0;
	int order = 1;

	while (i < labels->count &&
	       (order = strcmp(text + labels->at[i].key, text + key)) < 0)
		i++;
	if (i < labels->count && order == 0) {
		labels->at[i].value = value;
		return true;
	}
	if (labels->count == COL_CORE_LABELS_MAX)
		return false;
	memmove(&labels->at[i + 1], &labels->at[i],
	    (labels->count++ - i) * sizeof(labels->at[0]));
	labels->at[i].key = key;
	labels->at[i].value = value;
	return true;
}

static bool begin_label(struct labels *labels, struct sl_slice key, size_t *at)
{
	struct sl_buf name = {0};

	add_name(&name, key.data, key.len);
	*at = labels->text->len;
	sl_buf_add(labels->text, name.data, name.len);
	sl_buf_addc(labels->text, '\0');
	bool fits = name.len > 0 && name.len <= SIGHTLINE_LABEL_KEY_MAX;
	sl_buf_clear(&name);
	return fits;
}

/* The value was written from at on. */
static bool end_label(struct labels *labels, size_t key, size_t at)
{
	size_t len = labels->text->len - at;

	if (len > SIGHTLINE_LABEL_VALUE_MAX ||
	    !sl_utf8_valid(labels->text->data + at, len) ||
	    memchr(labels->text->data + at, '\0', len) != NULL)
		return false;
	sl_buf_addc(labels->text, '\0');
	return place(labels, key, at);
}

static bool add_given(struct labels *labels, const struct sl_config_map *rule,
    const struct col_mapping_label *label)
{
	struct sl_slice key = label->key;
	size_t key_at;

	if (rule != NULL) {
		if (lists(&rule->drop, key) ||
		    (rule->keep.count > 0 && !lists(&rule->keep, key)))
			return true;
		key = renamed(&rule->rename, key);
	}
	if (!begin_label(labels, key, &key_at))
		return false;
	size_t at = labels->text->len;
	sl_buf_add(labels->text, label->value.data, label->value.len);
	return end_label(labels, key_at, at);
}

static bool add_made(
    struct labels *labels, const char *text, const struct col_wildcard_match *match)
{
	const char *equals = strchr(text, '=');
	size_t key_at;

	if (equals == NULL ||
	    !begin_label(
		labels, (struct sl_slice){text, (size_t)(equals - text)}, &key_at))
		return false;
	size_t at = labels->text->len;
	col_wildcard_expand(equals + 1, match, labels->text);
	return end_label(labels, key_at, at);
}

static bool make_labels(const struct sl_config_map *rule,
    const struct col_wildcard_match *match, const struct col_mapping_label *label,
    size_t count, struct col_mapped *out)
{
	struct labels labels = {.text = &out->text};
	bool fits = true;

	sl_buf_reset(&out->text);
	for (size_t i = 0; fits && i < count; i++)
		fits = add_given(&labels, rule, &label[i]);
	for (size_t i = 0; fits && rule != NULL && i < rule->labels.count; i++)
		fits = add_made(&labels, rule->labels.name[i], match);
	out->label_count = labels.count;
	for (size_t i = 0; i < labels.count; i++)
		out->label[i] = (struct col_label){out->text.data + labels.at[i].key,
		    out->text.data + labels.at[i].value};
	return fits;
}

/* ---- mapping ----------------------------------------------------------------- */

static enum col_mapping_counter counter_of(
    const struct sl_config_map *rule, const struct sl_catalog_metric *metric)
{
	const char *word = rule != NULL ? rule->counter : "auto";

	if (strcmp(word, "total") == 0)
		return COL_MAPPING_TOTAL;
	if (strcmp(word, "rate") == 0)
		return COL_MAPPING_RATE;
	if (strcmp(word, "count") == 0)
		return COL_MAPPING_COUNT;
	return metric->kind == SL_METRIC_COUNTER ? COL_MAPPING_TOTAL : COL_MAPPING_RATE;
}

static const struct sl_catalog_metric *find_metric(const struct col_mapping *mapping,
    const struct sl_config_map *rule, const struct col_wildcard_match *match)
{
	struct sl_buf name = {0}, text = {0};

	col_wildcard_expand(rule->metric, match, &name);
	add_name(&text, name.data, name.len);
	const struct sl_catalog_metric *metric =
	    text.len > 0 && text.len <= SIGHTLINE_NAME_MAX
		? sl_catalog_metric(mapping->catalog, NULL, text.data, text.len)
		: NULL;
	sl_buf_clear(&name);
	sl_buf_clear(&text);
	return metric;
}

enum col_mapping_verdict col_mapping_find(const struct col_mapping *mapping,
    struct sl_slice name, const struct col_mapping_label *label, size_t label_count,
    struct col_mapped *out)
{
	struct col_wildcard_match match;

	if (name.len == 0 || label_count > COL_MAPPING_LABELS_MAX ||
	    !sl_utf8_valid(name.data, name.len))
		return COL_MAPPING_MALFORMED;
	const struct sl_config_map *rule =
	    find_rule(mapping, name, label, label_count, &match);
	if (rule != NULL && *rule->metric == '\0')
		return COL_MAPPING_LEFT_OUT;
	out->metric =
	    rule != NULL ? find_metric(mapping, rule, &match) : find_plain(mapping, name);
	enum col_mapping_verdict verdict = judge(mapping, out->metric);
	if (verdict != COL_MAPPING_OK)
		return verdict;
	if (!make_labels(rule, &match, label, label_count, out))
		return COL_MAPPING_MALFORMED;
	out->factor = rule != NULL ? rule->factor : 1;
	out->counter = counter_of(rule, out->metric);
	return COL_MAPPING_OK;
}

double col_mapping_counted(
    enum col_mapping_counter counter, double since, double total, double elapsed_s)
{
	switch (counter) {
	case COL_MAPPING_TOTAL:
		return total;
	case COL_MAPPING_RATE:
		return since / elapsed_s;
	case COL_MAPPING_COUNT:
		break;
	}
	return since;
}

const struct sl_catalog_metric *col_mapping_sibling(const struct col_mapping *mapping,
    const struct sl_catalog_metric *metric, const char *suffix)
{
	struct sl_buf text = {0};

	sl_buf_adds(&text, metric->name);
	sl_buf_adds(&text, suffix);
	const struct sl_catalog_metric *sibling =
	    sl_catalog_metric(mapping->catalog, NULL, text.data, text.len);
	sl_buf_clear(&text);
	return judge(mapping, sibling) == COL_MAPPING_OK ? sibling : NULL;
}
