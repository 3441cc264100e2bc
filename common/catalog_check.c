/* SPDX-License-Identifier: Apache-2.0 */
/* What sightline.conf says about the catalog has to be in it. */
#include <string.h>

#include "buf.h"
#include "catalog.h"
#include "config.h"
#include "error.h"

/* A rule without $1 to $9 names a metric that has to be there. */
static int check_maps(const struct sl_catalog *catalog,
    const struct sl_config_collector *collector, struct sl_buf *error)
{
	for (size_t i = 0; i < collector->map_count; i++) {
		const char *name = collector->map[i].metric;

		if (*name == '\0' || strchr(name, '$') ||
		    sl_catalog_metric(catalog, NULL, name, strlen(name)))
			continue;
		sl_buf_addf(error,
		    "collector \"%s\": map \"%s\": the catalog has no metric \"%s\"",
		    collector->title, collector->map[i].title, name);
		return SL_EINVAL;
	}
	return 0;
}

int sl_catalog_check(const struct sl_catalog *catalog, const struct sl_config *config,
    struct sl_buf *error)
{
	for (size_t i = 0; i < config->aggregator.threshold_count; i++) {
		const char *name = config->aggregator.threshold[i].title;

		if (!sl_catalog_metric(catalog, NULL, name, strlen(name))) {
			sl_buf_addf(error,
			    "aggregator.alertThresholds \"%s\": the catalog has no such "
			    "metric",
			    name);
			return SL_EINVAL;
		}
	}
	for (size_t i = 0; i < config->collector_count; i++) {
		const struct sl_names *modules = &config->collector[i].modules;

		for (size_t k = 0; k < modules->count; k++) {
			const char *name = modules->name[k];

			if (sl_catalog_module(catalog, name, strlen(name)))
				continue;
			sl_buf_addf(error,
			    "collector \"%s\": the catalog has no module \"%s\"",
			    config->collector[i].title, name);
			return SL_EINVAL;
		}
		if (check_maps(catalog, &config->collector[i], error) != 0)
			return SL_EINVAL;
	}
	return 0;
}
