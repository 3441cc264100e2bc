/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as senders and scripts write it, read into a batch. */
#ifndef COL_BATCH_FORM_H
#define COL_BATCH_FORM_H

#include "batch.h"

/*
 * Each reads one body into an empty batch: pure apart from that.  Returns 0,
 * SL_EMALFORMED (not JSON, or not of this form), SL_EINVAL (an item is
 * refused) or SL_ETOOBIG, with a line in batch->error that says where.
 */
typedef int col_batch_form_fn(
    struct col_batch *batch, const struct col_batch_rules *rules, struct sl_slice body);

/*
 * col_batch_form_json: an event {"type", "id"?, "time"?, "audience"?,
 * "payload"?}, a sample {"metric", "value", "time"?, "labels"?}, a CloudEvent
 * in structured mode, an array of these, or {"events": […], "samples": […]}.
 * "data" and "timestamp" (Standard Webhooks) are as good as "payload", "time".
 */
col_batch_form_fn col_batch_form_json;

/* The attributes of a CloudEvent (1.0) as text; absent ones have no data. */
struct col_batch_cloudevent {
	struct sl_slice specversion, type, source, id, time;
	bool has_json;        /* data is a JSON value */
	json_t *data;         /* then; borrowed, or NULL */
	struct sl_slice text; /* else: UTF-8 */
};

/*
 * col_batch_form_cloudevent adds one.  Its type is looked for in the catalog as
 * it is, then without its first words ("com.example.orders.created"); data
 * that is no object becomes {"data": …}.  Errors as above.
 */
int col_batch_form_cloudevent(struct col_batch *batch,
    const struct col_batch_rules *rules, const struct col_batch_cloudevent *given,
    const char *where);

/* col_batch_form_structured adds one that is a JSON object. */
int col_batch_form_structured(struct col_batch *batch,
    const struct col_batch_rules *rules, const json_t *object, const char *where);

#endif
