/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of bodies that senders use, read into a batch. */
#ifndef COL_HOOK_FORM_H
#define COL_HOOK_FORM_H

#include "hook_batch.h"

/*
 * Each reads one body into an empty batch: pure apart from that.  Returns 0,
 * SL_EMALFORMED (not JSON, or not of this form), SL_EINVAL (an item is
 * refused) or SL_ETOOBIG, with a line in batch->error that says where.
 */
typedef int col_hook_form_fn(struct col_hook_batch *batch,
    const struct col_hook_rules *rules, struct sl_slice body);

/*
 * col_hook_form_json: an event {"type", "id"?, "time"?, "audience"?,
 * "payload"?}, a sample {"metric", "value", "time"?, "labels"?}, a CloudEvent
 * in structured mode, an array of these, or {"events": […], "samples": […]}.
 * "data" and "timestamp" (Standard Webhooks) are as good as "payload", "time".
 */
col_hook_form_fn col_hook_form_json;

/*
 * col_hook_form_n8n: events of n8n's log streaming ({"eventName":
 * "n8n.workflow.success", "payload": {…}}, several in an array), what its
 * error workflow gets ({"execution": {…}, "workflow": {…}}), and the short form
 * {"event": "started" | "success" | "failed" | "queue", …} for an HTTP Request
 * node.  Other events of n8n are counted as ignored.
 */
col_hook_form_fn col_hook_form_n8n;

/* col_hook_form_alertmanager: version 4 of Alertmanager's webhook. */
col_hook_form_fn col_hook_form_alertmanager;

/* An event of a GitHub webhook becomes github.<event> with what a feed shows. */
int col_hook_form_github(struct col_hook_batch *batch, const struct col_hook_rules *rules,
    struct sl_slice body, struct sl_slice event);

/* The attributes of a CloudEvent (1.0) as text; absent ones have no data. */
struct col_hook_cloudevent {
	struct sl_slice specversion, type, source, id, time;
	bool has_json;        /* data is a JSON value */
	json_t *data;         /* then; borrowed, or NULL */
	struct sl_slice text; /* else: UTF-8 */
};

/*
 * col_hook_form_cloudevent adds one.  Its type is looked for in the catalog as
 * it is, then without its first words ("com.example.orders.created"); data
 * that is no object becomes {"data": …}.  Errors as above.
 */
int col_hook_form_cloudevent(struct col_hook_batch *batch,
    const struct col_hook_rules *rules, const struct col_hook_cloudevent *given,
    const char *where);

/* col_hook_form_structured adds one that is a JSON object. */
int col_hook_form_structured(struct col_hook_batch *batch,
    const struct col_hook_rules *rules, const json_t *object, const char *where);

#endif
