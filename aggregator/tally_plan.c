/* SPDX-License-Identifier: Apache-2.0 */
#include "tally_plan.h"

#include <stdlib.h>

static bool effect_of(const struct sl_catalog_metric *metric,
    const struct sl_catalog_event *type, struct agg_tally_effect *effect)
{
	const struct sl_catalog_tally *tally = metric->tally;

	*effect = (struct agg_tally_effect){.metric = metric};
	if (sl_catalog_types_have(&tally->events, type))
		effect->sign = 1;
	else if (sl_catalog_types_have(&tally->minus, type))
		effect->sign = -1;
	effect->counts = tally->kind == SL_TALLY_SHARE
			     ? sl_catalog_types_have(&tally->of, type)
			     : effect->sign != 0;
	return effect->sign != 0 || effect->counts;
}

static void add_effect(
    struct agg_tally_effects *effects, const struct agg_tally_effect *effect)
{
	effects->item =
	    reallocarray(effects->item, effects->count + 1, sizeof *effects->item);
	if (!effects->item)
		abort();
	effects->item[effects->count++] = *effect;
}

void agg_tally_plan_make(struct agg_tally_plan *plan, const struct sl_catalog *catalog)
{
	struct agg_tally_effect effect;

	*plan = (struct agg_tally_plan){.type_count = sl_catalog_event_count(catalog)};
	plan->types = calloc(plan->type_count + 1, sizeof *plan->types);
	if (!plan->types)
		abort();
	for (size_t m = 0; m < sl_catalog_metric_count(catalog); m++) {
		const struct sl_catalog_metric *metric = sl_catalog_metric_at(catalog, m);
		if (!metric->tally)
			continue;
		for (size_t t = 0; t < plan->type_count; t++)
			if (effect_of(metric, sl_catalog_event_at(catalog, t), &effect)) {
				effect.place = plan->metric_count;
				add_effect(&plan->types[t], &effect);
			}
		plan->metric_count++;
	}
}

void agg_tally_plan_clear(struct agg_tally_plan *plan)
{
	for (size_t i = 0; i < plan->type_count; i++)
		free(plan->types[i].item);
	free(plan->types);
	*plan = (struct agg_tally_plan){0};
}

size_t agg_tally_plan_place(
    const struct sl_catalog *catalog, const struct sl_catalog_metric *metric)
{
	size_t place = 0;

	for (size_t m = 0; m < metric->index; m++)
		place += sl_catalog_metric_at(catalog, m)->tally != NULL;
	return place;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return (hash ^ 0xff) * UINT64_C(1099511628211);
}

uint64_t agg_tally_plan_meaning(const struct sl_catalog_tally *tally)
{
	const struct sl_catalog_types *lists[] = {
	    &tally->events, &tally->minus, &tally->of};
	uint64_t hash = UINT64_C(14695981039346656037) + (uint64_t)tally->kind;

	for (size_t l = 0; l < 3; l++) {
		for (size_t i = 0; i < lists[l]->count; i++)
			hash = hash_text(hash, lists[l]->name[i]);
		hash = hash_text(hash, "");
	}
	return hash_text(hash, tally->value ? tally->value : "");
}
