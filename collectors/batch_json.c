/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "batch_form.h"
#include "error.h"

#define WHERE 48

static bool first_string(
    const json_t *item, const char *name, const char *other, struct sl_slice *out)
{
	return sl_json_in_string(item, name, out) || sl_json_in_string(item, other, out);
}

/* A member that is there must be text: ids as numbers would be lost silently. */
static int check_texts(struct col_batch *batch, const json_t *item, const char *where)
{
	static const char *const names[] = {"type", "id", "time", "timestamp", "metric"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *value = json_object_get(item, names[i]);
		if (value != NULL && !json_is_string(value))
			return col_batch_refuse(
			    batch, SL_EINVAL, "%s: \"%s\" must be text", where, names[i]);
	}
	return 0;
}

static int add_event(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *item, const char *where)
{
	struct col_batch_given given = {.where = where};
	const json_t *audience = json_object_get(item, "audience");

	sl_json_in_string(item, "type", &given.type);
	sl_json_in_string(item, "id", &given.id);
	first_string(item, "time", "timestamp", &given.time);
	given.payload = json_object_get(item, "payload");
	if (given.payload == NULL)
		given.payload = json_object_get(item, "data");
	if (sl_json_in_string(audience, "sub", &given.audience_name))
		given.audience = SIGHTLINE_SUB;
	else if (sl_json_in_string(audience, "role", &given.audience_name))
		given.audience = SIGHTLINE_ROLE;
	/* Never to everyone what was meant for somebody. */
	else if (audience != NULL)
		return col_batch_refuse(batch, SL_EINVAL,
		    "%s: its audience needs \"sub\" or \"role\"", where);
	return col_batch_add_event(batch, rules, &given);
}

static int add_sample(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *item, const char *where)
{
	struct col_batch_measured measured = {.where = where};

	sl_json_in_string(item, "metric", &measured.metric);
	first_string(item, "time", "timestamp", &measured.time);
	measured.labels = json_object_get(item, "labels");
	if (!sl_json_in_number(item, "value", &measured.value))
		return col_batch_refuse(
		    batch, SL_EINVAL, "%s: \"value\" must be a number", where);
	return col_batch_add_sample(batch, rules, &measured);
}

static int add_item(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *item, const char *where)
{
	if (!json_is_object(item))
		return col_batch_refuse(
		    batch, SL_EMALFORMED, "%s: an object is expected", where);
	int rc = check_texts(batch, item, where);
	if (rc != 0)
		return rc;
	if (json_object_get(item, "specversion") != NULL)
		return col_batch_form_structured(batch, rules, item, where);
	if (json_object_get(item, "metric") != NULL)
		return add_sample(batch, rules, item, where);
	return add_event(batch, rules, item, where);
}

static int add_items(struct col_batch *batch, const struct col_batch_rules *rules,
    const json_t *items, const char *name)
{
	char where[WHERE];

	if (items == NULL)
		return 0;
	if (!json_is_array(items))
		return col_batch_refuse(
		    batch, SL_EMALFORMED, "\"%s\" must be an array", name);
	for (size_t i = 0; i < json_array_size(items); i++) {
		snprintf(where, sizeof(where), "%s[%zu]", name, i);
		int rc = add_item(batch, rules, json_array_get(items, i), where);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int col_batch_form_json(
    struct col_batch *batch, const struct col_batch_rules *rules, struct sl_slice body)
{
	struct sl_json_in_error error;
	json_t *tree = sl_json_in_parse(body.data, body.len, &error);
	int rc;

	if (tree == NULL)
		return col_batch_refuse(batch, SL_EMALFORMED, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	if (json_is_array(tree)) {
		rc = add_items(batch, rules, tree, "items");
	} else if (json_object_get(tree, "events") != NULL ||
		   json_object_get(tree, "samples") != NULL) {
		rc = add_items(batch, rules, json_object_get(tree, "events"), "events");
		if (rc == 0)
			rc = add_items(
			    batch, rules, json_object_get(tree, "samples"), "samples");
	} else {
		rc = add_item(batch, rules, tree, "the body");
	}
	json_decref(tree);
	return rc;
}
