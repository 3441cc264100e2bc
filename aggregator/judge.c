/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert_json.h"
#include "alert_record.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/log.h"
#include "derived.h"
#include "event.h"
#include "judge_catalog.h"

struct agg_judge {
	struct agg_judge_options options;
	struct agg_state *state;
	struct agg_publish *publish;
	struct agg_alerts *alerts;
	struct agg_derived *derived;
	uint32_t *spec_metric;       /* index in the catalog of each derived spec */
	struct agg_recent_view view; /* of the evaluation under way */
	struct sl_buf body, packed;  /* scratch */
	int64_t newest_ns;           /* collect time of what changed last */
	bool paused;
	bool journal_full;
};

/* ---- alerts to table, journal and stream ---------------------------------------- */

/* Packs an alert as entry seq of the alerts log into judge->packed. */
static void pack_alert(struct agg_judge *judge, enum sl_entry_kind kind,
    const struct agg_alert *alert, uint64_t seq)
{
	sl_buf_reset(&judge->body);
	sl_buf_reset(&judge->packed);
	agg_alert_json(&judge->body, alert);
	int64_t now_us = sl_clock_wall_ns() / SL_NS_PER_US;
	struct sl_entry entry = {
	    .stream = SL_STREAM_ALERTS,
	    .kind = kind,
	    .seq = seq,
	    .ts_us = now_us,
	    .ingest_us = now_us,
	    .tenant = sl_slice_text(alert->tenant),
	    .module = sl_slice_text(alert->module),
	    .topic = sl_slice_text("alerts"),
	    .source = sl_slice_text("aggregator"),
	    .key = sl_slice_text(alert->id),
	    .active = alert->state != AGG_ALERT_RESOLVED,
	    .body = {.data = judge->body.data, .len = judge->body.len},
	};
	sl_msg_entry_pack(&judge->packed, &entry);
}

static uint64_t on_transition(
    void *arg, enum sl_entry_kind kind, const struct agg_alert *alert)
{
	struct agg_judge *judge = arg;
	uint64_t seq = agg_journal_next(judge->options.journal, SL_STREAM_ALERTS);

	pack_alert(judge, kind, alert, seq);
	if (agg_journal_append(judge->options.journal, SL_STREAM_ALERTS,
		judge->packed.data, judge->packed.len, NULL) != 0)
		return 0;
	agg_publish_entry(judge->publish, judge->packed.data, judge->packed.len);
	return seq;
}

static int on_save(void *arg, const struct agg_alert *alert, uint32_t *slot)
{
	struct agg_judge *judge = arg;
	unsigned char record[AGG_ALERT_RECORD_MAX];
	size_t len = agg_alert_record_pack(alert, record);

	return agg_table_alert_set(judge->options.table, slot, record, len);
}

static void on_forget(void *arg, uint32_t slot)
{
	struct agg_judge *judge = arg;

	agg_table_alert_drop(judge->options.table, slot);
}

/* Looks for an alert's present form in the alerts log. */
struct search {
	const struct agg_alert *alert;
	struct sl_slice body;
	uint64_t seq;
};

static int search_entry(void *arg, uint64_t seq, const void *packed, size_t len)
{
	struct search *search = arg;
	struct sl_entry entry;

	if (sl_msg_entry_read(packed, len, &entry) != 0)
		return 0;
	if (entry.key.len == strlen(search->alert->id) &&
	    memcmp(entry.key.data, search->alert->id, entry.key.len) == 0 &&
	    entry.body.len == search->body.len &&
	    memcmp(entry.body.data, search->body.data, entry.body.len) == 0)
		search->seq = seq;
	return 0;
}

static uint64_t on_published(void *arg, const struct agg_alert *alert)
{
	struct agg_judge *judge = arg;
	struct agg_journal *journal = judge->options.journal;

	sl_buf_reset(&judge->body);
	agg_alert_json(&judge->body, alert);
	struct search search = {
	    .alert = alert, .body = {.data = judge->body.data, .len = judge->body.len}};
	agg_journal_read(journal, SL_STREAM_ALERTS,
	    agg_journal_oldest(journal, SL_STREAM_ALERTS), SIZE_MAX, search_entry,
	    &search, NULL);
	return search.seq;
}

static bool on_source(void *arg, const char *tenant, struct agg_expr_source *source)
{
	struct agg_judge *judge = arg;

	judge->view =
	    (struct agg_recent_view){.recent = judge->options.recent, .tenant = tenant};
	agg_recent_source(&judge->view, source);
	return true;
}

static void on_counted(void *arg, const char *tenant)
{
	struct agg_judge *judge = arg;

	agg_derived_alerts_changed(judge->derived, tenant);
}

