/* SPDX-License-Identifier: Apache-2.0 */
/* An alert rule: what is read, when it is bad, for how long, and how bad. */
#ifndef AGG_RULE_H
#define AGG_RULE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "expr_parse.h"
#include "labels.h"

enum agg_severity {
	AGG_SEVERITY_NONE = 0,
	AGG_SEVERITY_WARNING = 1,
	AGG_SEVERITY_CRITICAL = 2,
};

/* agg_rule_severity_name returns "warning", "critical", or "none". */
const char *agg_rule_severity_name(enum agg_severity severity);

/*
 * Two limits and their direction.  A missing limit is NAN.  Lower is worse
 * where critical is below warning; with one limit only, higher is worse.
 * A limit counts as crossed when it is reached: 70 is a warning at 70.  A
 * level ends when the value is on the good side of its clear value (NAN: the
 * limit itself).
 */
struct agg_thresholds {
	double warning;
	double critical;
	double warning_clear;
	double critical_clear;
};

/*
 * agg_rule_status returns what a value is worth: 0 healthy, 1 warning, 2
 * critical (enum sl_status), without hysteresis or delay.  NaN is healthy.
 */
int agg_rule_status(const struct agg_thresholds *thresholds, double value);

#define AGG_RULE_NAME_MAX 128 /* bytes of id, module, metric */

/* What a rule is made from.  Strings are copied; NULL where not needed. */
struct agg_rule_spec {
	const char *id;     /* unique; a threshold's is its metric's name */
	const char *tenant; /* NULL: each tenant for itself */
	const char *module;
	const char *metric; /* what the alert is about */
	const char *title;  /* for the message; NULL: metric */
	const char *unit;   /* for the message: "percent", "ms", … */
	const char *expr;   /* NULL: the scalar of metric itself */
	struct agg_thresholds limits;
	/*
	 * Of an expression without limits, which then fires for each element
	 * that it yields (`cpu_usage > 70`).
	 */
	enum agg_severity severity;
	int64_t for_ns; /* how long it must last before it fires */
	struct agg_labels labels;
	/*
	 * Annotation that becomes the message; {{ $value }} and
	 * {{ $labels.NAME }} are replaced.  NULL: "CPU usage is 91 (critical from 85)".
	 */
	const char *summary;
};

/* The two levels of a rule, as a mask: a condition that holds. */
#define AGG_RULE_WARNING  1u
#define AGG_RULE_CRITICAL 2u

/*
 * A checked rule; read-only.  The limits are turned so that more is worse
 * (multiplied by sign), a missing one is infinite.
 */
struct agg_rule {
	char *id;
	char *tenant; /* NULL: every tenant */
	char *module;
	char *metric; /* "" if about none */
	char *title;
	char *unit;
	char *summary;                /* NULL: a text is made */
	struct agg_expr *expr;        /* NULL: the metric's scalar */
	struct agg_labels labels;     /* owned */
	struct agg_thresholds limits; /* as given; clear values filled in */
	double sign;
	double fire[2]; /* warning, critical */
	double clear[2];
	bool has_limits;
	enum agg_severity severity; /* of an expression without limits */
	int64_t for_ns;
};

/* Size of the text that says why a rule was refused. */
#define AGG_RULE_ERROR_MAX 320

/*
 * agg_rule_new checks a spec and makes a rule, the caller's to free.  Returns
 * 0, or SL_EINVAL with one line in error: the rule's id and what is wrong
 * (limits that do not fit together, clear values on the wrong side, an
 * expression's error with its position).
 */
int agg_rule_new(const struct agg_rule_spec *spec, struct agg_rule **rule,
    char error[AGG_RULE_ERROR_MAX]);
void agg_rule_free(struct agg_rule *rule);

/*
 * agg_rule_levels returns the levels that hold for a value, given those that
 * held before (hysteresis).  Critical includes warning where the rule has both.
 * NaN changes nothing.
 */
unsigned agg_rule_levels(const struct agg_rule *rule, double value, unsigned before);

/* agg_rule_threshold returns the limit of a severity, NaN if there is none. */
double agg_rule_threshold(const struct agg_rule *rule, enum agg_severity severity);

/*
 * agg_rule_message appends the text of an alert, for a severity and a value,
 * over is true when the condition has ended.
 */
void agg_rule_message(const struct agg_rule *rule, enum agg_severity severity,
    double value, const struct agg_labels *labels, bool over, struct sl_buf *out);

#endif
