/* SPDX-License-Identifier: Apache-2.0 */
#include "logrule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json_check.h"
#include "json_out.h"
#include "utf8.h"

#define MASK        "***"
#define REPLACEMENT "\xef\xbf\xbd"
#define SAFE_DIGITS 15 /* what every reader of JSON holds exactly */

/* ---- making ------------------------------------------------------------------------ */

static int fail(char error[COL_LOGRULE_ERROR], const char *what, const char *name)
{
	snprintf(error, COL_LOGRULE_ERROR, "%s \"%s\"", what, name);
	return SL_EINVAL;
}

static bool is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

/* "left:right" as two slices; without a colon both are the whole. */
static void split(const char *text, struct sl_slice *left, struct sl_slice *right)
{
	const char *colon = strchr(text, ':');

	*left = *right = sl_slice_text(text);
	if (colon == NULL)
		return;
	left->len = (size_t)(colon - text);
	*right = sl_slice_text(colon + 1);
}

static int find_group(const struct col_logrule *rule, struct sl_slice name)
{
	const char *known;

	for (size_t i = 0; (known = col_logpattern_name(rule->pattern, i)) != NULL; i++)
		if (strlen(known) == name.len && memcmp(known, name.data, name.len) == 0)
			return (int)i;
	return -1;
}

static void use_group(struct col_logrule *rule, const struct sl_catalog_event *event,
    size_t group, struct sl_slice field)
{
	rule->group[group].field = field.data;
	rule->group[group].field_len = field.len;
	for (size_t i = 0; event != NULL && i < event->field_count; i++)
		if (strlen(event->field[i].name) == field.len &&
		    memcmp(event->field[i].name, field.data, field.len) == 0)
			rule->group[group].number =
			    event->field[i].type == SL_FIELD_NUMBER ||
			    event->field[i].type == SL_FIELD_INTEGER;
}

static int make_fields(struct col_logrule *rule, const struct sl_catalog_event *event,
    char error[COL_LOGRULE_ERROR])
{
	const struct sl_config_log_pattern *config = rule->config;
	const char *name;

	for (size_t i = 0; config->fields.count == 0 &&
			   (name = col_logpattern_name(rule->pattern, i)) != NULL;
	     i++)
		use_group(rule, event, i, sl_slice_text(name));
	for (size_t i = 0; i < config->fields.count; i++) {
		struct sl_slice group, field;

		split(config->fields.name[i], &group, &field);
		int number = find_group(rule, group);
		if (number < 0)
			return fail(
			    error, "fields: it has no group", config->fields.name[i]);
		use_group(rule, event, (size_t)number, field);
	}
	for (size_t i = 0; i < config->mask.count; i++) {
		int number = col_logpattern_find(rule->pattern, config->mask.name[i]);

		if (number < 0)
			return fail(error, "mask: it has no group", config->mask.name[i]);
		rule->group[number].masked = true;
	}
	return 0;
}

static int make_set(struct col_logrule *rule, char error[COL_LOGRULE_ERROR])
{
	const struct sl_names *set = &rule->config->set;

	for (size_t i = 0; i < set->count; i++) {
		if (strchr(set->name[i], ':') == NULL)
			return fail(error, "set: not field:value:", set->name[i]);
		if (i == COL_LOGRULE_SETS)
			return fail(error, "set: too many before", set->name[i]);
		split(set->name[i], &rule->set[i].field, &rule->set[i].value);
		rule->set_count++;
	}
	return 0;
}

static int make_labels(struct col_logrule *rule, char error[COL_LOGRULE_ERROR])
{
	const struct sl_names *labels = &rule->config->labels;

	for (size_t i = 0; i < labels->count; i++) {
		const char *name = labels->name[i];

		if (i == COL_LOGRULE_LABELS)
			return fail(error, "labels: too many before", name);
		rule->label[i].key = name;
		rule->label[i].group = col_logpattern_find(rule->pattern, name);
		bool known = rule->label[i].group >= 0;
		for (size_t s = 0; s < rule->set_count && !known; s++)
			if (rule->set[s].field.len == strlen(name) &&
			    memcmp(rule->set[s].field.data, name, strlen(name)) == 0) {
				rule->label[i].value = rule->set[s].value;
				known = true;
			}
		if (!known)
			return fail(
			    error, "labels: it has no group and no field of set", name);
		rule->label_count++;
	}
	return 0;
}

/* A metric that sources feed: neither derived nor counted from events by nature. */
static int check_metric(const struct sl_catalog *catalog, const char *option,
    const char *name, char error[COL_LOGRULE_ERROR])
{
	const struct sl_catalog_metric *metric =
	    is_set(name) ? sl_catalog_metric(catalog, NULL, name, strlen(name)) : NULL;

	if (!is_set(name) || (metric != NULL && metric->expr == NULL))
		return 0;
	snprintf(error, COL_LOGRULE_ERROR, "%s: the catalog has no metric \"%s\"%s",
	    option, name, metric != NULL ? " that is not derived" : "");
	return SL_EINVAL;
}

