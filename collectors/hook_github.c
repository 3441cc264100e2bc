/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "error.h"
#include "hook_form.h"

/* A delivery has up to 25 MiB; a feed shows who did what to which repository. */
static json_t *summary(const json_t *tree)
{
	static const struct {
		const char *name, *path;
	} shown[] = {
	    {"action", "action"},
	    {"repository", "repository.full_name"},
	    {"sender", "sender.login"},
	    {"ref", "ref"},
	    {"after", "after"},
	    {"compare", "compare"},
	    {"message", "head_commit.message"},
	    {"number", "number"},
	    {"title", "pull_request.title"},
	    {"issue", "issue.title"},
	    {"url", "pull_request.html_url"},
	    {"workflow", "workflow_run.name"},
	    {"status", "workflow_run.status"},
	    {"conclusion", "workflow_run.conclusion"},
	    {"release", "release.tag_name"},
	    {"zen", "zen"},
	};
	json_t *payload = json_object();

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		json_t *value = sl_json_in_path(tree, shown[i].path);
		if (json_is_string(value) || json_is_number(value))
			json_object_set(payload, shown[i].name, value);
	}
	return payload;
}

int col_hook_form_github(struct col_batch *batch, const struct col_batch_rules *rules,
    struct sl_slice body, struct sl_slice event)
{
	struct sl_json_in_error error;
	struct sl_buf type = {0};

	if (event.len == 0)
		return col_batch_refuse(
		    batch, SL_EMALFORMED, "the field X-GitHub-Event is missing");
	json_t *tree = sl_json_in_parse(body.data, body.len, &error);
	if (tree == NULL)
		return col_batch_refuse(batch, SL_EMALFORMED, "line %d, column %d: %s",
		    error.line, error.column, error.text);
	json_t *payload = summary(tree);
	sl_buf_adds(&type, "github.");
	sl_buf_add(&type, event.data, event.len);
	struct col_batch_given given = {
	    .where = "the delivery", .type = {type.data, type.len}, .payload = payload};
	int rc = json_is_object(tree) ? col_batch_add_event(batch, rules, &given)
				      : col_batch_refuse(batch, SL_EMALFORMED,
					    "the body must be a JSON object");
	sl_buf_clear(&type);
	json_decref(payload);
	json_decref(tree);
	return rc;
}
