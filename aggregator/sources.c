/* SPDX-License-Identifier: Apache-2.0 */
#include "sources.h"

#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "common/clock.h"
#include "common/log.h"
#include "drain.h"
#include "source_life.h"
#include "sources_state.h"

struct agg_source *agg_sources_find(struct agg_sources *sources, const char *name)
{
	for (size_t i = 0; i < sources->count; i++)
		if (strcmp(sources->source[i]->name, name) == 0)
			return sources->source[i];
	return NULL;
}

struct agg_source *agg_sources_make(struct agg_sources *sources, const char *name)
{
	struct agg_ingest *ingest = sources->options.ingest;
	struct agg_source *source = agg_sources_find(sources, name);

	if (source)
		return source;
	source = calloc(1, sizeof *source);
	struct agg_source **list =
	    realloc(sources->source, (sources->count + 1) * sizeof *list);
	if (list)
		sources->source = list;
	if (!source || !list ||
	    agg_table_ring_find(ingest->table, name, strlen(name), &source->table_slot) !=
		0 ||
	    agg_journal_source_find(
		ingest->journal, name, strlen(name), &source->journal_source) != 0) {
		free(source);
		return NULL;
	}
	strcpy(source->name, name); /* at most SL_ATTACH_SOURCE_MAX: checked by admit */
	source->fd = -1;
	agg_table_ring_get(ingest->table, source->table_slot, &source->ring);
	source->overflow_dropped = agg_source_dropped(source);
	sources->source[sources->count++] = source;
	return source;
}

struct agg_sources *agg_sources_new(
    const struct agg_sources_options *options, const struct agg_sources_hooks *hooks)
{
	struct agg_sources *sources = calloc(1, sizeof *sources);
	struct sl_slice name;
	uint32_t slot = 0;

	if (!sources)
		return NULL;
	sources->options = *options;
	sources->hooks = *hooks;
	sources->started_mono_ns = sl_clock_mono_ns();
	sources->admit = agg_admit_new(sources, options);
	if (!sources->admit || !agg_drain_start(sources)) {
		agg_sources_free(sources);
		return NULL;
	}
	while ((slot = agg_table_ring_next(options->ingest->table, slot, &name)) !=
	       AGG_TABLE_NO_SLOT) {
		char text[SL_ATTACH_SOURCE_MAX + 1];
		slot++;
		if (!sl_attach_source_valid(name.data, name.len))
			continue;
		memcpy(text, name.data, name.len);
		text[name.len] = '\0';
		agg_sources_make(sources, text);
	}
	agg_sources_configure(sources, options->config);
	return sources;
}

void agg_sources_free(struct agg_sources *sources)
{
	if (!sources)
		return;
	agg_admit_free(sources->admit);
	sources->admit = NULL;
	for (size_t i = 0; i < sources->count; i++) {
		agg_source_life_clear(sources, sources->source[i]);
		free(sources->source[i]);
	}
	free(sources->source);
	agg_drain_stop(sources);
	free(sources);
}

/*
 * Gives a source the rights of the new configuration.  What its handles and its
 * events stand for hangs on tenant and modules: if those change it has to attach
 * again, and goes on where it was.
 */
static void follow(struct agg_sources *sources, struct agg_source *source)
{
	struct agg_source_rights rights;
	const char *why = NULL;

	agg_admit_rights(sources->admit, source->name, &rights);
	if (source->state != AGG_SOURCE_GONE) {
		why = agg_admit_denied(sources->admit, source->name, &source->peer);
		if (!why && (rights.declared != source->rights.declared ||
				rights.modules != source->rights.modules ||
				strcmp(rights.tenant, source->rights.tenant) != 0))
			why = "its section has changed";
	}
	if (why) {
		agg_drain_forget(sources, source);
		agg_source_life_end(sources, source, why);
	}
	source->rights = rights;
}

void agg_sources_configure(struct agg_sources *sources, const struct sl_config *config)
{
	sources->options.config = config;
	agg_admit_configure(sources->admit, config);
	for (size_t i = 0; i < config->collector_count; i++) {
		const struct sl_config_collector *section = &config->collector[i];
		if (section->enabled && section->start)
			agg_sources_make(sources, section->title);
	}
	for (size_t i = 0; i < sources->count; i++)
		follow(sources, sources->source[i]);
}

/*
 * Whether a source is silent beyond its deadline.  One that nobody said would
 * run (a load test, a script) is not missed once it has gone.
 */
static bool silent(const struct agg_sources *sources, const struct agg_source *source,
    int64_t mono_ns, int64_t *age_ns)
{
	int64_t since = source->last_mono_ns;

	if (since == 0)
		since = source->attached_mono_ns ? source->attached_mono_ns
						 : sources->started_mono_ns;
	*age_ns = source->ring.seen_ns ? mono_ns - since : INT64_MAX;
	if (!source->rights.expected && source->state != AGG_SOURCE_ATTACHED)
		return false;
	return mono_ns - since > source->rights.stale_after_ns;
}

void agg_sources_tick(struct agg_sources *sources, int64_t mono_ns)
{
	agg_admit_tick(sources->admit, mono_ns);
	for (size_t i = 0; i < sources->count; i++) {
		struct agg_source *source = sources->source[i];
		int64_t age_ns;
		bool stale = silent(sources, source, mono_ns, &age_ns);
		agg_source_check_drops(source, mono_ns);
		if (stale == source->stale)
			continue;
		source->stale = stale;
		sources->hooks.stale(sources->hooks.arg, source, stale, age_ns);
	}
	sources->options.ingest->shared = agg_sources_active(sources) > 1;
}

void agg_sources_progress(struct agg_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		agg_source_life_progress(sources, sources->source[i]);
}

void agg_sources_each(struct agg_sources *sources,
    void (*each)(void *arg, const struct agg_source *source), void *arg)
{
	for (size_t i = 0; i < sources->count; i++)
		each(arg, sources->source[i]);
}

size_t agg_sources_active(const struct agg_sources *sources)
{
	size_t active = 0;

	for (size_t i = 0; i < sources->count; i++)
		active += sources->source[i]->state == AGG_SOURCE_ATTACHED &&
			  !sources->source[i]->stale;
	return active;
}

uint64_t agg_sources_received(const struct agg_sources *sources)
{
	uint64_t received = 0;

	for (size_t i = 0; i < sources->count; i++)
		received += agg_source_received(sources->source[i]);
	return received;
}
