/* SPDX-License-Identifier: Apache-2.0 */
#include "open.h"

#include <grp.h>
#include <stdlib.h>
#include <sysexits.h>

#include "census.h"
#include "command.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "dedup.h"
#include "handler_places.h"
#include "tally.h"

/* Behind by so much, the gateways are not keeping up. */
#define CROWDED_BYTES (4u * 1024u * 1024u)

/* ---- hooks ---- */

static void on_passed(void *arg, int64_t wall_ns, int64_t mono_ns)
{
	struct agg_core *core = arg;

	if (!core->paused)
		agg_tally_feed(core->tally, false, wall_ns, mono_ns);
	agg_core_pass(core, wall_ns, mono_ns);
	core->ingest.crowded = sl_bus_counters(core->bus)->backlog_bytes > CROWDED_BYTES;
	agg_own_passed(&core->own, sl_clock_mono_ns() - mono_ns);
}

static void on_stale(
    void *arg, const struct agg_source *source, bool stale, int64_t age_ns)
{
	struct agg_core *core = arg;

	sl_log_info("source", "%s source=%s", stale ? "silent" : "speaks", source->name);
	agg_judge_source(core->judge, source->rights.tenant, source->name, stale, age_ns);
}

static void on_event(void *arg, enum sl_stream stream, const void *packed, size_t len)
{
	struct agg_core *core = arg;

	agg_tally_entry(core->tally, stream, packed, len);
	agg_publish_entry(core->publish, packed, len);
}

static void on_tenant(void *arg, struct agg_tenant *tenant)
{
	struct agg_core *core = arg;

	agg_judge_tenant(core->judge, tenant);
	if (core->publish)
		agg_publish_defs(core->publish);
}

static int on_changed(void *arg, struct agg_metric *metric, int64_t mono_ns)
{
	struct agg_core *core = arg;

	return agg_judge_changed(core->judge, metric, mono_ns);
}

static void on_request(void *arg, struct sl_bus_route route, const void *data, size_t len)
{
	struct agg_core *core = arg;

	agg_command_request(core->command, route, data, len);
}

static void on_report(void *arg, const void *data, size_t len)
{
	struct agg_core *core = arg;
	int error = agg_gateways_report(&core->gateways, data, len, sl_clock_mono_ns());

	if (error != 0)
		sl_log_warn("gateway", "report dropped bytes=%zu reason=\"%s\"", len,
		    sl_strerror(error));
}

static void on_gone(void *arg, uint32_t peer)
{
	struct agg_core *core = arg;

	agg_places_gone(core->places, peer);
}

/* ---- parts ---- */

static int open_storage(struct agg_core *core, struct agg_journal_report *report)
{
	const struct sl_config_aggregator *config = &core->process->config->aggregator;
	struct agg_journal_options options = {
	    .window_entries = (uint32_t)config->journal_entries,
	    .window_ns = config->journal_time_ms * SL_NS_PER_MS,
	    .window_bytes = (uint64_t)config->journal_bytes,
	};
	struct agg_table_options table = {
	    .series_max = (uint32_t)config->tenant_series_max};
	char path[SL_PATHS_MAX];

	if (agg_journal_open(
		core->process->paths.journal, &options, &core->journal, report) != 0)
		return EX_IOERR;
	sl_log_info("journal", "open entries=%llu segments=%u epoch=%016llx%s%s",
	    (unsigned long long)report->entries, report->segments,
	    (unsigned long long)agg_journal_epoch(core->journal),
	    report->epoch_changed ? " new because " : "",
	    report->epoch_changed && report->reason ? report->reason : "");
	if (sl_paths_resolve(&core->process->paths, "data/state", path) != 0)
		return EX_CONFIG;
	return agg_table_open(path, &table, &core->table, NULL) == 0 ? 0 : EX_IOERR;
}

