/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which a tenant's metrics are shown: by section, then as they came. */
#include <stdlib.h>

#include "mirror.h"

static int by_section(const void *left, const void *right, void *arg)
{
	const struct gw_tenant *tenant = arg;
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;
	int section = (int)tenant->metric[a]->section - (int)tenant->metric[b]->section;

	return section != 0 ? section : (a > b) - (a < b);
}

static void put_in_order(struct gw_tenant *tenant)
{
	tenant->unordered = false;
	tenant->order =
	    realloc(tenant->order, (tenant->metric_count + 1) * sizeof *tenant->order);
	if (!tenant->order)
		abort();
	for (uint32_t i = 0; i < tenant->metric_count; i++)
		tenant->order[i] = i;
	qsort_r(tenant->order, tenant->metric_count, sizeof *tenant->order, by_section,
	    tenant);
	uint32_t at = 0;
	for (uint32_t s = 0; s < tenant->section_count; s++) {
		tenant->section[s].first = at;
		while (at < tenant->metric_count &&
		       tenant->metric[tenant->order[at]]->section == s)
			at++;
		tenant->section[s].count = at - tenant->section[s].first;
	}
}

void gw_mirror_sort(const struct gw_tenant *tenant, uint32_t *metric, uint32_t count)
{
	if (count > 1)
		qsort_r(
		    metric, count, sizeof *metric, by_section, (void *)(uintptr_t)tenant);
}

void gw_mirror_prepare(struct gw_tenant *tenant)
{
	if (tenant->unordered)
		put_in_order(tenant);
}