/* ---- derived metrics -------------------------------------------------------------- */

static size_t on_open_alerts(void *arg, const char *tenant, int severity)
{
	struct agg_judge *judge = arg;

	return agg_alert_open(judge->alerts, tenant, (enum agg_severity)severity);
}

static void on_derived(
    void *arg, const char *tenant_name, size_t spec, double value, int64_t ts_ns)
{
	struct agg_judge *judge = arg;
	struct agg_tenant *tenant;

	if (agg_state_tenant(judge->state, tenant_name, &tenant) == 0)
		agg_state_set(judge->state, &tenant->metric[judge->spec_metric[spec]],
		    value, ts_ns, sl_clock_mono_ns());
}

/* ---- life -------------------------------------------------------------------------- */

static int make_derived(struct agg_judge *judge)
{
	struct agg_derived_hooks hooks = {
	    .arg = judge,
	    .source = on_source,
	    .open_alerts = on_open_alerts,
	    .publish = on_derived,
	};
	char error[AGG_DERIVED_ERROR_MAX];
	struct agg_derived_spec *specs;
	size_t count =
	    agg_judge_catalog_specs(judge->options.catalog, &specs, &judge->spec_metric);
	int result = agg_derived_new(specs, count, &hooks, &judge->derived, error);

	free(specs);
	if (result != 0) {
		sl_log_error("catalog", "%s", error);
		return result;
	}
	return agg_judge_catalog_want(judge->options.catalog, judge->derived,
	    judge->spec_metric, judge->options.recent);
}

int agg_judge_new(const struct agg_judge_options *options, struct agg_judge **out)
{
	struct agg_judge *judge = calloc(1, sizeof *judge);
	int error;

	if (!judge)
		abort();
	judge->options = *options;
	struct agg_alert_hooks hooks = {
	    .arg = judge,
	    .transition = on_transition,
	    .save = on_save,
	    .forget = on_forget,
	    .published = on_published,
	    .source = on_source,
	    .counted = on_counted,
	};
	judge->alerts = agg_alert_new(NULL, &hooks);
	if (!judge->alerts)
		abort();
	error = make_derived(judge);
	if (error != 0) {
		agg_judge_free(judge);
		return error;
	}
	*out = judge;
	return 0;
}

void agg_judge_free(struct agg_judge *judge)
{
	if (!judge)
		return;
	agg_alert_free(judge->alerts);
	agg_derived_free(judge->derived);
	free(judge->spec_metric);
	sl_buf_clear(&judge->body);
	sl_buf_clear(&judge->packed);
	free(judge);
}

static void restore_alerts(struct agg_judge *judge)
{
	struct agg_table *table = judge->options.table;
	struct sl_slice record;
	uint32_t slot = 0;
	size_t restored = 0;

	while ((slot = agg_table_alert_next(table, slot, &record)) != AGG_TABLE_NO_SLOT) {
		struct agg_alert alert;
		bool whole = agg_alert_record_read(record.data, record.len, &alert) == 0;
		if (whole && judge->options.epoch_changed) {
			alert.seq = 0;
			alert.unsent = 1 + SL_ENTRY_ALERT_CHANGE;
		}
		if (whole && agg_alert_restore(judge->alerts, &alert, slot) == 0)
			restored++;
		else
			agg_table_alert_drop(table, slot);
		slot++;
	}
	if (restored)
		sl_log_info("alert", "restored count=%zu", restored);
}

static int set_rules(struct agg_judge *judge, const struct sl_config *config)
{
	struct agg_rule **rules;
	size_t count;
	int error =
	    agg_judge_catalog_rules(judge->options.catalog, config, &rules, &count);

	if (error != 0)
		return error;
	error = agg_alert_set_rules(
	    judge->alerts, rules, count, sl_clock_wall_ns(), sl_clock_mono_ns());
	if (error != 0) {
		sl_log_error("rule", "one id has two rules");
		for (size_t i = 0; i < count; i++)
			agg_rule_free(rules[i]);
	}
	free(rules);
	return error;
}

void agg_judge_connect(
    struct agg_judge *judge, struct agg_state *state, struct agg_publish *publish)
{
	judge->state = state;
	judge->publish = publish;
	restore_alerts(judge);
	set_rules(judge, judge->options.config);
}

static void check_again(void *arg, const struct agg_metric *metric)
{
	struct agg_judge *judge = arg;

	if (metric->fed && !metric->stale && metric->def->kind != SL_METRIC_STATUS)
		agg_alert_check(judge->alerts, metric->id, metric->value, metric->ts_ns,
		    sl_clock_mono_ns());
}

