/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics and event types of the catalog. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog_data.h"
#include "conf.h"
#include "config.h"
#include "error.h"
#include "event_fields.h"
#include "threshold.h"
#include "topic.h"

static const char *const kinds[] = {
    [SL_METRIC_GAUGE] = "gauge",
    [SL_METRIC_COUNTER] = "counter",
    [SL_METRIC_TIMER] = "timer",
    [SL_METRIC_STATUS] = "status",
};
static const char *const aggregates[] = {
    [SL_AGGREGATE_LAST] = "last",
    [SL_AGGREGATE_SUM] = "sum",
    [SL_AGGREGATE_AVG] = "avg",
    [SL_AGGREGATE_MIN] = "min",
    [SL_AGGREGATE_MAX] = "max",
    [SL_AGGREGATE_COUNT] = "count",
};
static const char *const field_types[] = {
    [SL_FIELD_ANY] = "any",
    [SL_FIELD_STRING] = "string",
    [SL_FIELD_NUMBER] = "number",
    [SL_FIELD_INTEGER] = "integer",
    [SL_FIELD_BOOLEAN] = "boolean",
    [SL_FIELD_TIME] = "time",
    [SL_FIELD_OBJECT] = "object",
    [SL_FIELD_ARRAY] = "array",
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *sl_metric_kind_name(enum sl_metric_kind kind)
{
	return kinds[kind];
}

const char *sl_aggregate_name(enum sl_aggregate aggregate)
{
	return aggregates[aggregate];
}

const char *sl_field_type_name(enum sl_field_type type)
{
	return field_types[type];
}

static int word(const char *const *words, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
			return (int)i;
	return -1;
}

static int read_word(const struct sl_conf_entry *entry, const char *option,
    const char *const *words, size_t count, const char *otherwise, struct sl_buf *error)
{
	const char *text = sl_conf_text(entry, option, otherwise);
	int i = word(words, count, text, strlen(text));
	struct sl_buf list = {0};

	if (i >= 0)
		return i;
	for (size_t k = 0; k < count; k++)
		sl_buf_addf(&list, "%s%s", k ? ", " : "", words[k]);
	sl_catalog_fail(entry, error, "%s = \"%s\": must be one of %s", option, text,
	    sl_buf_text(&list));
	sl_buf_clear(&list);
	return -1;
}

static int read_number(const struct sl_conf_entry *entry, const char *option, bool *has,
    double *out, struct sl_buf *error)
{
	const char *text = sl_conf_text(entry, option, NULL);
	char *end;

	*has = text != NULL;
	if (!text)
		return 0;
	*out = strtod(text, &end);
	if (end == text || *end || !isfinite(*out))
		return sl_catalog_fail(
		    entry, error, "%s = \"%s\": must be a number", option, text);
	return 0;
}

static int read_duration(const struct sl_conf_entry *entry, const char *option,
    int64_t *out, struct sl_buf *error)
{
	const char *text = sl_conf_text(entry, option, "0");

	if (sl_config_parse_duration(text, "", out) || *out > INT64_C(31536000000))
		return sl_catalog_fail(entry, error,
		    "%s = \"%s\": must be a duration such as 15s", option, text);
	return 0;
}

static const struct sl_catalog_module *read_module(const struct sl_catalog *catalog,
    const struct sl_conf_entry *entry, const char *name, size_t len, struct sl_buf *error)
{
	const struct sl_catalog_module *module = sl_catalog_module(catalog, name, len);

	if (!module && len == 0)
		sl_catalog_fail(entry, error, "module is missing");
	else if (!module)
		sl_catalog_fail(
		    entry, error, "there is no module \"%.*s\"", (int)len, name);
	return module;
}

static int read_thresholds(const struct sl_conf_entry *entry,
    struct sl_catalog_metric *metric, struct sl_buf *error)
{
	bool has_clear;

	metric->clear_warning = metric->clear_critical = NAN;
	if (read_number(
		entry, "warning", &metric->has_warning, &metric->warning, error) ||
	    read_number(
		entry, "critical", &metric->has_critical, &metric->critical, error) ||
	    read_number(
		entry, "clear_warning", &has_clear, &metric->clear_warning, error) ||
	    read_number(
		entry, "clear_critical", &has_clear, &metric->clear_critical, error) ||
	    read_duration(entry, "for", &metric->for_ms, error))
		return SL_EINVAL;
	double warning = metric->has_warning ? metric->warning : NAN;
	double critical = metric->has_critical ? metric->critical : NAN;
	const char *fault = sl_threshold_fault(
	    warning, critical, metric->clear_warning, metric->clear_critical);
	if (fault)
		return sl_catalog_fail(entry, error, "%s", fault);
	metric->lower_is_worse = critical < warning;
	return 0;
}

static int read_metric(const struct sl_conf_entry *entry,
    struct sl_catalog_metric *metric, struct sl_buf *error)
{
	metric->title = sl_conf_text(entry, "title", metric->name);
	metric->unit = sl_conf_text(entry, "unit", "");
	metric->field = sl_conf_text(entry, "field", metric->name);
	metric->expr = sl_conf_text(entry, "expr", NULL);
	int kind = read_word(entry, "kind", kinds, COUNT(kinds), "gauge", error);
	if (kind < 0)
		return SL_EINVAL;
	metric->kind = (enum sl_metric_kind)kind;
	int aggregate =
	    read_word(entry, "aggregate", aggregates, COUNT(aggregates), "last", error);
	if (aggregate < 0)
		return SL_EINVAL;
	metric->aggregate = (enum sl_aggregate)aggregate;
	if (!*metric->field)
		return sl_catalog_fail(entry, error, "field is empty");
	const char *snapshot = sl_conf_text(entry, "snapshot", "true");
	if (sl_config_parse_bool(snapshot, &metric->snapshot))
		return sl_catalog_fail(
		    entry, error, "snapshot = \"%s\": must be true or false", snapshot);
	if (read_duration(entry, "stale_after", &metric->stale_after_ms, error))
		return SL_EINVAL;
	return read_thresholds(entry, metric, error);
}

int sl_catalog_add_metric(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error)
{
	/* "name" with module = …, or "module.name". */
	const char *dot = strchr(entry->title, '.');
	const char *name = dot ? dot + 1 : entry->title;
	const char *of = sl_conf_text(entry, "module", dot ? entry->title : "");
	size_t of_len = of == entry->title ? (size_t)(dot - of) : strlen(of);
	const struct sl_catalog_module *module =
	    read_module(catalog, entry, of, of_len, error);

	if (!module)
		return SL_EINVAL;
	if (dot &&
	    (strncmp(entry->title, module->name, (size_t)(dot - entry->title)) != 0 ||
		module->name[dot - entry->title]))
		return sl_catalog_fail(
		    entry, error, "is declared for module \"%s\"", module->name);
	if (!sl_catalog_is_name(name))
		return sl_catalog_fail(entry, error,
		    "a metric's name is lower-case letters, digits and \"_\"");
	struct sl_catalog_metric metric = {.name = name,
	    .module = module,
	    .origin = sl_catalog_pool(catalog, "%s:%d", entry->file, entry->line)};
	if (read_metric(entry, &metric, error))
		return SL_EINVAL;

	char *topic = sl_catalog_pool(
	    catalog, SL_CATALOG_METRICS_PREFIX "%s.%s", module->name, name);
	const char *qualified = topic + strlen(SL_CATALOG_METRICS_PREFIX);
	if (strlen(topic) > SL_TOPIC_MAX)
		return sl_catalog_fail(entry, error, "its name is too long");
	int64_t at = sl_name_index_get(&catalog->metrics, qualified, strlen(qualified));
	if (at < 0 && catalog->metric_count == SL_CATALOG_METRICS_MAX)
		return sl_catalog_fail(
		    entry, error, "more than %d metrics", SL_CATALOG_METRICS_MAX);
	struct sl_catalog_metric_row *row =
	    at >= 0
		? catalog->metric[at]
		: sl_catalog_add(&catalog->metric, &catalog->metric_count, sizeof *row);
	if (at < 0)
		at = (int64_t)catalog->metric_count - 1;
	metric.index = (unsigned)at;
	row->metric = metric;
	row->topic = topic;
	if (sl_catalog_read_tally(entry, row, error))
		return SL_EINVAL;
	sl_name_index_put(&catalog->metrics, qualified, strlen(qualified), (uint32_t)at);
	return 0;
}

/* "title:string?" */
static int read_field(struct sl_catalog *catalog, const struct sl_conf_entry *entry,
    const char *text, struct sl_catalog_field *field, struct sl_buf *error)
{
	const char *colon = strchr(text, ':');
	size_t name_len = colon ? (size_t)(colon - text) : strlen(text);
	const char *type = colon ? colon + 1 : "any";
	size_t type_len = strlen(type);

	field->optional = type_len > 0 && type[type_len - 1] == '?';
	if (field->optional)
		type_len--;
	int i = word(field_types, COUNT(field_types), type, type_len);
	if (name_len == 0 || i < 0)
		return sl_catalog_fail(entry, error,
		    "field \"%s\": must be \"name:type\" or \"name:type?\" with a type "
		    "of any, string, number, integer, boolean, time, object, array",
		    text);
	field->name = sl_catalog_pool(catalog, "%.*s", (int)name_len, text);
	field->type = (enum sl_field_type)i;
	return 0;
}

static int read_fields(struct sl_catalog *catalog, const struct sl_conf_entry *entry,
    struct sl_catalog_event_row *row, struct sl_buf *error)
{
	const struct sl_conf_entry *fields = sl_conf_get(entry, "fields");

	if (!fields || fields->text_count == 0)
		return 0;
	if (fields->text_count > SL_EVENT_FIELDS_MAX)
		return sl_catalog_fail(
		    entry, error, "more than %d fields", SL_EVENT_FIELDS_MAX);
	row->field = calloc(fields->text_count, sizeof *row->field);
	if (!row->field)
		abort();
	row->event.field = row->field;
	row->event.field_count = fields->text_count;
	for (size_t i = 0; i < fields->text_count; i++)
		if (read_field(catalog, entry, fields->text[i], &row->field[i], error))
			return SL_EINVAL;
	return 0;
}

/* The module that a type names, else that of its family. */
static const struct sl_catalog_module *event_module(const struct sl_catalog *catalog,
    const struct sl_conf_entry *entry, struct sl_buf *error)
{
	const char *of = sl_conf_text(entry, "module", NULL);
	int64_t family = sl_name_index_get(
	    &catalog->families, entry->title, strcspn(entry->title, "."));

	if (!of && family >= 0)
		return catalog->module[family];
	return read_module(catalog, entry, of ? of : "", of ? strlen(of) : 0, error);
}

static int read_rate_limit(
    const struct sl_conf_entry *entry, int64_t *limit, struct sl_buf *error)
{
	bool has;
	double value = 0;

	if (read_number(entry, "rate_limit", &has, &value, error))
		return SL_EINVAL;
	if (value < 0 || value > 1e8 || value != (double)(int64_t)value)
		return sl_catalog_fail(entry, error,
		    "rate_limit = \"%s\": must be a whole number of events per second "
		    "from 0 to 100000000",
		    sl_conf_text(entry, "rate_limit", ""));
	*limit = (int64_t)value;
	return 0;
}

int sl_catalog_add_event(
    struct sl_catalog *catalog, const struct sl_conf_entry *entry, struct sl_buf *error)
{
	const char *name = entry->title;
	size_t len = strlen(name);

	if (!sl_pattern_valid(name, len) ||
	    len + strlen(SL_CATALOG_EVENTS_PREFIX) > SL_TOPIC_MAX)
		return sl_catalog_fail(entry, error,
		    "an event type is words of letters, digits, \"_\" and \"-\", joined "
		    "by dots; \"*\" and a last \">\" stand for any");
	const struct sl_catalog_module *module = event_module(catalog, entry, error);
	if (!module)
		return SL_EINVAL;
	const char *priority = sl_conf_text(entry, "priority", "normal");
	int stream = sl_stream_parse(priority, strlen(priority));
	if (stream < 0 || stream == SL_STREAM_ALERTS)
		return sl_catalog_fail(entry, error,
		    "priority = \"%s\": must be critical, high, normal or low", priority);

	int64_t rate_limit = 0;
	if (read_rate_limit(entry, &rate_limit, error))
		return SL_EINVAL;
	int64_t at = sl_name_index_get(&catalog->events, name, len);
	if (at < 0 && catalog->event_count == SL_CATALOG_EVENTS_MAX)
		return sl_catalog_fail(
		    entry, error, "more than %d event types", SL_CATALOG_EVENTS_MAX);
	struct sl_catalog_event_row *row =
	    at >= 0 ? catalog->event[at]
		    : sl_catalog_add(&catalog->event, &catalog->event_count, sizeof *row);
	if (at < 0)
		at = (int64_t)catalog->event_count - 1;
	free(row->field);
	row->field = NULL;
	row->event = (struct sl_catalog_event){.name = name,
	    .wildcard = !sl_topic_valid(name, len),
	    .module = module,
	    .priority = (enum sl_stream)stream,
	    .title = sl_conf_text(entry, "title", name),
	    .rate_limit = rate_limit,
	    .index = (unsigned)at};
	sl_name_index_put(&catalog->events, name, len, (uint32_t)at);
	return read_fields(catalog, entry, row, error);
}