static int make(struct col_logrule *rule, const struct sl_catalog *catalog,
    char error[COL_LOGRULE_ERROR])
{
	const struct sl_config_log_pattern *config = rule->config;
	const struct sl_catalog_event *event = NULL;

	if (is_set(config->event)) {
		event = sl_catalog_event(catalog, config->event, strlen(config->event));
		rule->event = config->event;
		if (event == NULL)
			return fail(
			    error, "event: the catalog has no type", config->event);
	}
	if (make_fields(rule, event, error) != 0 || make_set(rule, error) != 0 ||
	    make_labels(rule, error) != 0 ||
	    check_metric(catalog, "count", config->count, error) != 0 ||
	    check_metric(catalog, "per_minute", config->per_minute, error) != 0 ||
	    check_metric(catalog, "share", config->share, error) != 0)
		return SL_EINVAL;
	rule->share_group = -1;
	if (is_set(config->share)) {
		const char *of = is_set(config->share_of) ? config->share_of : "error";

		rule->share_group = col_logpattern_find(rule->pattern, of);
		if (rule->share_group < 0)
			return fail(error, "share_of: it has no group", of);
	}
	return 0;
}

struct col_logrule *col_logrule_new(const struct sl_config_log_pattern *config,
    const struct sl_catalog *catalog, uint32_t match_limit, char error[COL_LOGRULE_ERROR])
{
	struct col_logrule *rule = calloc(1, sizeof(*rule));
	char text[COL_LOGPATTERN_ERROR];

	if (rule == NULL)
		abort();
	rule->config = config;
	rule->pattern = col_logpattern_new(config->expression, match_limit, text);
	if (rule->pattern == NULL)
		snprintf(error, COL_LOGRULE_ERROR, "expression: %s", text);
	if (rule->pattern != NULL && make(rule, catalog, error) == 0)
		return rule;
	col_logrule_free(rule);
	return NULL;
}

void col_logrule_free(struct col_logrule *rule)
{
	if (rule == NULL)
		return;
	col_logpattern_free(rule->pattern);
	free(rule);
}

/* ---- using ------------------------------------------------------------------------- */

void col_logrule_text(struct sl_slice bytes, size_t max, struct sl_buf *out)
{
	for (size_t i = 0; i < bytes.len && i < max;) {
		int len = sl_utf8_char(bytes.data + i, bytes.len - i);
		unsigned char c = (unsigned char)bytes.data[i];

		if (len > 0 && i + (size_t)len > max)
			return;
		if (len == 0 || c < 0x20 || c == 0x7f)
			sl_buf_adds(out, REPLACEMENT);
		else
			sl_buf_add(out, bytes.data + i, (size_t)len);
		i += len > 0 ? (size_t)len : 1;
	}
}

static bool is_number(struct sl_slice text)
{
	return text.len > 0 && text.len <= SAFE_DIGITS &&
	       memchr("-0123456789", text.data[0], 11) != NULL &&
	       sl_json_check_value(text.data, text.len) == 0;
}

static void write_value(struct sl_json_out *json, const struct col_logrule *rule,
    size_t group, struct sl_slice text)
{
	struct sl_buf clean = {0};

	if (rule->group[group].masked) {
		sl_json_out_text(json, MASK);
	} else if (rule->group[group].number && is_number(text)) {
		sl_json_out_raw(json, text.data, text.len);
	} else {
		col_logrule_text(text, COL_LOGRULE_VALUE_MAX, &clean);
		sl_json_out_string(json, sl_buf_text(&clean), clean.len);
	}
	sl_buf_clear(&clean);
}

void col_logrule_payload(const struct col_logrule *rule, struct sl_buf *out)
{
	struct sl_json_out json;

	sl_json_out_init(&json, out);
	sl_json_out_object_begin(&json);
	for (size_t i = 0; i < rule->set_count; i++) {
		sl_json_out_keyn(&json, rule->set[i].field.data, rule->set[i].field.len);
		sl_json_out_string(
		    &json, rule->set[i].value.data, rule->set[i].value.len);
	}
	for (size_t i = 0; col_logpattern_name(rule->pattern, i) != NULL; i++) {
		struct sl_slice text;

		if (rule->group[i].field == NULL ||
		    !col_logpattern_group(rule->pattern, i, &text))
			continue;
		sl_json_out_keyn(&json, rule->group[i].field, rule->group[i].field_len);
		write_value(&json, rule, i, text);
	}
	sl_json_out_object_end(&json);
}

struct sl_slice col_logrule_label(const struct col_logrule *rule, size_t label)
{
	struct sl_slice value = {"", 0};

	if (rule->label[label].group < 0)
		return rule->label[label].value;
	col_logpattern_group(rule->pattern, (size_t)rule->label[label].group, &value);
	return value;
}

bool col_logrule_shares(const struct col_logrule *rule)
{
	struct sl_slice text;

	return rule->share_group >= 0 &&
	       col_logpattern_group(rule->pattern, (size_t)rule->share_group, &text);
}
