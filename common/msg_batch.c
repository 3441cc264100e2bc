/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "error.h"
#include "msg_wire.h"

/*
 * [version, kind, head, [def…], [metric…], [entry…], [control…]]
 *
 * The counts of the four lists are written as array32 and patched when the
 * list ends.
 */
enum section { SECTION_DEF, SECTION_METRIC, SECTION_ENTRY, SECTION_CONTROL, SECTIONS };

#define HEAD_FIELDS    7
#define DEF_FIELDS     8
#define METRIC_FIELDS  5
#define CONTROL_FIELDS 3

/* ---- writing ---- */

static void section_open(struct sl_msg_batch_writer *w, int section)
{
	w->section = section;
	w->count = 0;
	w->count_at = sl_pack_array_open(w->out);
}

/* Ends lists until the one wanted is open: the order of the calls is a contract. */
static void section_enter(struct sl_msg_batch_writer *w, int section)
{
	assert(section >= w->section);
	while (w->section < section) {
		sl_pack_array_close(w->out, w->count_at, w->count);
		section_open(w, w->section + 1);
	}
	w->count++;
}

void sl_msg_batch_begin(struct sl_msg_batch_writer *w, struct sl_buf *out,
    const struct sl_msg_batch_head *head)
{
	sl_buf_reset(out);
	sl_msg_wire_begin(out, SL_MSG_BATCH, 1 + SECTIONS);
	sl_pack_array(out, HEAD_FIELDS);
	sl_pack_uint(out, head->aggregator);
	sl_pack_uint(out, head->epoch);
	sl_pack_uint(out, head->flush);
	sl_pack_uint(out, head->metrics_seq);
	sl_pack_int(out, head->publish_us);
	sl_pack_bool(out, head->keyframe);
	sl_pack_bool(out, head->paused);
	w->out = out;
	section_open(w, SECTION_DEF);
}

void sl_msg_batch_add_def(
    struct sl_msg_batch_writer *w, const struct sl_msg_metric_def *def)
{
	section_enter(w, SECTION_DEF);
	sl_pack_array(w->out, DEF_FIELDS);
	sl_pack_uint(w->out, def->id);
	sl_pack_str(w->out, def->tenant);
	sl_pack_str(w->out, def->module);
	sl_pack_str(w->out, def->name);
	sl_pack_str(w->out, def->field);
	sl_pack_str(w->out, def->unit);
	sl_pack_bool(w->out, def->in_snapshot);
	sl_pack_bool(w->out, def->is_status);
}

void sl_msg_batch_add_metric(struct sl_msg_batch_writer *w, const struct sl_msg_metric *m)
{
	section_enter(w, SECTION_METRIC);
	sl_pack_array(w->out, METRIC_FIELDS);
	sl_pack_uint(w->out, m->id);
	sl_pack_double(w->out, m->value);
	sl_pack_int(w->out, m->ts_us);
	sl_pack_uint(w->out, m->status);
	sl_pack_bool(w->out, m->stale);
}

void sl_msg_batch_add_entry(struct sl_msg_batch_writer *w, const void *packed, size_t len)
{
	section_enter(w, SECTION_ENTRY);
	sl_buf_add(w->out, packed, len);
}

void sl_msg_batch_add_control(
    struct sl_msg_batch_writer *w, const struct sl_msg_control *c)
{
	section_enter(w, SECTION_CONTROL);
	sl_pack_array(w->out, CONTROL_FIELDS);
	sl_pack_uint(w->out, c->seq);
	sl_pack_str(w->out, c->kind);
	sl_pack_str(w->out, c->body);
}

void sl_msg_batch_end(struct sl_msg_batch_writer *w)
{
	section_enter(w, SECTION_CONTROL);
	w->count--;
	sl_pack_array_close(w->out, w->count_at, w->count);
}

/* ---- reading ---- */

static void read_head(struct sl_unpack *u, struct sl_msg_batch_head *head)
{
	sl_unpack_fields(u, HEAD_FIELDS);
	head->aggregator = sl_unpack_uint(u, 0, UINT64_MAX);
	head->epoch = sl_unpack_uint(u, 0, UINT64_MAX);
	head->flush = sl_unpack_uint(u, 0, UINT64_MAX);
	head->metrics_seq = sl_unpack_uint(u, 0, UINT64_MAX);
	head->publish_us = sl_unpack_int(u);
	head->keyframe = sl_unpack_bool(u);
	head->paused = sl_unpack_bool(u);
}

