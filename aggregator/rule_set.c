/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"

void agg_rule_set_thresholds(const struct sl_catalog_metric *metric,
    const struct sl_config_aggregator *config, struct agg_thresholds *limits)
{
	*limits = (struct agg_thresholds){
	    .warning = metric->has_warning ? metric->warning : NAN,
	    .critical = metric->has_critical ? metric->critical : NAN,
	    .warning_clear = NAN,
	    .critical_clear = NAN,
	};
	for (size_t i = 0; config && i < config->threshold_count; i++) {
		const struct sl_config_threshold *given = &config->threshold[i];

		if (strcmp(given->title, metric->name))
			continue;
		limits->warning = given->warning;
		limits->critical = given->critical;
	}
}

/* The only metric of its name keeps it; a namesake gets its module's before it. */
static void rule_id(struct agg_rule *const *rules, size_t count,
    const struct sl_catalog_metric *metric, char *out, size_t size)
{
	snprintf(out, size, "%s", metric->name);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(rules[i]->metric, metric->name))
			snprintf(out, size, "%s.%s", metric->module->name, metric->name);
}

static int check_titles(const struct sl_catalog *catalog,
    const struct sl_config_aggregator *config, char error[AGG_RULE_ERROR_MAX])
{
	for (size_t i = 0; config && i < config->threshold_count; i++) {
		const char *title = config->threshold[i].title;

		if (sl_catalog_metric(catalog, NULL, title, strlen(title)))
			continue;
		snprintf(error, AGG_RULE_ERROR_MAX,
		    "alertThresholds \"%.64s\": the catalog has no such metric", title);
		return SL_EINVAL;
	}
	return 0;
}

int agg_rule_set_make(const struct sl_catalog *catalog,
    const struct sl_config_aggregator *config, struct agg_rule ***rules, size_t *count,
    char error[AGG_RULE_ERROR_MAX])
{
	size_t metrics = sl_catalog_metric_count(catalog);
	int failed = check_titles(catalog, config, error);
	char id[260];

	*count = 0;
	*rules = calloc(metrics + 1, sizeof(**rules));
	if (!*rules)
		abort();
	for (size_t i = 0; i < metrics && !failed; i++) {
		const struct sl_catalog_metric *metric = sl_catalog_metric_at(catalog, i);
		struct agg_rule_spec spec = {
		    .id = id,
		    .module = metric->module->name,
		    .metric = metric->name,
		    .title = metric->title && *metric->title ? metric->title : NULL,
		    .unit = metric->unit,
		    .for_ns = metric->for_ms * SL_NS_PER_MS,
		};

		agg_rule_set_thresholds(metric, config, &spec.limits);
		if (isnan(spec.limits.warning) && isnan(spec.limits.critical))
			continue;
		rule_id(*rules, *count, metric, id, sizeof(id));
		failed = agg_rule_new(&spec, &(*rules)[*count], error);
		*count += !failed;
	}
	if (!failed)
		return 0;
	while (*count)
		agg_rule_free((*rules)[--*count]);
	free(*rules);
	*rules = NULL;
	return failed;
}
