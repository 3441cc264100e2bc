/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of bodies that products send to webhooks, read into a batch. */
#ifndef COL_HOOK_FORM_H
#define COL_HOOK_FORM_H

/* What each returns says batch_form.h. */
#include "batch_form.h"

/*
 * col_hook_form_n8n: events of n8n's log streaming ({"eventName":
 * "n8n.workflow.success", "payload": {…}}, several in an array), what its
 * error workflow gets ({"execution": {…}, "workflow": {…}}), and the short form
 * {"event": "started" | "success" | "failed" | "queue", …} for an HTTP Request
 * node.  Other events of n8n are counted as ignored.
 */
col_batch_form_fn col_hook_form_n8n;

/* col_hook_form_alertmanager: version 4 of Alertmanager's webhook. */
col_batch_form_fn col_hook_form_alertmanager;

/* An event of a GitHub webhook becomes github.<event> with what a feed shows. */
int col_hook_form_github(struct col_batch *batch, const struct col_batch_rules *rules,
    struct sl_slice body, struct sl_slice event);

#endif