static void read_def(struct sl_unpack *u, struct sl_msg_metric_def *def)
{
	sl_unpack_fields(u, DEF_FIELDS);
	def->id = (uint32_t)sl_unpack_uint(u, 0, UINT32_MAX);
	def->tenant = sl_unpack_str(u, SL_MSG_NAME_MAX);
	def->module = sl_unpack_str(u, SL_MSG_NAME_MAX);
	def->name = sl_unpack_str(u, SL_MSG_NAME_MAX);
	def->field = sl_unpack_str(u, SL_MSG_NAME_MAX);
	def->unit = sl_unpack_str(u, SL_MSG_NAME_MAX);
	def->in_snapshot = sl_unpack_bool(u);
	def->is_status = sl_unpack_bool(u);
}

static void read_metric(struct sl_unpack *u, struct sl_msg_metric *m)
{
	sl_unpack_fields(u, METRIC_FIELDS);
	m->id = (uint32_t)sl_unpack_uint(u, 0, UINT32_MAX);
	m->value = sl_unpack_double(u);
	m->ts_us = sl_unpack_int(u);
	m->status = (uint8_t)sl_unpack_uint(u, 0, SL_STATUS_CRITICAL);
	m->stale = sl_unpack_bool(u);
}

static void read_control(struct sl_unpack *u, struct sl_msg_control *c)
{
	sl_unpack_fields(u, CONTROL_FIELDS);
	c->seq = sl_unpack_uint(u, 1, UINT64_MAX);
	c->kind = sl_unpack_str(u, SL_MSG_NAME_MAX);
	c->body = sl_unpack_str(u, SL_MSG_BODY_MAX);
}

/* Hands a part that was read to its function, unless there was a fault. */
#define DELIVER(u, function, ...)                                                        \
	do {                                                                             \
		if ((u)->error == 0 && (function))                                       \
			sl_unpack_fail(u, function(__VA_ARGS__));                        \
	} while (0)

/* The four lists are bounded in count by the bytes of the message alone. */
static void read_lists(
    struct sl_unpack *u, const struct sl_msg_batch_sink *sink, void *arg)
{
	struct sl_msg_metric_def def;
	struct sl_msg_metric metric;
	struct sl_msg_control control;
	struct sl_entry entry;
	struct sl_slice packed;

	for (uint32_t n = sl_unpack_array(u, UINT32_MAX); n > 0 && !u->error; n--) {
		read_def(u, &def);
		DELIVER(u, sink->def, arg, &def);
	}
	for (uint32_t n = sl_unpack_array(u, UINT32_MAX); n > 0 && !u->error; n--) {
		read_metric(u, &metric);
		DELIVER(u, sink->metric, arg, &metric);
	}
	for (uint32_t n = sl_unpack_array(u, UINT32_MAX); n > 0 && !u->error; n--) {
		sl_msg_wire_entry(u, &entry, &packed);
		DELIVER(u, sink->entry, arg, &entry, packed);
	}
	for (uint32_t n = sl_unpack_array(u, UINT32_MAX); n > 0 && !u->error; n--) {
		read_control(u, &control);
		DELIVER(u, sink->control, arg, &control);
	}
}

static int read_batch(
    const void *data, size_t len, const struct sl_msg_batch_sink *sink, void *arg)
{
	struct sl_unpack u;
	struct sl_msg_batch_head head;

	sl_msg_wire_open(&u, data, len, SL_MSG_BATCH, 1 + SECTIONS);
	read_head(&u, &head);
	DELIVER(&u, sink->head, arg, &head);
	read_lists(&u, sink, arg);
	return sl_unpack_end(&u);
}

int sl_msg_batch_read(
    const void *data, size_t len, const struct sl_msg_batch_sink *sink, void *arg)
{
	static const struct sl_msg_batch_sink check_only;
	int rc = read_batch(data, len, &check_only, NULL);

	return rc ? rc : read_batch(data, len, sink, arg);
}