static int make_state(struct agg_core *core, bool epoch_changed)
{
	const struct sl_config *config = core->process->config;
	struct agg_recent_options recent = {.samples_per_series = 1};
	struct agg_tenant *tenant;

	if (config->aggregator.enable_data_buffering)
		recent.samples_per_series =
		    (size_t)config->aggregator.buffer_size_per_source;
	core->recent = agg_recent_new(&recent);
	struct agg_judge_options judge = {
	    .catalog = core->process->catalog,
	    .config = config,
	    .journal = core->journal,
	    .table = core->table,
	    .recent = core->recent,
	    .epoch_changed = epoch_changed,
	};
	if (agg_judge_new(&judge, &core->judge) != 0)
		return EX_CONFIG;
	struct agg_state_options options = {
	    .catalog = core->process->catalog,
	    .table = core->table,
	    .recent = core->recent,
	    .tenant_series_max = (size_t)config->aggregator.tenant_series_max,
	};
	struct agg_state_hooks hooks = {
	    .arg = core, .tenant = on_tenant, .changed = on_changed};
	core->state = agg_state_new(&options, &hooks);
	struct agg_publish_options publish = {
	    .loop = core->process->loop,
	    .state = core->state,
	    .journal = core->journal,
	    .publish_interval_ms = config->aggregator.publish_interval_ms,
	    .streaming = config->aggregator.enable_real_time_streaming,
	    .hops = {.ring = core->own.hop_ring, .aggregate = core->own.hop_aggregate},
	};
	core->publish = agg_publish_new(&publish);
	if (!core->publish)
		return EX_OSERR;
	agg_judge_connect(core->judge, core->state, core->publish);
	agg_state_tenant(core->state, "default", &tenant);
	size_t restored = agg_state_restore(core->state);
	sl_log_info("state", "restored series=%zu", restored);
	return 0;
}

static int open_bus(struct agg_core *core)
{
	const char *group = core->process->config->aggregator.bus_group;
	struct sl_bus_options options = {
	    .base = core->process->loop,
	    .run_dir = core->process->paths.run,
	    .group = group[0] && getgrnam(group) ? group : NULL,
	};
	struct sl_bus_handler handler = {
	    .request = on_request, .report = on_report, .gone = on_gone};

	core->command = agg_command_new(core);
	core->census = agg_census_new(core);
	core->places = agg_places_new(sl_clock_mono_ns(), agg_handler_places_cut, core);
	if (sl_bus_open(&core->bus, &options, &handler, core) != 0)
		return EX_CANTCREAT;
	agg_publish_connect(core->publish, core->bus);
	return 0;
}

static int open_sources(struct agg_core *core)
{
	const struct group *group = getgrnam(core->process->config->aggregator.bus_group);
	struct agg_sources_options options = {
	    .loop = core->process->loop,
	    .ingest = &core->ingest,
	    .config = core->process->config,
	    .listener = core->listener,
	    .bus_group = group ? group->gr_gid : (gid_t)-1,
	};
	struct agg_sources_hooks hooks = {
	    .arg = core, .passed = on_passed, .stale = on_stale};

	char path[SL_PATHS_MAX];

	if (sl_paths_resolve(&core->process->paths, "data/tally", path) != 0)
		return EX_CONFIG;
	core->tally =
	    agg_tally_new(core->process->catalog, core->state, core->journal, path);
	if (!core->tally)
		return EX_IOERR;
	core->ingest.catalog = core->process->catalog;
	core->ingest.state = core->state;
	core->ingest.journal = core->journal;
	core->ingest.table = core->table;
	core->ingest.dedup =
	    agg_dedup_new((size_t)core->process->config->aggregator.event_dedup_window);
	agg_dedup_restore(core->ingest.dedup, core->journal);
	core->ingest.published = on_event;
	core->ingest.arg = core;
	core->ingest.samples = calloc(AGG_INGEST_SAMPLES, sizeof *core->ingest.samples);
	core->sources = core->ingest.samples ? agg_sources_new(&options, &hooks) : NULL;
	return core->sources ? 0 : EX_OSERR;
}

int agg_open(struct agg_core *core)
{
	struct agg_journal_report report;
	int code;

	if ((code = open_storage(core, &report)) != 0 ||
	    (code = make_state(core, report.epoch_changed)) != 0 ||
	    (code = open_bus(core)) != 0)
		return code;
	return open_sources(core);
}
