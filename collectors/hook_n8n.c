/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "hook_form.h"

#define PREFIX "n8n."

/* X(n8n's name, ours): log streaming's names, and the short ones. */
#define NAME_TABLE(X)                                                                    \
	X("workflow.started", "workflow.started")                                        \
	X("workflow.success", "workflow.completed")                                      \
	X("workflow.failed", "workflow.failed")                                          \
	X("workflow.crashed", "workflow.failed")                                         \
	X("started", "workflow.started")                                                 \
	X("success", "workflow.completed")                                               \
	X("failed", "workflow.failed")

static const char *event_type(struct sl_slice name)
{
	if (name.len > strlen(PREFIX) && memcmp(name.data, PREFIX, strlen(PREFIX)) == 0) {
		name.data += strlen(PREFIX);
		name.len -= strlen(PREFIX);
	}
#define X(theirs, ours)                                                                  \
	if (name.len == strlen(theirs) && memcmp(name.data, theirs, name.len) == 0)      \
		return ours;
	NAME_TABLE(X)
#undef X
	return NULL;
}

static void set(json_t *out, const char *name, json_t *value)
{
	if (value != NULL && !json_is_null(value))
		json_object_set(out, name, value);
}

/* A reference of the caller's. */
static json_t *workflow_payload(const json_t *from)
{
	static const char *const copied[] = {"executionId", "workflowId", "workflowName",
	    "durationMs", "error", "mode", "isManual", "userId", "lastNodeExecuted"};
	json_t *payload = json_object();

	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		set(payload, copied[i], json_object_get(from, copied[i]));
	if (json_object_get(payload, "error") == NULL)
		set(payload, "error", json_object_get(from, "errorMessage"));
	return payload;
}

/* What the error workflow gets from n8n's Error Trigger node. */
static int add_error(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *item, const char *where)
{
	json_t *payload = json_object();
	struct col_batch_given given = {
	    .where = where, .type = sl_slice_text("workflow.failed"), .payload = payload};

	set(payload, "executionId", sl_json_in_path(item, "execution.id"));
	set(payload, "workflowId", sl_json_in_path(item, "workflow.id"));
	set(payload, "workflowName", sl_json_in_path(item, "workflow.name"));
	set(payload, "error", sl_json_in_path(item, "execution.error.message"));
	set(payload, "mode", sl_json_in_path(item, "execution.mode"));
	set(payload, "lastNodeExecuted",
	    sl_json_in_path(item, "execution.lastNodeExecuted"));
	set(payload, "url", sl_json_in_path(item, "execution.url"));
	int rc = col_batch_add_event(batch, rules, &given);
	json_decref(payload);
	return rc;
}

static bool is_name(struct sl_slice name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static int add_queue(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *from, struct col_batch_measured *measured)
{
	if (!sl_json_in_number(from, "size", &measured->value) &&
	    !sl_json_in_number(from, "waiting", &measured->value))
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: a queue needs its \"size\" or \"waiting\"", measured->where);
	measured->metric = sl_slice_text("queue_size");
	return col_batch_add_sample(batch, rules, measured);
}

static int add_item(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *item, const char *where)
{
	struct col_batch_given given = {.where = where, .source = sl_slice_text("n8n")};
	struct sl_slice name = {NULL, 0};

	if (!json_is_object(item))
		return col_batch_refuse(
		    batch, SL_EMALFORMED, "%s: an object is expected", where);
	if (json_is_object(json_object_get(item, "execution")) &&
	    json_is_object(json_object_get(item, "workflow")))
		return add_error(batch, rules, item, where);
	if (!sl_json_in_string(item, "eventName", &name) &&
	    !sl_json_in_string(item, "event", &name))
		return col_batch_refuse(batch, SL_EMALFORMED,
		    "%s: \"eventName\" or \"event\" is missing", where);
	if (!sl_json_in_string(item, "ts", &given.time))
		sl_json_in_string(item, "time", &given.time);
	sl_json_in_string(item, "id", &given.id);
	const json_t *from = json_object_get(item, "payload");
	from = json_is_object(from) ? from : item;
	if (is_name(name, "queue"))
		return add_queue(batch, rules, from,
		    &(struct col_batch_measured){.where = where, .time = given.time});
	const char *type = event_type(name);
	if (type == NULL) {
		batch->ignored++;
		return 0;
	}
	json_t *payload = workflow_payload(from);
	given.type = sl_slice_text(type);
	given.payload = payload;
	int rc = col_batch_add_event(batch, rules, &given);
	json_decref(payload);
	return rc;
}

int col_hook_form_n8n(
    struct col_batch *batch, const struct col_batch_rules *rules, struct sl_slice body)
{
	struct sl_json_in_error error;
	json_t *tree = sl_json_in_parse(body.data, body.len, &error);
	char where[32];
	int rc = 0;

	if (tree == NULL)
		return col_batch_refuse(batch, SL_EMALFORMED, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	if (!json_is_array(tree))
		rc = add_item(batch, rules, tree, "the body");
	for (size_t i = 0; rc == 0 && i < json_array_size(tree); i++) {
		snprintf(where, sizeof(where), "items[%zu]", i);
		rc = add_item(batch, rules, json_array_get(tree, i), where);
	}
	json_decref(tree);
	return rc;
}
