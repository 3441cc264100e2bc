/* SPDX-License-Identifier: Apache-2.0 */
#include "own.h"

#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "core.h"

void agg_own_start(struct agg_own *own)
{
	struct sl_stat_set *set = own->stats = sl_stat_set_new("aggregator");

	own->pass = sl_stat_register(set, SL_STAT_HISTOGRAM, "aggregator_pass", "seconds",
	    "Time from draining the rings to publishing.", NULL);
	own->hop_ring = sl_stat_register(set, SL_STAT_HISTOGRAM, "hop", "seconds",
	    "Time of a log entry between two borders of its way.", "hop=\"ring\"");
	own->hop_aggregate = sl_stat_register(set, SL_STAT_HISTOGRAM, "hop", "seconds",
	    "Time of a log entry between two borders of its way.", "hop=\"aggregate\"");
	own->samples = sl_stat_register(set, SL_STAT_COUNTER, "ingest_records", "",
	    "Records taken from rings.", NULL);
	own->dropped = sl_stat_register(set, SL_STAT_COUNTER, "ingest_dropped", "",
	    "Records that producers dropped because their ring was full.", NULL);
	own->refused = sl_stat_register(set, SL_STAT_COUNTER, "ingest_refused", "",
	    "Records refused as invalid.", NULL);
	own->ignored = sl_stat_register(set, SL_STAT_COUNTER, "ingest_ignored", "",
	    "Events that were in the journal already.", NULL);
	own->shed = sl_stat_register(set, SL_STAT_COUNTER, "ingest_shed", "",
	    "Events over the rate limit of their type.", NULL);
	own->batches = sl_stat_register(
	    set, SL_STAT_COUNTER, "publish_batches", "", "Batches published.", NULL);
	own->entries = sl_stat_register(
	    set, SL_STAT_COUNTER, "publish_entries", "", "Log entries published.", NULL);
	own->series = sl_stat_register(
	    set, SL_STAT_GAUGE, "state_series", "", "Series known.", NULL);
	own->alerts = sl_stat_register(
	    set, SL_STAT_GAUGE, "alerts_firing", "", "Alerts firing.", NULL);
	own->gateways = sl_stat_register(
	    set, SL_STAT_GAUGE, "gateways_connected", "", "Gateways reporting.", NULL);
	own->sources = sl_stat_register(set, SL_STAT_GAUGE, "sources_active", "",
	    "Sources attached and not silent.", NULL);
	own->journal_bytes = sl_stat_register(set, SL_STAT_COUNTER, "journal_appended",
	    "bytes", "Appended to the journal.", NULL);
	own->journal_syncs = sl_stat_register(
	    set, SL_STAT_COUNTER, "journal_syncs", "", "Syncs of the journal.", NULL);
	own->batches_dropped = sl_stat_register(set, SL_STAT_COUNTER,
	    "bus_batches_dropped", "", "Batches that a subscriber did not read.", NULL);
	own->peers_refused = sl_stat_register(set, SL_STAT_COUNTER, "bus_peers_refused",
	    "", "Peers refused by their user.", NULL);
	own->memory = sl_stat_register(set, SL_STAT_GAUGE, "process_resident_memory",
	    "bytes", "Resident memory.", NULL);
}

void agg_own_stop(struct agg_own *own)
{
	if (own->stats)
		sl_stat_set_free(own->stats);
	*own = (struct agg_own){0};
}

void agg_own_passed(struct agg_own *own, int64_t duration_ns)
{
	sl_stat_record(own->pass, duration_ns);
	if (duration_ns > own->pass_worst_ns)
		own->pass_worst_ns = duration_ns;
}

uint64_t agg_own_memory_bytes(void)
{
	unsigned long total, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &total, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void set(struct agg_core *core, const char *name, double value, int64_t wall_ns,
    int64_t mono_ns)
{
	struct agg_metric *metric =
	    agg_state_metric(core->state, "default", "system_health", name);

	if (metric)
		agg_state_set(core->state, metric, value, wall_ns, mono_ns);
}

void agg_own_update(struct agg_core *core)
{
	int64_t wall_ns = sl_clock_wall_ns(), mono_ns = sl_clock_mono_ns();
	double memory_mb = (double)agg_own_memory_bytes() / (1024.0 * 1024.0);

	set(core, "data_sources_active", (double)agg_sources_active(core->sources),
	    wall_ns, mono_ns);
	set(core, "aggregation_latency",
	    (double)core->own.pass_worst_ns / (double)SL_NS_PER_MS, wall_ns, mono_ns);
	set(core, "total_data_points", (double)agg_sources_received(core->sources),
	    wall_ns, mono_ns);
	set(core, "memory_usage_mb", (double)(int64_t)(memory_mb * 10.0) / 10.0, wall_ns,
	    mono_ns);
	core->own.pass_worst_ns = 0;
}

struct totals {
	uint64_t dropped, refused, ignored, shed;
};

static void add_source(void *arg, const struct agg_source *source)
{
	struct totals *totals = arg;

	totals->dropped += agg_source_dropped(source);
	totals->refused += agg_source_refused(source);
	totals->ignored += source->ring.ignored;
	totals->shed += source->shed;
}

void agg_own_refresh(struct agg_core *core)
{
	const struct agg_own *own = &core->own;
	const struct sl_bus_counters *bus = sl_bus_counters(core->bus);
	struct agg_publish_stats publish;
	struct agg_journal_stats journal;
	struct agg_alert_stats alerts;
	struct totals totals = {0};

	agg_publish_stats(core->publish, &publish);
	agg_journal_stats(core->journal, &journal);
	agg_alert_stats(agg_judge_alerts(core->judge), &alerts);
	agg_sources_each(core->sources, add_source, &totals);
	sl_stat_count(own->samples, agg_sources_received(core->sources));
	sl_stat_count(own->dropped, totals.dropped);
	sl_stat_count(own->refused, totals.refused);
	sl_stat_count(own->ignored, totals.ignored);
	sl_stat_count(own->shed, totals.shed);
	sl_stat_count(own->batches, publish.batches);
	sl_stat_count(own->entries, publish.entries);
	sl_stat_count(own->journal_bytes, journal.appended_bytes);
	sl_stat_count(own->journal_syncs, journal.syncs);
	sl_stat_count(own->batches_dropped, bus->batches_dropped);
	sl_stat_count(own->peers_refused, bus->peers_refused);
	sl_stat_set_value(own->series, (double)agg_state_series_count(core->state));
	sl_stat_set_value(own->alerts, (double)alerts.firing);
	sl_stat_set_value(own->gateways, (double)core->gateways.count);
	sl_stat_set_value(own->sources, (double)agg_sources_active(core->sources));
	sl_stat_set_value(own->memory, (double)agg_own_memory_bytes());
}
