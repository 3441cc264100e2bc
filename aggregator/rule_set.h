/* SPDX-License-Identifier: Apache-2.0 */
/* The alert rules that follow from catalog and configuration. */
#ifndef AGG_RULE_SET_H
#define AGG_RULE_SET_H

#include <stddef.h>

#include "catalog.h"
#include "config.h"
#include "rule.h"

/*
 * agg_rule_set_thresholds gives the limits of a metric: the catalog's, or those
 * that alertThresholds sets instead.  config may be NULL.
 */
void agg_rule_set_thresholds(const struct sl_catalog_metric *metric,
    const struct sl_config_aggregator *config, struct agg_thresholds *limits);

/*
 * agg_rule_set_make makes a rule for each metric of the catalog that has
 * limits; its id is the metric's name, with "module." before it where the name
 * is taken.  *rules is an array to free after agg_alert_set_rules took what is
 * in it.  config may be NULL.  Returns 0, or SL_EINVAL with a line in error:
 * limits that do not fit together, alertThresholds of an unknown metric.
 */
int agg_rule_set_make(const struct sl_catalog *catalog,
    const struct sl_config_aggregator *config, struct agg_rule ***rules, size_t *count,
    char error[AGG_RULE_ERROR_MAX]);

#endif
