/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: their life cycle, who acknowledged them, what clients are told. */
#ifndef AGG_ALERT_H
#define AGG_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"
#include "expr_eval.h"
#include "labels.h"
#include "rule.h"

#define AGG_ALERT_ID      36  /* a UUIDv7 as text */
#define AGG_ALERT_NAME    128 /* tenant, rule, metric, module, actor */
#define AGG_ALERT_LABELS  512 /* as JSON */
#define AGG_ALERT_MESSAGE 256
#define AGG_ALERT_NOTE    256

enum agg_alert_state {
	AGG_ALERT_PENDING = 0,
	AGG_ALERT_FIRING = 1,
	AGG_ALERT_RESOLVED = 2,
};

/*
 * One alert.  There is at most one that is pending or firing for a tenant,
 * rule and set of labels.  Times are wall clock in ns, 0 where not set.
 */
struct agg_alert {
	char id[AGG_ALERT_ID + 1];
	char tenant[AGG_ALERT_NAME + 1];
	char rule[AGG_ALERT_NAME + 1];
	char metric[AGG_ALERT_NAME + 1]; /* empty: about no metric */
	char module[AGG_ALERT_NAME + 1];
	char labels[AGG_ALERT_LABELS + 1]; /* canonical JSON object */
	char message[AGG_ALERT_MESSAGE + 1];
	enum agg_severity severity;
	enum agg_alert_state state;
	double value;     /* when the alert last changed; NaN: none */
	double threshold; /* of its severity; NaN: none */
	int64_t started_ns;
	int64_t fired_ns;
	int64_t resolved_ns;
	bool acknowledged;
	char acknowledged_by[AGG_ALERT_NAME + 1];
	char note[AGG_ALERT_NOTE + 1];
	int64_t acknowledged_ns;
	int64_t acknowledged_until_ns; /* 0: until it resolves or gets worse */
	int64_t silenced_until_ns;
	int64_t level_since_ns[2]; /* since when warning, critical hold; 0: they don't */
	bool condition;            /* made by agg_alert_condition, not by a rule */
	uint64_t seq;   /* in the alerts log, of its newest entry; 0: none yet */
	uint8_t unsent; /* changed since: 1 + the enum sl_entry_kind that is due */
};

/* alert_record.h packs an alert for the state table, alert_json.h for clients. */

/*
 * What the alerts need from the aggregator.  All are called from within the
 * functions below and must not call back into them, but for each() and list().
 */
struct agg_alert_hooks {
	void *arg;
	/*
	 * An alert has changed: SL_ENTRY_ALERT_FIRED when it starts firing, else
	 * SL_ENTRY_ALERT_CHANGE.  Append it to the alerts log and return its
	 * sequence; 0 if that is not possible now: it is offered again from
	 * agg_alert_tick, in its then newest form.
	 */
	uint64_t (*transition)(
	    void *arg, enum sl_entry_kind kind, const struct agg_alert *alert);
	/*
	 * Keep the alert across restarts.  Called before transition() with unsent
	 * set and after it without, so that a crash in between is seen.  *slot is
	 * whatever the callee needs to find its record again: UINT32_MAX at first,
	 * else what it set or agg_alert_restore got (agg_table_alert_set).
	 * Returns 0 or an error, which is counted.  May be NULL.
	 */
	int (*save)(void *arg, const struct agg_alert *alert, uint32_t *slot);
	/* The alert in a slot is no longer kept: drop its record.  May be NULL. */
	void (*forget)(void *arg, uint32_t slot);
	/*
	 * While restoring, of an alert whose record says unsent: is its present
	 * form in the alerts log (an entry of key id whose body is what
	 * agg_alert_json makes)?  Then its sequence, else 0.  May be NULL (0).
	 */
	uint64_t (*published)(void *arg, const struct agg_alert *alert);
	/* The series of a tenant, for rules with an expression.  May be NULL. */
	bool (*source)(void *arg, const char *tenant, struct agg_expr_source *source);
	/* The number of firing alerts of a tenant has changed.  May be NULL. */
	void (*counted)(void *arg, const char *tenant);
};

struct agg_alert_options {
	size_t active_max;         /* pending and firing; 0: 1024 */
	size_t resolved_max;       /* 0: 1000 */
	int64_t resolved_keep_ns;  /* 0: 24 hours */
	int64_t clock_interval_ns; /* of clock-driven rules; 0: 5 seconds */
};

struct agg_alert_stats {
	size_t pending;
	size_t firing;
	size_t resolved;  /* still kept */
	uint64_t fired;   /* so far */
	uint64_t refused; /* not made: active_max, or labels too long */
	uint64_t save_errors;
	uint64_t eval_errors; /* expressions that could not be evaluated */
};

struct agg_alerts;

/* agg_alert_new makes an empty set; both arguments are copied, options may be NULL. */
struct agg_alerts *agg_alert_new(
    const struct agg_alert_options *options, const struct agg_alert_hooks *hooks);
void agg_alert_free(struct agg_alerts *alerts);

/* ---- start ------------------------------------------------------------------ */

/*
 * agg_alert_restore takes one alert back as save() got it (where the log is a
 * new one, with seq 0 and unsent 1 + SL_ENTRY_ALERT_CHANGE, so that it is
 * entered there); call it for each
 * kept alert, with the slot of its record, before anything else.  Returns 0, or
 * SL_EFULL or SL_EEXIST (an id, or a pending or firing one of its rule and
 * labels, is there already): then its record can be dropped.
 */
