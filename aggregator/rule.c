/* SPDX-License-Identifier: Apache-2.0 */
#include "rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

const char *agg_rule_severity_name(enum agg_severity severity)
{
	static const char *const names[] = {
	    [AGG_SEVERITY_NONE] = "none",
	    [AGG_SEVERITY_WARNING] = "warning",
	    [AGG_SEVERITY_CRITICAL] = "critical",
	};

	return names[severity];
}

static double direction(const struct agg_thresholds *limits)
{
	return limits->critical < limits->warning ? -1 : 1;
}

int agg_rule_status(const struct agg_thresholds *thresholds, double value)
{
	double sign = direction(thresholds);

	if (sign * value >= sign * thresholds->critical)
		return 2;
	return sign * value >= sign * thresholds->warning;
}

/* ---- making ----------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int refuse(char error[AGG_RULE_ERROR_MAX],
    const struct agg_rule_spec *spec, const char *fmt, ...)
{
	int len = snprintf(error, AGG_RULE_ERROR_MAX, "rule \"%.64s\": ", spec->id);
	va_list args;

	va_start(args, fmt);
	vsnprintf(error + len, (size_t)(AGG_RULE_ERROR_MAX - len), fmt, args);
	va_end(args);
	return SL_EINVAL;
}

static char *copy(const char *text)
{
	char *own = strdup(text ? text : "");

	if (!own)
		abort();
	return own;
}

/* A limit as "more is worse"; a missing one is never reached. */
static double turned(double sign, double limit)
{
	return isnan(limit) ? INFINITY : sign * limit;
}

static int set_limits(struct agg_rule *rule, const struct agg_rule_spec *spec,
    char error[AGG_RULE_ERROR_MAX])
{
	struct agg_thresholds *limits = &rule->limits;

	*limits = spec->limits;
	rule->has_limits = !isnan(limits->warning) || !isnan(limits->critical);
	rule->sign = direction(limits);
	if (isnan(limits->warning_clear))
		limits->warning_clear = limits->warning;
	if (isnan(limits->critical_clear))
		limits->critical_clear = limits->critical;
	rule->fire[0] = turned(rule->sign, limits->warning);
	rule->fire[1] = turned(rule->sign, limits->critical);
	rule->clear[0] = turned(rule->sign, limits->warning_clear);
	rule->clear[1] = turned(rule->sign, limits->critical_clear);

	if (!rule->has_limits && !spec->expr)
		return refuse(error, spec, "needs warning, critical or an expression");
	if (!rule->has_limits && spec->severity == AGG_SEVERITY_NONE)
		return refuse(
		    error, spec, "an expression without limits needs a severity");
	if (isinf(limits->warning) || isinf(limits->critical))
		return refuse(error, spec, "a limit must be a finite number");
	if (limits->warning == limits->critical)
		return refuse(error, spec,
		    "warning and critical are both %g: the side "
		    "that is worse cannot be told",
		    limits->warning);
	for (int level = 0; level < 2; level++)
		if (rule->clear[level] > rule->fire[level])
			return refuse(error, spec,
			    "clear value %g of %s is on its bad side",
			    rule->sign * rule->clear[level],
			    agg_rule_severity_name((enum agg_severity)(level + 1)));
	if (!isinf(rule->fire[0]) && rule->clear[1] < rule->clear[0])
		return refuse(error, spec, "critical would clear after warning");
	return 0;
}

static int set_expr(struct agg_rule *rule, const struct agg_rule_spec *spec,
    char error[AGG_RULE_ERROR_MAX])
{
	struct agg_expr_error why;

	if (!spec->expr)
		return 0;
	if (agg_expr_parse(spec->expr, strlen(spec->expr), &rule->expr, &why))
		return refuse(error, spec, "expression, character %zu: %s",
		    why.position + 1, why.text);
	if (!rule->has_limits && agg_expr_is_scalar(rule->expr))
		return refuse(error, spec,
		    "an expression without limits must yield a vector, such as a "
		    "comparison does");
	return 0;
}

static void set_labels(struct agg_rule *rule, const struct agg_labels *labels)
{
	struct agg_label *items = calloc(labels->count + 1, sizeof(*items));

	if (!items)
		abort();
	for (size_t i = 0; i < labels->count; i++) {
		const struct agg_label *from = &labels->items[i];

		items[i].name = (struct sl_slice){
		    strndup(from->name.data, from->name.len), from->name.len};
		items[i].value = (struct sl_slice){
		    strndup(from->value.data, from->value.len), from->value.len};
		if (!items[i].name.data || !items[i].value.data)
			abort();
	}
	agg_labels_sort(items, labels->count);
	rule->labels = (struct agg_labels){items, labels->count};
}

