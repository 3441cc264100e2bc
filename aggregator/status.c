/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/json_out.h"
#include "core.h"

static void uint_member(struct sl_json_out *w, const char *key, uint64_t value)
{
	sl_json_out_key(w, key);
	sl_json_out_uint(w, value);
}

static void text_member(struct sl_json_out *w, const char *key, const char *value)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, value);
}

/* 64-bit names are text: a JavaScript number cannot hold them. */
static void hex_member(struct sl_json_out *w, const char *key, uint64_t value)
{
	char text[17];

	snprintf(text, sizeof text, "%016" PRIx64, value);
	text_member(w, key, text);
}

static void time_member(struct sl_json_out *w, const char *key, int64_t wall_ns)
{
	char text[SL_CLOCK_TEXT];

	sl_json_out_key(w, key);
	if (wall_ns == 0) {
		sl_json_out_null(w);
		return;
	}
	sl_clock_format(wall_ns, text);
	sl_json_out_text(w, text);
}

static void write_source(void *arg, const struct agg_source *source)
{
	struct sl_json_out *w = arg;

	sl_json_out_object_begin(w);
	text_member(w, "name", source->name);
	text_member(w, "state",
	    source->state == AGG_SOURCE_ATTACHED && source->stale
		? "stale"
		: agg_source_state_name(source->state));
	uint_member(w, "received", agg_source_received(source));
	uint_member(w, "dropped", agg_source_dropped(source));
	uint_member(w, "refused", agg_source_refused(source));
	uint_member(w, "ignored", source->ring.ignored);
	uint_member(w, "shed", source->shed);
	text_member(w, "tenant", source->rights.tenant);
	uint_member(w, "series", source->series_count);
	time_member(w, "lastSeen", source->ring.seen_ns);
	sl_json_out_object_end(w);
}

static void write_ring(void *arg, const struct agg_source *source)
{
	struct sl_json_out *w = arg;

	if (source->state == AGG_SOURCE_GONE)
		return;
	sl_json_out_object_begin(w);
	text_member(w, "source", source->name);
	uint_member(w, "bytes", source->consumer.segment.ring_bytes);
	uint_member(w, "backlogBytes", sl_ring_backlog(&source->consumer.ring));
	sl_json_out_key(w, "blocked");
	sl_json_out_bool(w, source->blocked);
	sl_json_out_object_end(w);
}

static void write_bus(struct agg_core *core, struct sl_json_out *w)
{
	const struct sl_bus_counters *bus = sl_bus_counters(core->bus);
	struct agg_publish_stats publish;

	agg_publish_stats(core->publish, &publish);
	sl_json_out_key(w, "bus");
	sl_json_out_object_begin(w);
	uint_member(w, "batches", publish.batches);
	uint_member(w, "entries", publish.entries);
	uint_member(w, "bytes", bus->published_bytes);
	uint_member(w, "subscribers", bus->subscribers);
	uint_member(w, "requests", bus->requests);
	uint_member(w, "batchesDropped", bus->batches_dropped);
	uint_member(w, "peersRefused", bus->peers_refused);
	time_member(w, "lastBatch", publish.last_wall_ns);
	sl_json_out_object_end(w);
}

static void write_journal(struct agg_core *core, struct sl_json_out *w)
{
	struct agg_journal_stats journal;

	agg_journal_stats(core->journal, &journal);
	sl_json_out_key(w, "journal");
	sl_json_out_object_begin(w);
	text_member(w, "state", journal.full ? "full" : "ok");
	uint_member(w, "segments", journal.segments);
	uint_member(w, "appended", journal.appended);
	sl_json_out_key(w, "durable");
	sl_json_out_bool(w, agg_journal_all_durable(core->journal));
	sl_json_out_key(w, "logs");
	sl_json_out_object_begin(w);
	for (int i = 0; i < SL_STREAM_COUNT; i++) {
		sl_json_out_key(w, sl_stream_name(i));
		sl_json_out_object_begin(w);
		uint_member(
		    w, "oldest", agg_journal_oldest(core->journal, (enum sl_stream)i));
		uint_member(
		    w, "next", agg_journal_next(core->journal, (enum sl_stream)i));
		sl_json_out_object_end(w);
	}
	sl_json_out_object_end(w);
	sl_json_out_object_end(w);
}

static void write_summary(struct agg_core *core, struct sl_json_out *w)
{
	struct agg_alert_stats alerts;
	double memory_mb = (double)agg_own_memory_bytes() / (1024.0 * 1024.0);

	agg_alert_stats(agg_judge_alerts(core->judge), &alerts);
	sl_json_out_key(w, "isRunning");
	sl_json_out_bool(w, !core->paused);
	uint_member(w, "dataSourcesActive", agg_sources_active(core->sources));
	uint_member(
	    w, "subscriptionsActive", agg_gateways_subscriptions(&core->gateways));
	uint_member(w, "totalDataPoints", agg_sources_received(core->sources));
	sl_json_out_key(w, "memoryUsageMB");
	sl_json_out_double(w, (double)(int64_t)(memory_mb * 10.0) / 10.0);
	uint_member(w, "alertsActive", alerts.firing);
}

void agg_status_json(struct agg_core *core, struct sl_buf *out)
{
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	write_summary(core, &w);
	hex_member(&w, "epoch", agg_journal_epoch(core->journal));
	hex_member(&w, "aggregator", agg_journal_aggregator(core->journal));
	uint_member(&w, "series", agg_state_series_count(core->state));
	sl_json_out_key(&w, "sources");
	sl_json_out_array_begin(&w);
	agg_sources_each(core->sources, write_source, &w);
	sl_json_out_array_end(&w);
	sl_json_out_key(&w, "gateways");
	agg_gateways_json(&core->gateways, &w, sl_clock_mono_ns());
	sl_json_out_key(&w, "rings");
	sl_json_out_array_begin(&w);
	agg_sources_each(core->sources, write_ring, &w);
	sl_json_out_array_end(&w);
	write_bus(core, &w);
	write_journal(core, &w);
	sl_json_out_object_end(&w);
}
