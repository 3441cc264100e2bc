/* SPDX-License-Identifier: Apache-2.0 */
/* The current state: the newest value of every series, and of every metric. */
#ifndef AGG_STATE_H
#define AGG_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/msg.h"
#include "fold.h"
#include "labels.h"
#include "recent.h"
#include "table.h"

/*
 * A series is (tenant, source, metric, labels) and is fed by samples; a metric
 * is (tenant, metric of the catalog) and is one scalar, made from its series as
 * the catalog says.  A tenant has all metrics of the catalog from its first
 * moment on, numbered densely over all tenants: the numbers of the bus.
 *
 * Feeding only stores and marks; agg_state_settle, after each batch of samples,
 * makes the scalars of what was marked.  So the cost of a sample does not
 * depend on how many series share a metric; and a metric of very many series is
 * folded in parts, one per settle, so that it holds up nothing else.
 */

struct agg_metric;
struct agg_tenant;

struct agg_series {
	double value;
	int64_t ts_ns;       /* collect time of value */
	int64_t fed_mono_ns; /* when it came; staleness runs on this */
	struct agg_metric *metric;
	struct agg_series *next_dirty;
	bool dirty;
	bool fresh;
	bool fed;
	uint32_t table_slot; /* AGG_TABLE_NO_SLOT: not kept */
	uint32_t recent;     /* AGG_RECENT_NONE: nobody reads it */
	int64_t stale_after_ns;
	struct agg_series *next_in_metric;
	char *key; /* "tenant\x1fsource\x1fmetric\x1flabels" */
	size_t key_len;
};

struct agg_metric {
	uint32_t id;
	const struct sl_catalog_metric *def;
	struct agg_tenant *tenant;
	struct agg_series *series;
	double value; /* NaN: none */
	int64_t ts_ns;
	uint8_t status; /* enum sl_status */
	bool fed;
	bool stale;
	bool dirty;   /* its series have news */
	bool folding; /* its scalar is under way in fold, up to fold_at */
	bool again;   /* news came meanwhile */
	bool changed; /* since the last agg_state_each_changed */
	size_t series_count;
	struct agg_series *fold_at;
	struct agg_fold fold;
	bool set;        /* by agg_state_set, at least once */
	uint32_t recent; /* of one that is set; AGG_RECENT_NONE: nobody reads it */
	struct agg_metric *next_remembered;
	struct agg_metric *next_dirty;
	struct agg_metric *next_changed;
};

struct agg_tenant {
	char *name;
	uint32_t index;
	size_t series_count;
	struct agg_metric *metric; /* [metric_count], by index of the catalog */
	size_t metric_count;
};

struct agg_state_hooks {
	void *arg;
	/* A tenant has come into being, with its metrics. */
	void (*tenant)(void *arg, struct agg_tenant *tenant);
	/*
	 * A metric has another value, or became stale or fresh.  Returns what the
	 * value is worth (enum sl_status).
	 */
	int (*changed)(void *arg, struct agg_metric *metric, int64_t mono_ns);
};

struct agg_state_options {
	const struct sl_catalog *catalog; /* the state takes a reference */
	struct agg_table *table;          /* borrowed */
	struct agg_recent *recent;        /* borrowed */
	size_t tenant_series_max;
};

struct agg_state;

/* agg_state_new makes an empty state; agg_state_free ends it with all it holds. */
struct agg_state *agg_state_new(
    const struct agg_state_options *options, const struct agg_state_hooks *hooks);
void agg_state_free(struct agg_state *state);

/*
 * agg_state_restore takes over what the table kept: every value is there again
 * and stale until its source feeds it.  Call it once, before anything is fed.
 * Returns the number of series.
 */
size_t agg_state_restore(struct agg_state *state);

/* agg_state_tenant gives a tenant, made if it is new; SL_EFULL past 65,536. */
int agg_state_tenant(
    struct agg_state *state, const char *name, struct agg_tenant **tenant);

/*
 * agg_state_open gives the series of a source, the same one for the same
 * source, metric and labels; labels must be sorted.  Returns 0, SL_ENOTFOUND (the
 * catalog has no such metric, or sources do not feed it) or SL_EFULL (the
 * tenant's limit).  stale_after_ns is the source's where the metric has none.
 */
int agg_state_open(struct agg_state *state, struct agg_tenant *tenant, const char *source,
    struct sl_slice metric, const struct agg_labels *labels, int64_t stale_after_ns,
    struct agg_series **series);

/* A series with news, and the list that they make up. */
struct agg_series_list {
	struct agg_series *first;
	struct agg_recent *recent; /* where what is overtaken is remembered */
};

/* agg_state_dirty returns the list that agg_state_feed marks on. */
struct agg_series_list *agg_state_dirty(struct agg_state *state);

/*
 * agg_state_feed stores one sample: the hot path.  The newest collect time wins,
 * so that samples which a restart brings twice move nothing back; but what lies
 * after latest_ns, the latest time that is accepted now, was written before the
 * wall clock was set back and yields.  Judging and publishing wait for
 * agg_state_settle.  What is overtaken before that stays in recent memory where
 * an expression reads it, so a ring that was drained late leaves no hole.
 */
static inline void agg_state_feed(struct agg_series_list *dirty,
    struct agg_series *series, double value, int64_t ts_ns, int64_t latest_ns,
    int64_t mono_ns)
{
	if (ts_ns < series->ts_ns && series->ts_ns <= latest_ns)
		return;
	if (series->dirty && series->recent != AGG_RECENT_NONE)
		agg_recent_push(
		    dirty->recent, series->recent, series->ts_ns, series->value);
	series->value = value;
	series->ts_ns = ts_ns;
	series->fed_mono_ns = mono_ns;
	if (!series->dirty) {
		series->dirty = true;
		series->next_dirty = dirty->first;
		dirty->first = series;
	}
}

/*
 * agg_state_settle makes the scalars of all marked metrics and calls
 * hooks.changed for those that differ.  Call it after each batch.
 */
void agg_state_settle(struct agg_state *state, int64_t mono_ns);

/*
 * agg_state_set gives a metric that sources do not feed its value (derived and
 * own metrics).  NaN: it has none.
 */
void agg_state_set(struct agg_state *state, struct agg_metric *metric, double value,
    int64_t ts_ns, int64_t mono_ns);

/*
 * agg_state_sweep looks for series that have become stale, a bounded part of
 * all at a time; ten calls a second see 100,000 series in about a second.
 */
void agg_state_sweep(struct agg_state *state, int64_t mono_ns);

/*
 * agg_state_remember tells the short memory again what the metrics that
 * sources do not feed are worth: a value that has not changed stays readable
 * for expressions.  Once per update interval.
 */
void agg_state_remember(struct agg_state *state, int64_t wall_ns);

/* agg_state_each_changed hands out the metrics that changed since the last call. */
void agg_state_each_changed(struct agg_state *state,
    void (*each)(void *arg, const struct agg_metric *metric), void *arg);
bool agg_state_has_changed(const struct agg_state *state);

/* agg_state_each hands out all metrics of all tenants, in the order of their numbers. */
void agg_state_each(struct agg_state *state,
    void (*each)(void *arg, const struct agg_metric *metric), void *arg);

/* agg_state_metric finds a metric of a tenant by module and name; NULL if unknown. */
struct agg_metric *agg_state_metric(
    struct agg_state *state, const char *tenant, const char *module, const char *name);

/* agg_state_series_count returns the number of series of all tenants. */
size_t agg_state_series_count(const struct agg_state *state);

#endif
