/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and derived metrics as the catalog and the configuration declare them. */
#ifndef AGG_JUDGE_CATALOG_H
#define AGG_JUDGE_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/config.h"
#include "derived.h"
#include "recent.h"
#include "rule.h"

/*
 * agg_judge_catalog_rules makes a rule of each metric with a threshold; those
 * of the configuration (alertThresholds) replace the catalog's.  The array and
 * the rules are the caller's.  Returns 0, or SL_EINVAL after a log line.
 */
int agg_judge_catalog_rules(const struct sl_catalog *catalog,
    const struct sl_config *config, struct agg_rule ***rules, size_t *count);

/*
 * agg_judge_catalog_specs lists the derived metrics and gives for each its
 * metric's index in the catalog.  Both arrays are the caller's to free; the
 * strings in the specs are the catalog's.  Returns their number.
 */
size_t agg_judge_catalog_specs(
    const struct sl_catalog *catalog, struct agg_derived_spec **specs, uint32_t **metric);

/*
 * agg_judge_catalog_want lets recent remember every metric that the expressions
 * of derived read.  spec_metric is what agg_judge_catalog_specs gave.  Returns
 * SL_EINVAL after it has logged those that the catalog does not have.
 */
int agg_judge_catalog_want(const struct sl_catalog *catalog,
    const struct agg_derived *derived, const uint32_t *spec_metric,
    struct agg_recent *recent);

#endif
