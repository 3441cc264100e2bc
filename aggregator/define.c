/* SPDX-License-Identifier: Apache-2.0 */
#include "define.h"

#include <stdlib.h>

#include "common/error.h"

static void remember_handle(
    struct agg_source *source, uint32_t handle, struct agg_series *series)
{
	if (handle >= source->series_cap) {
		size_t cap = source->series_cap ? source->series_cap * 2 : 256;
		while (cap <= handle)
			cap *= 2;
		struct agg_series **list = realloc(source->series, cap * sizeof *list);
		if (!list)
			abort();
		source->series = list;
		source->series_cap = cap;
	}
	while (source->series_count <= handle)
		source->series[source->series_count++] = NULL;
	source->series[handle] = series;
}

static void define(struct agg_ingest *ingest, struct agg_source *source,
    const struct sl_dict_def *def, int64_t mono_ns)
{
	struct agg_label items[SL_DICT_LABELS_MAX];
	struct agg_labels labels = {.items = items, .count = def->label_count};
	struct agg_series *series = NULL;
	const char *why = NULL;
	int error;

	for (size_t i = 0; i < def->label_count; i++)
		items[i] = (struct agg_label){
		    .name = def->labels[i].key, .value = def->labels[i].value};
	agg_labels_sort(items, def->label_count);
	const struct sl_catalog_metric *metric =
	    sl_catalog_metric(ingest->catalog, NULL, def->name.data, def->name.len);
	if (def->handle >= source->rights.series_max)
		why = "the source has too many series";
	else if (!metric || metric->expr)
		why = "the catalog declares no metric of this name that sources feed";
	else if (!(metric->module->bit & source->rights.modules))
		why = "the source may not write its module";
	else if ((error = agg_state_open(ingest->state, source->tenant, source->name,
		      def->name, &labels, source->rights.stale_after_ns, &series)) != 0)
		why = error == SL_EFULL ? "the tenant has too many series"
					: sl_strerror(error);
	if (why)
		agg_source_refuse(source, 0, "definition", def->name, why, mono_ns);
	remember_handle(source, def->handle, series);
}

bool agg_define_learn(struct agg_ingest *ingest, struct agg_source *source,
    uint32_t handle, int64_t mono_ns)
{
	struct sl_dict_reader *dict = &source->consumer.dict;
	struct sl_dict_def def;

	while (dict->next <= handle) {
		if (ingest->defs_left == 0)
			return false;
		ingest->defs_left--;
		int error = sl_dict_read(dict, &def);
		if (error == SL_EINVAL) {
			agg_source_refuse(source, 0, "definition",
			    (struct sl_slice){.data = ""}, dict->reason, mono_ns);
			remember_handle(source, dict->next - 1, NULL);
		} else if (error != 0) {
			return true; /* no such handle: the sample is refused */
		} else {
			define(ingest, source, &def, mono_ns);
		}
	}
	return true;
}