int agg_rule_new(const struct agg_rule_spec *spec, struct agg_rule **rule,
    char error[AGG_RULE_ERROR_MAX])
{
	struct agg_rule *made = calloc(1, sizeof(*made));
	const char *title = spec->title ? spec->title : spec->metric;

	if (strlen(spec->id) > AGG_RULE_NAME_MAX ||
	    strlen(spec->module) > AGG_RULE_NAME_MAX ||
	    (spec->metric && strlen(spec->metric) > AGG_RULE_NAME_MAX)) {
		free(made);
		return refuse(
		    error, spec, "a name is longer than %d bytes", AGG_RULE_NAME_MAX);
	}
	if (!made)
		abort();
	made->id = copy(spec->id);
	made->tenant = spec->tenant ? copy(spec->tenant) : NULL;
	made->module = copy(spec->module);
	made->metric = copy(spec->metric);
	made->title = copy(title && *title ? title : spec->id);
	made->unit = copy(spec->unit);
	made->summary = spec->summary ? copy(spec->summary) : NULL;
	made->severity = spec->severity;
	made->for_ns = spec->for_ns;
	set_labels(made, &spec->labels);
	if (set_limits(made, spec, error) || set_expr(made, spec, error)) {
		agg_rule_free(made);
		return SL_EINVAL;
	}
	*rule = made;
	return 0;
}

void agg_rule_free(struct agg_rule *rule)
{
	if (!rule)
		return;
	for (size_t i = 0; i < rule->labels.count; i++) {
		free((void *)rule->labels.items[i].name.data);
		free((void *)rule->labels.items[i].value.data);
	}
	free((void *)rule->labels.items);
	agg_expr_free(rule->expr);
	free(rule->id);
	free(rule->tenant);
	free(rule->module);
	free(rule->metric);
	free(rule->title);
	free(rule->unit);
	free(rule->summary);
	free(rule);
}

/* ---- judging ---------------------------------------------------------------------- */

unsigned agg_rule_levels(const struct agg_rule *rule, double value, unsigned before)
{
	double x = rule->sign * value;
	unsigned levels = 0;

	if (isnan(value))
		return before;
	if (!rule->has_limits)
		return rule->severity == AGG_SEVERITY_CRITICAL ? AGG_RULE_CRITICAL
							       : AGG_RULE_WARNING;
	for (int level = 0; level < 2; level++) {
		unsigned bit = 1u << level;

		/* A missing limit is infinite, which even an infinite value must not
		 * reach. */
		if (isinf(rule->fire[level]))
			continue;
		if (x >= (before & bit ? rule->clear[level] : rule->fire[level]))
			levels |= bit;
	}
	return levels;
}

double agg_rule_threshold(const struct agg_rule *rule, enum agg_severity severity)
{
	if (severity == AGG_SEVERITY_CRITICAL)
		return rule->limits.critical;
	return severity == AGG_SEVERITY_WARNING ? rule->limits.warning : NAN;
}

/* ---- messages --------------------------------------------------------------------- */

static void add_value(struct sl_buf *out, const char *unit, double value)
{
	char text[64];
	int len =
	    snprintf(text, sizeof(text), fabs(value) < 1e9 ? "%.2f" : "%.4g", value);

	if (strchr(text, '.') && !strchr(text, 'e')) {
		while (text[len - 1] == '0')
			len--;
		len -= text[len - 1] == '.';
	}
	sl_buf_add(out, text, (size_t)len);
	if (!strcmp(unit, "percent"))
		sl_buf_adds(out, " %");
	else if (*unit)
		sl_buf_addf(out, " %s", unit);
}

/* Replaces {{ $value }} and {{ $labels.NAME }}; other braces stay as they are. */
static void add_summary(const struct agg_rule *rule, double value,
    const struct agg_labels *labels, struct sl_buf *out)
{
	for (const char *p = rule->summary; *p;) {
		const char *end = !strncmp(p, "{{", 2) ? strstr(p, "}}") : NULL;
		const char *name = end ? p + 2 + strspn(p + 2, " ") : NULL;
		size_t len = name ? strcspn(name, " }") : 0;

		if (len == 6 && !strncmp(name, "$value", 6)) {
			add_value(out, rule->unit, value);
		} else if (len > 8 && !strncmp(name, "$labels.", 8)) {
			struct sl_slice found =
			    agg_labels_find(labels, (struct sl_slice){name + 8, len - 8});

			sl_buf_add(out, found.data ? found.data : "", found.len);
		} else {
			sl_buf_addc(out, *p++);
			continue;
		}
		p = end + 2;
	}
}

void agg_rule_message(const struct agg_rule *rule, enum agg_severity severity,
    double value, const struct agg_labels *labels, bool over, struct sl_buf *out)
{
	double threshold = agg_rule_threshold(rule, severity);

	if (rule->summary) {
		add_summary(rule, value, labels, out);
		return;
	}
	sl_buf_adds(out, rule->title);
	if (isnan(value)) {
		sl_buf_adds(out, over ? " is well again" : " is bad");
		return;
	}
	sl_buf_adds(out, over ? " is back at " : " is ");
	add_value(out, rule->unit, value);
	if (over || isnan(threshold))
		return;
	sl_buf_addf(out, " (%s from ", agg_rule_severity_name(severity));
	add_value(out, rule->unit, threshold);
	sl_buf_adds(out, rule->sign < 0 ? " down)" : " up)");
}
