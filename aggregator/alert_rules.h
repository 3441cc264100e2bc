/* SPDX-License-Identifier: Apache-2.0 */
/* Rules with an expression: when they are evaluated and what follows. */
#ifndef AGG_ALERT_RULES_H
#define AGG_ALERT_RULES_H

#include "alert_life.h"

/*
 * agg_alert_rules_bind finds the rules of a watch: its threshold rule and the
 * expressions that read its metric.
 */
void agg_alert_rules_bind(struct agg_alerts *alerts, struct agg_alert_watch *watch);

/* agg_alert_rules_window sets where the value of a watch can move without effect. */
void agg_alert_rules_window(struct agg_alert_watch *watch);

/* agg_alert_rules_mark has the readers of a watch evaluated in the next tick. */
void agg_alert_rules_mark(struct agg_alerts *alerts, const struct agg_alert_watch *watch);

/* agg_alert_rules_mark_clock marks what the clock drives, for every tenant. */
void agg_alert_rules_mark_clock(struct agg_alerts *alerts);

/* agg_alert_rules_run evaluates what is marked. */
void agg_alert_rules_run(struct agg_alerts *alerts, int64_t now_ns, int64_t mono_ns);

#endif