int agg_alert_restore(
    struct agg_alerts *alerts, const struct agg_alert *alert, uint32_t slot);

/*
 * agg_alert_set_rules replaces all rules; takes ownership of rules[0..count),
 * not of the array.  Alerts whose rule is gone are resolved.  At start after
 * the last restore, and at a reload; after that, agg_alert_check is due for
 * every fresh metric, as its limits may have moved.  Returns 0, or SL_EEXIST
 * where two rules have the same id, or two without expression the same metric
 * (then nothing has changed, and the rules stay the caller's).
 */
int agg_alert_set_rules(struct agg_alerts *alerts, struct agg_rule **rules, size_t count,
    int64_t now_ns, int64_t mono_ns);

/*
 * agg_alert_watch makes metric_id known, the dense number of a metric of a
 * tenant (struct sl_msg_metric_def).  Once per number, before its first check.
 */
void agg_alert_watch(struct agg_alerts *alerts, uint32_t metric_id, const char *tenant,
    const char *module, const char *metric);

/* ---- work ------------------------------------------------------------------- */

/*
 * agg_alert_check judges the new scalar of a metric, taken at ts_ns.  Threshold
 * rules are judged here and now, rules with expressions are marked for the next
 * agg_alert_tick.  A few ns when nothing changes.  Returns what the value is
 * worth by its thresholds (enum sl_status); NaN and unknown numbers are healthy.
 */
int agg_alert_check(struct agg_alerts *alerts, uint32_t metric_id, double value,
    int64_t ts_ns, int64_t mono_ns);

/*
 * agg_alert_condition reports a condition that the aggregator itself sees
 * ("journal_full"); rule names it and is known without agg_alert_set_rules.
 * labels may be NULL.  severity AGG_SEVERITY_NONE ends it.  Repeating what is
 * so already does nothing, but one from before a restart that is not reported
 * again within a minute ends by itself.
 */
void agg_alert_condition(struct agg_alerts *alerts, const char *tenant, const char *rule,
    const char *module, const struct agg_labels *labels, enum agg_severity severity,
    const char *message, int64_t now_ns, int64_t mono_ns);

/*
 * agg_alert_source reports whether a source is silent beyond its deadline or
 * gone: rule source_stale, module system_health, severity warning, labelled
 * with its name.  age_ns is how long for; INT64_MAX: it has never sent.
 */
void agg_alert_source(struct agg_alerts *alerts, const char *tenant, const char *source,
    bool stale, int64_t age_ns, int64_t now_ns, int64_t mono_ns);

/*
 * agg_alert_tick evaluates marked and clock-driven rules, ends `for` durations
 * and acknowledgements, offers what transition() refused, forgets old alerts.
 * Call it after each batch of checks and at least once a second; a few ns when
 * nothing is due.
 */
void agg_alert_tick(struct agg_alerts *alerts, int64_t now_ns, int64_t mono_ns);

/* ---- commands --------------------------------------------------------------- */

#define AGG_ALERT_STATE_PENDING  (1u << AGG_ALERT_PENDING)
#define AGG_ALERT_STATE_FIRING   (1u << AGG_ALERT_FIRING)
#define AGG_ALERT_STATE_RESOLVED (1u << AGG_ALERT_RESOLVED)
#define AGG_ALERT_STATE_ACTIVE   (AGG_ALERT_STATE_PENDING | AGG_ALERT_STATE_FIRING)

/* Who asks.  An alert that the filter hides does not exist for the caller. */
struct agg_alert_filter {
	const char *tenant;                             /* NULL: all tenants */
	unsigned states;                                /* AGG_ALERT_STATE_… */
	bool (*may_see)(void *arg, const char *module); /* NULL: all modules */
	void *arg;
};

/*
 * agg_alert_acknowledge marks an alert as taken care of by actor until
 * until_ns (0: until it resolves or gets worse).  note may be NULL.  Of the
 * filter, states is not used.  Again is no change.  Over-long actor and note
 * are cut at a character.  Returns 0 with *alert set (valid until the next
 * call), or SL_ENOTFOUND, SL_EINVAL for an until_ns in the past.
 */
int agg_alert_acknowledge(struct agg_alerts *alerts,
    const struct agg_alert_filter *filter, const char *id, const char *actor,
    const char *note, int64_t until_ns, int64_t now_ns, const struct agg_alert **alert);

/* agg_alert_find returns the alert of an id, or NULL; valid until the next call. */
const struct agg_alert *agg_alert_find(const struct agg_alerts *alerts, const char *id);

/* agg_alert_each calls each() for what the filter shows, oldest first. */
void agg_alert_each(const struct agg_alerts *alerts,
    const struct agg_alert_filter *filter,
    void (*each)(void *arg, const struct agg_alert *alert), void *arg);

/* agg_alert_list appends the JSON array of what the filter shows, newest first. */
void agg_alert_list(const struct agg_alerts *alerts,
    const struct agg_alert_filter *filter, struct sl_buf *out);

/* agg_alert_open returns how many alerts of a tenant fire with a severity. */
size_t agg_alert_open(
    const struct agg_alerts *alerts, const char *tenant, enum agg_severity severity);

/* agg_alert_stats reads the counters. */
void agg_alert_stats(const struct agg_alerts *alerts, struct agg_alert_stats *stats);

#endif
