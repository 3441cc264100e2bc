/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of the catalog that are counted from events. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog_data.h"
#include "conf.h"
#include "config.h"
#include "error.h"
#include "topic.h"

#define OVER_MIN_MS 60000
#define OVER_MAX_MS 604800000

static const char *const kinds[] = {
    [SL_TALLY_COUNT] = "count",
    [SL_TALLY_SUM] = "sum",
    [SL_TALLY_AVG] = "avg",
    [SL_TALLY_SHARE] = "share",
    [SL_TALLY_GROWTH] = "growth",
};
#define KINDS (sizeof kinds / sizeof *kinds)

static int read_over(const struct sl_conf_entry *entry, struct sl_catalog_tally *tally,
    struct sl_buf *error)
{
	const char *text = sl_conf_text(entry, "over", "");

	if (strcmp(text, "today") == 0) {
		tally->over_ms = SL_TALLY_TODAY;
	} else if (strcmp(text, "always") == 0) {
		tally->over_ms = SL_TALLY_ALWAYS;
	} else if (sl_config_parse_duration(text, "", &tally->over_ms) ||
		   tally->over_ms < OVER_MIN_MS || tally->over_ms > OVER_MAX_MS) {
		return sl_catalog_fail(entry, error,
		    "over = \"%s\": must be today, always or a duration from 1m to 7d",
		    text);
	}
	return 0;
}

static int read_kind(const struct sl_conf_entry *entry, struct sl_catalog_tally *tally,
    struct sl_buf *error)
{
	const char *text = sl_conf_text(entry, "derive", tally->value ? "sum" : "count");

	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(text, kinds[i]) == 0) {
			tally->kind = (enum sl_tally_kind)i;
			return 0;
		}
	return sl_catalog_fail(entry, error,
	    "derive = \"%s\": must be count, sum, avg, share or growth", text);
}

static const char *fault(const struct sl_catalog_tally *tally, const char *expr)
{
	bool sums = tally->kind == SL_TALLY_SUM || tally->kind == SL_TALLY_AVG;

	if (expr)
		return "it has expr and events, and can follow from one of them only";
	if (sums && !tally->value)
		return "sum and avg need value, a field of the payload";
	if (tally->value && !sums && tally->kind != SL_TALLY_GROWTH)
		return "value is for sum, avg and growth";
	if ((tally->kind == SL_TALLY_SHARE) != (tally->of.count > 0))
		return "share and of belong together";
	if (tally->minus.count > 0 && tally->kind != SL_TALLY_COUNT &&
	    tally->kind != SL_TALLY_SUM)
		return "minus is for count and sum";
	if (tally->kind == SL_TALLY_GROWTH && tally->over_ms == SL_TALLY_ALWAYS)
		return "growth needs a period: over = always has none";
	return NULL;
}

static struct sl_catalog_types types_of(
    const struct sl_conf_entry *entry, const char *option)
{
	const struct sl_conf_entry *list = sl_conf_get(entry, option);

	if (!list)
		return (struct sl_catalog_types){0};
	return (struct sl_catalog_types){list->text, list->text_count};
}

int sl_catalog_read_tally(const struct sl_conf_entry *entry,
    struct sl_catalog_metric_row *row, struct sl_buf *error)
{
	static const char *const options[] = {"minus", "of", "value", "derive", "over"};
	struct sl_catalog_tally *tally = &row->tally;

	*tally = (struct sl_catalog_tally){
	    .events = types_of(entry, "events"),
	    .minus = types_of(entry, "minus"),
	    .of = types_of(entry, "of"),
	    .value = sl_conf_text(entry, "value", NULL),
	};
	row->metric.tally = NULL;
	if (tally->events.count == 0) {
		for (size_t i = 0; i < sizeof options / sizeof *options; i++)
			if (sl_conf_get(entry, options[i]))
				return sl_catalog_fail(
				    entry, error, "%s without events", options[i]);
		return 0;
	}
	if (read_kind(entry, tally, error) || read_over(entry, tally, error))
		return SL_EINVAL;
	const char *why = fault(tally, row->metric.expr);
	if (why)
		return sl_catalog_fail(entry, error, "%s", why);
	row->metric.tally = tally;
	return 0;
}

/* ---- against the types ------------------------------------------------------------- */

bool sl_catalog_types_have(
    const struct sl_catalog_types *types, const struct sl_catalog_event *event)
{
	size_t len = strlen(event->name);

	for (size_t i = 0; i < types->count; i++) {
		const char *pattern = types->name[i];
		if (strcmp(pattern, event->name) == 0 ||
		    (!event->wildcard &&
			sl_pattern_match(pattern, strlen(pattern), event->name, len)))
			return true;
	}
	return false;
}

static bool stands_for_any(const struct sl_catalog *catalog, const char *pattern)
{
	const struct sl_catalog_types one = {&pattern, 1};

	if (!sl_pattern_valid(pattern, strlen(pattern)))
		return false;
	for (size_t i = 0; i < catalog->event_count; i++)
		if (sl_catalog_types_have(&one, &catalog->event[i]->event))
			return true;
	return false;
}

static int check_types(const struct sl_catalog *catalog,
    const struct sl_catalog_metric *metric, const struct sl_catalog_types *types,
    struct sl_buf *error)
{
	for (size_t i = 0; i < types->count; i++)
		if (!stands_for_any(catalog, types->name[i])) {
			sl_buf_addf(error,
			    "%s: metric \"%s.%s\": \"%s\" is no event type",
			    metric->origin, metric->module->name, metric->name,
			    types->name[i]);
			return SL_EINVAL;
		}
	return 0;
}

int sl_catalog_check_tallies(const struct sl_catalog *catalog, struct sl_buf *error)
{
	size_t count = 0;

	for (size_t i = 0; i < catalog->metric_count; i++) {
		const struct sl_catalog_metric *metric = &catalog->metric[i]->metric;
		const struct sl_catalog_tally *tally = metric->tally;

		if (!tally)
			continue;
		if (sl_catalog_metric(
			catalog, NULL, metric->name, strlen(metric->name)) != metric) {
			sl_buf_addf(error,
			    "%s: metric \"%s.%s\": an earlier module feeds a metric of "
			    "this name",
			    metric->origin, metric->module->name, metric->name);
			return SL_EINVAL;
		}
		if (check_types(catalog, metric, &tally->events, error) ||
		    check_types(catalog, metric, &tally->minus, error) ||
		    check_types(catalog, metric, &tally->of, error))
			return SL_EINVAL;
		if (++count > SL_CATALOG_TALLIES_MAX) {
			sl_buf_addf(error, "%s: more than %d metrics count events",
			    metric->origin, SL_CATALOG_TALLIES_MAX);
			return SL_EINVAL;
		}
	}
	return 0;
}