int agg_judge_configure(struct agg_judge *judge, const struct sl_config *config)
{
	int error = set_rules(judge, config);

	if (error == 0) {
		judge->options.config = config;
		agg_state_each(judge->state, check_again, judge);
	}
	return error;
}

/* ---- work ---------------------------------------------------------------------------
 */

void agg_judge_tenant(struct agg_judge *judge, const struct agg_tenant *tenant)
{
	for (size_t i = 0; i < tenant->metric_count; i++) {
		const struct agg_metric *metric = &tenant->metric[i];
		const char *module = metric->def->module->name;
		agg_alert_watch(
		    judge->alerts, metric->id, tenant->name, module, metric->def->name);
		agg_derived_bind(judge->derived, metric->id, tenant->name, module,
		    metric->def->name, metric->def->kind != SL_METRIC_STATUS);
	}
}

int agg_judge_changed(struct agg_judge *judge, struct agg_metric *metric, int64_t mono_ns)
{
	int status = metric->def->kind == SL_METRIC_STATUS && !isnan(metric->value)
			 ? (int)metric->value
			 : metric->status;

	if (metric->ts_ns > judge->newest_ns)
		judge->newest_ns = metric->ts_ns;
	if (judge->paused)
		return status;
	if (!metric->stale && metric->def->kind != SL_METRIC_STATUS)
		status = agg_alert_check(
		    judge->alerts, metric->id, metric->value, metric->ts_ns, mono_ns);
	agg_derived_changed(judge->derived, metric->id,
	    metric->stale || isnan(metric->value) ? AGG_DERIVED_NO_STATUS : status);
	return status;
}

/*
 * Samples may be newer than the pass, which read the clock before the rings, and
 * than this machine's clock.  What is derived from them has to see them: it may be
 * long until they change again.
 */
static int64_t derived_now(struct agg_judge *judge, int64_t wall_ns)
{
	if (judge->newest_ns > wall_ns + AGG_EVENT_FUTURE_NS)
		judge->newest_ns = 0; /* the clock was set back */
	return judge->newest_ns > wall_ns ? judge->newest_ns : wall_ns;
}

void agg_judge_pass(struct agg_judge *judge, int64_t wall_ns, int64_t mono_ns, bool clock)
{
	if (judge->paused)
		return;
	agg_derived_run(judge->derived, derived_now(judge, wall_ns), clock);
	agg_alert_tick(judge->alerts, wall_ns, mono_ns);
	/* The counts of open alerts. */
	agg_derived_run(judge->derived, derived_now(judge, wall_ns), false);
}

void agg_judge_source(struct agg_judge *judge, const char *tenant, const char *source,
    bool stale, int64_t age_ns)
{
	if (judge->paused)
		return;
	agg_alert_source(judge->alerts, tenant, source, stale, age_ns, sl_clock_wall_ns(),
	    sl_clock_mono_ns());
}

void agg_judge_pause(struct agg_judge *judge, bool paused)
{
	judge->paused = paused;
}

void agg_judge_check_journal(struct agg_judge *judge)
{
	struct agg_journal_stats stats;

	agg_journal_stats(judge->options.journal, &stats);
	if (stats.full == judge->journal_full)
		return;
	judge->journal_full = stats.full;
	if (stats.full)
		sl_log_error("journal",
		    "no space: events wait in their rings error=\"%s\"",
		    strerror(stats.space_errno));
	else
		sl_log_info("journal", "space again: events go on");
	agg_alert_condition(judge->alerts, "default", "journal_full", "system_health",
	    NULL, stats.full ? AGG_SEVERITY_CRITICAL : AGG_SEVERITY_NONE,
	    "The journal has no space: events wait in their rings", sl_clock_wall_ns(),
	    sl_clock_mono_ns());
}

struct agg_alerts *agg_judge_alerts(struct agg_judge *judge)
{
	return judge->alerts;
}

struct active_pack {
	struct agg_judge *judge;
	struct sl_msg_batch_writer *w;
};

static void pack_active(void *arg, const struct agg_alert *alert)
{
	struct active_pack *pack = arg;

	pack_alert(
	    pack->judge, SL_ENTRY_ALERT_CHANGE, alert, alert->seq ? alert->seq : 1);
	sl_msg_batch_add_entry(
	    pack->w, pack->judge->packed.data, pack->judge->packed.len);
}

void agg_judge_pack_active(struct agg_judge *judge, struct sl_msg_batch_writer *w)
{
	struct agg_alert_filter filter = {.states = AGG_ALERT_STATE_ACTIVE};
	struct active_pack pack = {.judge = judge, .w = w};

	agg_alert_each(judge->alerts, &filter, pack_active, &pack);
}
