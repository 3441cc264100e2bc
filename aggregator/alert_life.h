/* SPDX-License-Identifier: Apache-2.0 */
/* The life cycle of one alert; inside of alert.c, alert_rules.c, alert_query.c. */
#ifndef AGG_ALERT_LIFE_H
#define AGG_ALERT_LIFE_H

#include "alert_store.h"

/* A tenant that has metrics or alerts. */
struct agg_alert_tenant {
	char *name;
	size_t open[3];     /* firing, by severity */
	bool *dirty;        /* by expression rule: to be evaluated */
	size_t dirty_count; /* how many are set */
};

/* The scalar of a metric of a tenant, by its number. */
struct agg_alert_watch {
	/* Nothing can change while lo <= sign * value < hi. */
	double sign, lo, hi;
	double fire[2];
	const struct agg_rule *rule; /* threshold rule, NULL: none */
	struct agg_alert_entry *active;
	uint32_t tenant;
	uint32_t reader_count;
	uint32_t *readers; /* expression rules that read it */
	char *module;
	char *metric;
};

struct agg_alerts {
	struct agg_alert_options options;
	struct agg_alert_hooks hooks;
	struct agg_alert_stats stats;
	struct agg_alert_store store;
	struct agg_rule **rules; /* threshold rules by metric, module; then expressions */
	size_t rule_count;
	size_t threshold_count; /* how many of them are thresholds */
	struct agg_alert_watch *watches;
	size_t watch_count;
	struct agg_alert_tenant *tenants;
	size_t tenant_count;
	size_t dirty_tenants;
	uint64_t round;
	int64_t next_tick_mono_ns; /* nothing is due before */
	int64_t next_clock_mono_ns;
	int64_t next_sweep_mono_ns;
	int64_t restored_mono_ns;
	bool warned_full;
	struct sl_buf scratch;
};

/* What an alert is about. */
struct agg_alert_subject {
	const char *tenant;
	const struct agg_rule *rule;
	const struct agg_labels *labels; /* of the alert, sorted; NULL: not at hand */
	const char *labels_json;
};

/*
 * agg_alert_life_judge takes the levels that hold now, and how long each has,
 * and brings the alert to where it belongs: makes it, fires, raises, lowers or
 * resolves it.  active is the present one or NULL; returns the one after.
 */
struct agg_alert_entry *agg_alert_life_judge(struct agg_alerts *alerts,
    const struct agg_alert_subject *subject, struct agg_alert_entry *active,
    unsigned levels, double value, int64_t ts_ns, int64_t mono_ns);

/* agg_alert_life_condition starts or changes an alert without a rule. */
void agg_alert_life_condition(struct agg_alerts *alerts, struct agg_alert_entry *active,
    const struct agg_alert *alert, int64_t now_ns);

/* agg_alert_life_resolve ends an active alert; message NULL: as it is. */
void agg_alert_life_resolve(struct agg_alerts *alerts, struct agg_alert_entry *entry,
    const char *message, int64_t now_ns);

/* agg_alert_life_publish keeps and sends the present form of an alert. */
void agg_alert_life_publish(
    struct agg_alerts *alerts, struct agg_alert_entry *entry, enum sl_entry_kind kind);

/* agg_alert_life_forget drops an alert and its record. */
void agg_alert_life_forget(struct agg_alerts *alerts, struct agg_alert_entry *entry);

/* agg_alert_life_tenant returns the index of a tenant, made if it is new. */
uint32_t agg_alert_life_tenant(struct agg_alerts *alerts, const char *name);

/* agg_alert_life_text copies text, cut before a character that does not fit whole. */
void agg_alert_life_text(char *out, size_t size, const char *text);

#endif
