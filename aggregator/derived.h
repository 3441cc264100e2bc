/* SPDX-License-Identifier: Apache-2.0 */
/* Derived metrics: values that follow from others, kept up to date. */
#ifndef AGG_DERIVED_H
#define AGG_DERIVED_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr_eval.h"

/* How a derived metric comes to its value. */
enum agg_derived_kind {
	AGG_DERIVED_EXPR,          /* expr */
	AGG_DERIVED_STATUS,        /* worst status of its module's fed, fresh metrics */
	AGG_DERIVED_STATUS_ALL,    /* the worst of all modules */
	AGG_DERIVED_OPEN_WARNING,  /* firing alerts of severity warning */
	AGG_DERIVED_OPEN_CRITICAL, /* … critical */
};

/* How a result with several elements becomes one value. */
enum agg_derived_fold {
	AGG_DERIVED_LAST, /* the last element */
	AGG_DERIVED_SUM,
	AGG_DERIVED_AVG,
	AGG_DERIVED_MIN,
	AGG_DERIVED_MAX,
	AGG_DERIVED_COUNT,
};

/*
 * Strings are copied.  A name in an expression is the derived metric of that
 * name if there is one; but where an expression reads its own metric's name,
 * everybody means the one that sources feed (executive_summary.revenue_today
 * shows business_metrics.revenue_today).
 */
struct agg_derived_spec {
	const char *module;
	const char *name;
	enum agg_derived_kind kind;
	enum agg_derived_fold fold;
	const char *expr; /* of AGG_DERIVED_EXPR */
};

struct agg_derived_hooks {
	void *arg;
	/* The series of a tenant. */
	bool (*source)(void *arg, const char *tenant, struct agg_expr_source *source);
	/* How many alerts of a tenant fire; agg_alert_open. */
	size_t (*open_alerts)(void *arg, const char *tenant, int severity);
	/*
	 * The derived metric spec (index into the specs) of a tenant has a new
	 * value; NaN: none.  Set it like any other metric's, which includes
	 * agg_derived_changed for it, so that what depends on it follows in the
	 * same run.
	 */
	void (*publish)(
	    void *arg, const char *tenant, size_t spec, double value, int64_t ts_ns);
};

struct agg_derived;

/* Size of the text that says why the specs were refused. */
#define AGG_DERIVED_ERROR_MAX 512

/*
 * agg_derived_new puts the specs into the order of their dependencies and
 * parses their expressions.  Returns 0, or SL_EINVAL with one line in error:
 * which metric, what is wrong and where, or the cycle.
 */
int agg_derived_new(const struct agg_derived_spec *specs, size_t count,
    const struct agg_derived_hooks *hooks, struct agg_derived **derived,
    char error[AGG_DERIVED_ERROR_MAX]);
void agg_derived_free(struct agg_derived *derived);

/*
 * agg_derived_each_metric names every metric that expressions read, and which
 * of the specs does: for agg_recent_want.
 */
void agg_derived_each_metric(const struct agg_derived *derived,
    void (*each)(void *arg, size_t spec, const char *metric), void *arg);

/*
 * agg_derived_bind makes metric_id known, the dense number of a metric of a
 * tenant.  counts: its status counts for its module's overall status (not so
 * for status metrics themselves).  The tenant's derived metrics begin to exist
 * with its first metric.
 */
void agg_derived_bind(struct agg_derived *derived, uint32_t metric_id, const char *tenant,
    const char *module, const char *metric, bool counts);

/* A metric that nothing has fed, or that is stale, has no status. */
#define AGG_DERIVED_NO_STATUS (-1)

/*
 * agg_derived_changed says that a metric has a new value, or a new status
 * (enum sl_status or AGG_DERIVED_NO_STATUS).  Marks what depends on it; a few
 * ns.
 */
void agg_derived_changed(struct agg_derived *derived, uint32_t metric_id, int status);

/* agg_derived_alerts_changed says that the number of firing alerts has changed. */
void agg_derived_alerts_changed(struct agg_derived *derived, const char *tenant);

/*
 * agg_derived_run evaluates what is marked, and with clock set what is driven
 * by the clock too, each at most once and in order, and publishes the values
 * that changed.  Call it before each flush; with clock every update interval.
 * Returns how many were evaluated.
 */
size_t agg_derived_run(struct agg_derived *derived, int64_t now_ns, bool clock);

/* agg_derived_errors counts evaluations that failed; the newest reason in *text. */
uint64_t agg_derived_errors(const struct agg_derived *derived, const char **text);

#endif
