/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from the values: derived metrics, alerts, and their journal. */
#ifndef AGG_JUDGE_H
#define AGG_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "common/config.h"
#include "journal.h"
#include "publish.h"
#include "recent.h"
#include "state.h"
#include "table.h"

/* Ties alerts (alert.h) and derived metrics (derived.h) to state, journal and stream. */
struct agg_judge;

struct agg_judge_options {
	const struct sl_catalog *catalog; /* borrowed */
	const struct sl_config *config;   /* borrowed */
	struct agg_journal *journal;      /* borrowed, as all below */
	struct agg_table *table;
	struct agg_recent *recent;
	bool epoch_changed; /* what the alerts log held is gone: say it anew */
};

/*
 * agg_judge_new reads the catalog's thresholds (and the configuration's, which
 * win) and expressions.  SL_EINVAL after a log line that names the metric and
 * what is wrong with it.
 */
int agg_judge_new(const struct agg_judge_options *options, struct agg_judge **judge);
void agg_judge_free(struct agg_judge *judge);

/*
 * agg_judge_connect names the two that are made after it; before anything is
 * fed.  Alerts of before the restart are taken back here.
 */
void agg_judge_connect(
    struct agg_judge *judge, struct agg_state *state, struct agg_publish *publish);

/*
 * agg_judge_configure follows a reload: other thresholds.  Returns 0, or
 * SL_EINVAL after a log line; the rules in force then stay.
 */
int agg_judge_configure(struct agg_judge *judge, const struct sl_config *config);

/* agg_judge_tenant makes the metrics of a new tenant known. */
void agg_judge_tenant(struct agg_judge *judge, const struct agg_tenant *tenant);

/* agg_judge_changed judges a changed metric: the hook of state.h. */
int agg_judge_changed(
    struct agg_judge *judge, struct agg_metric *metric, int64_t mono_ns);

/*
 * agg_judge_pass brings derived metrics and rules up to date after a pass; with
 * clock also those that change with time alone.
 */
void agg_judge_pass(
    struct agg_judge *judge, int64_t wall_ns, int64_t mono_ns, bool clock);

/* agg_judge_source reports a silent source, or that it speaks again. */
void agg_judge_source(struct agg_judge *judge, const char *tenant, const char *source,
    bool stale, int64_t age_ns);

/* agg_judge_pause: while paused, nothing is judged. */
void agg_judge_pause(struct agg_judge *judge, bool paused);

/* agg_judge_check_journal raises or ends the alert that the journal has no space. */
void agg_judge_check_journal(struct agg_judge *judge);

/* agg_judge_alerts gives the alerts, for commands. */
struct agg_alerts *agg_judge_alerts(struct agg_judge *judge);

/*
 * agg_judge_pack_active appends every pending or firing alert, as it stands in
 * the alerts log, to a batch: part of the answer to a state request.
 */
void agg_judge_pack_active(struct agg_judge *judge, struct sl_msg_batch_writer *w);

#endif
