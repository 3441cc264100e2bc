/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "hook_form.h"

/*
 * Alertmanager repeats a whole group whenever one of its alerts changes, and
 * after repeat_interval.  So an alert's id is what makes it a new one:
 * fingerprint, status and when that began.
 */
static void write_id(const json_t *alert, const char *status, struct sl_buf *id)
{
	struct sl_slice text;

	sl_buf_adds(id, status);
	if (sl_json_in_string(alert, "fingerprint", &text))
		sl_buf_add(id, text.data, text.len);
	else
		sl_json_in_write(json_object_get(alert, "labels"), id);
	if (sl_json_in_string(
		alert, strcmp(status, "firing") == 0 ? "startsAt" : "endsAt", &text))
		sl_buf_add(id, text.data, text.len);
}

static json_t *text_of(const json_t *alert, const char *path, const char *other)
{
	json_t *value = sl_json_in_path(alert, path);

	return json_is_string(value) ? value : sl_json_in_path(alert, other);
}

static int add_alert(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *alert, const char *where)
{
	struct sl_slice status;
	struct sl_buf id = {0};

	if (!sl_json_in_string(alert, "status", &status) ||
	    (strcmp(status.data, "firing") != 0 && strcmp(status.data, "resolved") != 0))
		return col_batch_refuse(
		    batch, SL_EINVAL, "%s: \"status\" must be firing or resolved", where);
	if (!json_is_object(json_object_get(alert, "labels")))
		return col_batch_refuse(
		    batch, SL_EINVAL, "%s: \"labels\" must be an object", where);
	bool firing = strcmp(status.data, "firing") == 0;
	json_t *message = text_of(alert, "annotations.summary", "labels.alertname");
	json_t *payload = json_pack("{s:O*, s:O*, s:O?, s:O*}", "alert_type",
	    sl_json_in_path(alert, "labels.alertname"), "severity",
	    sl_json_in_path(alert, "labels.severity"), "message",
	    json_is_string(message) ? message : NULL, "data", alert);
	if (payload == NULL)
		return col_batch_refuse(batch, SL_EINVAL, "%s: it cannot be read", where);
	write_id(alert, status.data, &id);
	struct col_batch_given given = {.where = where,
	    .type = sl_slice_text(
		firing ? "system.custom_alert" : "system.custom_alert_resolved"),
	    .source = sl_slice_text("alertmanager"),
	    .id = {id.data, id.len},
	    .payload = payload};
	int rc = col_batch_add_event(batch, rules, &given);
	json_decref(payload);
	sl_buf_clear(&id);
	return rc;
}

int col_hook_form_alertmanager(
    struct col_batch *batch, const struct col_batch_rules *rules, struct sl_slice body)
{
	struct sl_json_in_error error;
	json_t *tree = sl_json_in_parse(body.data, body.len, &error);
	const json_t *alerts = json_object_get(tree, "alerts");
	struct sl_slice version;
	char where[32];
	int rc = 0;

	if (tree == NULL)
		return col_batch_refuse(batch, SL_EMALFORMED, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	if (!json_is_array(alerts))
		rc =
		    col_batch_refuse(batch, SL_EMALFORMED, "\"alerts\" must be an array");
	else if (!sl_json_in_string(tree, "version", &version) ||
		 strcmp(version.data, "4") != 0)
		rc = col_batch_refuse(batch, SL_EMALFORMED, "\"version\" must be \"4\"");
	for (size_t i = 0; rc == 0 && i < json_array_size(alerts); i++) {
		snprintf(where, sizeof(where), "alerts[%zu]", i);
		rc = add_alert(batch, rules, json_array_get(alerts, i), where);
	}
	json_decref(tree);
	return rc;
}
