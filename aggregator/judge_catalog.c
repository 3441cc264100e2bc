/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "common/msg.h"

/* The module whose status is the worst of all (DESIGN §5, "derived by rule"). */
#define SUMMARY_MODULE "executive_summary"

/* ---- rules --------------------------------------------------------------------------
 */

static const struct sl_config_threshold *override_of(
    const struct sl_config *config, const char *metric)
{
	for (size_t i = 0; i < config->aggregator.threshold_count; i++)
		if (strcmp(config->aggregator.threshold[i].title, metric) == 0)
			return &config->aggregator.threshold[i];
	return NULL;
}

/*
 * A rule is named after its metric; where several modules have one of that name,
 * only the one that the plain name means, the others "module.metric".
 */
static void rule_id(const struct sl_catalog *catalog,
    const struct sl_catalog_metric *metric, char *id, size_t size)
{
	if (sl_catalog_metric(catalog, NULL, metric->name, strlen(metric->name)) ==
	    metric)
		snprintf(id, size, "%s", metric->name);
	else
		snprintf(id, size, "%s.%s", metric->module->name, metric->name);
}

static struct agg_thresholds limits_of(const struct sl_catalog_metric *metric,
    const char *id, const struct sl_config *config)
{
	const struct sl_config_threshold *own = override_of(config, id);
	struct agg_thresholds limits = {
	    .warning = metric->has_warning ? metric->warning : NAN,
	    .critical = metric->has_critical ? metric->critical : NAN,
	    .warning_clear = metric->clear_warning,
	    .critical_clear = metric->clear_critical,
	};

	if (own) {
		limits.warning = own->warning;
		limits.critical = own->critical;
		limits.warning_clear = own->clear_warning;
		limits.critical_clear = own->clear_critical;
	}
	return limits;
}

static bool has_limits(const struct agg_thresholds *limits)
{
	return !isnan(limits->warning) || !isnan(limits->critical);
}

static void warn_unknown(const struct sl_catalog *catalog, const struct sl_config *config)
{
	for (size_t i = 0; i < config->aggregator.threshold_count; i++) {
		const char *name = config->aggregator.threshold[i].title;
		const char *dot = strchr(name, '.'), *metric = dot ? dot + 1 : name;
		const struct sl_catalog_module *module =
		    dot ? sl_catalog_module(catalog, name, (size_t)(dot - name)) : NULL;
		if ((dot && !module) ||
		    !sl_catalog_metric(catalog, module, metric, strlen(metric)))
			sl_log_warn("rule",
			    "alertThresholds names an unknown metric=\"%s\"", name);
	}
}

int agg_judge_catalog_rules(const struct sl_catalog *catalog,
    const struct sl_config *config, struct agg_rule ***out, size_t *out_count)
{
	size_t metrics = sl_catalog_metric_count(catalog), count = 0;
	struct agg_rule **rules = calloc(metrics + 1, sizeof *rules);
	char error[AGG_RULE_ERROR_MAX];

	if (!rules)
		abort();
	warn_unknown(catalog, config);
	for (size_t i = 0; i < metrics; i++) {
		const struct sl_catalog_metric *metric = sl_catalog_metric_at(catalog, i);
		char id[2 * SL_MSG_NAME_MAX + 2];
		rule_id(catalog, metric, id, sizeof id);
		struct agg_rule_spec spec = {
		    .id = id,
		    .module = metric->module->name,
		    .metric = metric->name,
		    .title = metric->title[0] ? metric->title : NULL,
		    .unit = metric->unit,
		    .limits = limits_of(metric, id, config),
		    .for_ns = metric->for_ms * SL_NS_PER_MS,
		};
		if (!has_limits(&spec.limits))
			continue;
		if (agg_rule_new(&spec, &rules[count], error) != 0) {
			sl_log_error("rule", "%s", error);
			while (count > 0)
				agg_rule_free(rules[--count]);
			free(rules);
			return SL_EINVAL;
		}
		count++;
	}
	*out = rules;
	*out_count = count;
	return 0;
}

/* ---- derived metrics ----------------------------------------------------------------
 */

static enum agg_derived_fold fold_of(enum sl_aggregate aggregate)
{
	switch (aggregate) {
	case SL_AGGREGATE_SUM:
	case SL_AGGREGATE_COUNT:
		return AGG_DERIVED_SUM;
	case SL_AGGREGATE_AVG:
		return AGG_DERIVED_AVG;
	case SL_AGGREGATE_MIN:
		return AGG_DERIVED_MIN;
	case SL_AGGREGATE_MAX:
		return AGG_DERIVED_MAX;
	case SL_AGGREGATE_LAST:
		break;
	}
	return AGG_DERIVED_LAST;
}

/* False for a metric that sources feed. */
static bool spec_of(const struct sl_catalog_metric *metric, struct agg_derived_spec *spec)
{
	*spec = (struct agg_derived_spec){
	    .module = metric->module->name,
	    .name = metric->name,
	    .fold = fold_of(metric->aggregate),
	    .expr = metric->expr,
	};
	if (metric->expr)
		spec->kind = AGG_DERIVED_EXPR;
	else if (strcmp(metric->name, "overall_status") == 0)
		spec->kind = strcmp(metric->module->name, SUMMARY_MODULE) == 0
				 ? AGG_DERIVED_STATUS_ALL
				 : AGG_DERIVED_STATUS;
	else if (strcmp(metric->name, "open_alerts_warning") == 0)
		spec->kind = AGG_DERIVED_OPEN_WARNING;
	else if (strcmp(metric->name, "open_alerts_critical") == 0)
		spec->kind = AGG_DERIVED_OPEN_CRITICAL;
	else
		return false;
	return true;
}

size_t agg_judge_catalog_specs(const struct sl_catalog *catalog,
    struct agg_derived_spec **out, uint32_t **out_metric)
{
	size_t metrics = sl_catalog_metric_count(catalog), count = 0;
	struct agg_derived_spec *specs = calloc(metrics + 1, sizeof *specs);
	uint32_t *index = calloc(metrics + 1, sizeof *index);

	if (!specs || !index)
		abort();
	for (size_t i = 0; i < metrics; i++)
		if (spec_of(sl_catalog_metric_at(catalog, i), &specs[count]))
			index[count++] = (uint32_t)i;
	*out = specs;
	*out_metric = index;
	return count;
}

struct wanted {
	const struct sl_catalog *catalog;
	const uint32_t *spec_metric;
	struct agg_recent *recent;
	size_t unknown;
};

static void want(void *arg, size_t spec, const char *metric)
{
	struct wanted *wanted = arg;
	const struct sl_catalog_metric *reader =
	    sl_catalog_metric_at(wanted->catalog, wanted->spec_metric[spec]);

	agg_recent_want(wanted->recent, metric);
	if (sl_catalog_metric(wanted->catalog, NULL, metric, strlen(metric)))
		return;
	wanted->unknown++;
	sl_log_error("catalog",
	    "metric \"%s.%s\": its expression reads \"%s\", which the catalog does not "
	    "have",
	    reader->module->name, reader->name, metric);
}

int agg_judge_catalog_want(const struct sl_catalog *catalog,
    const struct agg_derived *derived, const uint32_t *spec_metric,
    struct agg_recent *recent)
{
	struct wanted wanted = {
	    .catalog = catalog, .spec_metric = spec_metric, .recent = recent};

	agg_derived_each_metric(derived, want, &wanted);
	return wanted.unknown ? SL_EINVAL : 0;
}
