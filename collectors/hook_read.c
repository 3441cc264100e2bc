/* SPDX-License-Identifier: Apache-2.0 */
#include "hook_read.h"

#include <string.h>

#include "error.h"
#include "hook_form.h"
#include "url.h"

/* ---- what ----------------------------------------------------------------------------
 */

/* CloudEvents in binary mode: attributes as percent-encoded fields. */
static int read_binary(struct col_hook *hook, const struct col_batch_rules *rules,
    const struct sl_http_request *request)
{
	static const char *const names[] = {
	    "ce-specversion", "ce-type", "ce-source", "ce-id", "ce-time"};
	struct col_batch_cloudevent cloud = {.text = request->body};
	struct sl_slice *const slots[] = {
	    &cloud.specversion, &cloud.type, &cloud.source, &cloud.id, &cloud.time};
	struct sl_slice type = sl_http_request_header(request, "Content-Type");
	struct sl_buf decoded[5] = {{0}};
	json_t *data = NULL;
	int rc = 0;

	for (size_t i = 0; i < 5; i++) {
		struct sl_slice value = sl_http_request_header(request, names[i]);
		if (sl_url_decode(&decoded[i], value.data, value.len, false) != 0)
			rc = col_batch_refuse(&hook->batch, SL_EMALFORMED,
			    "%s: broken percent-encoding", names[i]);
		if (value.data != NULL)
			*slots[i] = (struct sl_slice){decoded[i].data, decoded[i].len};
	}
	if (type.data == NULL || memmem(type.data, type.len, "json", 4) != NULL) {
		struct sl_json_in_error error;
		cloud.has_json = true;
		if (request->body.len > 0 && rc == 0) {
			data = sl_json_in_parse(
			    request->body.data, request->body.len, &error);
			if (data == NULL)
				rc = col_batch_refuse(&hook->batch, SL_EMALFORMED,
				    "line %d, column %d: %s", error.line, error.column,
				    error.text);
		}
		cloud.data = data;
	}
	if (rc == 0)
		rc = col_batch_form_cloudevent(&hook->batch, rules, &cloud, "the event");
	json_decref(data);
	for (size_t i = 0; i < 5; i++)
		sl_buf_clear(&decoded[i]);
	return rc;
}

int col_hook_read_body(struct col_hook *hook, const struct sl_http_request *request,
    enum col_hook_form form, const struct col_batch_rules *rules)
{
	col_batch_reset(&hook->batch);
	switch (form) {
	case COL_HOOK_FORM_N8N:
		return col_hook_form_n8n(&hook->batch, rules, request->body);
	case COL_HOOK_FORM_ALERTMANAGER:
		return col_hook_form_alertmanager(&hook->batch, rules, request->body);
	case COL_HOOK_FORM_GITHUB:
		return col_hook_form_github(&hook->batch, rules, request->body,
		    sl_http_request_header(request, "X-GitHub-Event"));
	default:
		if (sl_http_request_header(request, "ce-specversion").data != NULL)
			return read_binary(hook, rules, request);
		return col_batch_form_json(&hook->batch, rules, request->body);
	}
}
