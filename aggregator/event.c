/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <string.h>

#include "common/clock.h"
#include "common/event_fields.h"
#include "common/json_check.h"
#include "common/json_out.h"
#include "common/msg.h"
#include "common/topic.h"
#include "common/utf8.h"
#include "common/uuid.h"

#define TOPIC_PREFIX "events."

static const char *const refusal_texts[] = {
#define X(id, text) [id] = text,
    AGG_EVENT_REFUSAL_TABLE(X)
#undef X
};

const char *agg_event_refusal_text(enum agg_event_refusal refusal)
{
	return refusal_texts[refusal];
}

static enum agg_event_refusal check(const struct agg_event_origin *origin,
    const struct sl_ring_event *event, struct agg_event_verdict *verdict)
{
	const struct sl_catalog_event *type;

	if (!sl_topic_valid(event->type.data, event->type.len))
		return AGG_EVENT_BAD_TYPE;
	type = sl_catalog_event(origin->catalog, event->type.data, event->type.len);
	if (!type)
		return AGG_EVENT_UNKNOWN_TYPE;
	verdict->type = type;
	if (!(type->module->bit & origin->modules))
		return AGG_EVENT_FOREIGN_MODULE;
	if (event->time_ns > origin->now_ns + AGG_EVENT_FUTURE_NS)
		return AGG_EVENT_FUTURE;
	if (event->audience != SL_AUDIENCE_ALL &&
	    !sl_utf8_valid(event->audience_name.data, event->audience_name.len))
		return AGG_EVENT_BAD_AUDIENCE;
	if (sl_json_check_object(event->payload.data, event->payload.len) != 0)
		return AGG_EVENT_BAD_PAYLOAD;
	verdict->field =
	    sl_event_fields_check(type, event->payload.data, event->payload.len);
	return verdict->field ? AGG_EVENT_BAD_FIELD : AGG_EVENT_OK;
}

struct agg_event_verdict agg_event_check(
    const struct agg_event_origin *origin, const struct sl_ring_event *event)
{
	struct agg_event_verdict verdict = {0};

	verdict.refusal = check(origin, event, &verdict);
	return verdict;
}

static void write_audience(struct sl_json_out *w, const struct sl_ring_event *event)
{
	if (event->audience == SL_AUDIENCE_ALL)
		return;
	sl_json_out_key(w, "audience");
	sl_json_out_object_begin(w);
	sl_json_out_key(w, event->audience == SL_AUDIENCE_SUB ? "sub" : "role");
	sl_json_out_string(w, event->audience_name.data, event->audience_name.len);
	sl_json_out_object_end(w);
}

/*
 * Takes the white space between tokens out of body[from..]: a line end would
 * break an event stream's frame.
 */
static void compact(struct sl_buf *body, size_t from)
{
	char *out = body->data + from;
	bool in_string = false;

	for (size_t i = from; i < body->len; i++) {
		char c = body->data[i];
		if (!in_string && (c == ' ' || c == '\n' || c == '\r' || c == '\t'))
			continue;
		if (c == '"')
			in_string = !in_string;
		*out++ = c;
		if (in_string && c == '\\')
			*out++ = body->data[++i];
	}
	body->len = (size_t)(out - body->data);
}

static void write_body(struct sl_buf *out, const struct agg_event_origin *origin,
    const struct sl_ring_event *event, const struct sl_catalog_event *type,
    const char *id)
{
	struct sl_json_out w;
	char time[SL_CLOCK_TEXT];
	int time_len = sl_clock_format(event->time_ns, time);

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "id");
	sl_json_out_text(&w, id);
	sl_json_out_key(&w, "type");
	sl_json_out_string(&w, event->type.data, event->type.len);
	sl_json_out_key(&w, "time");
	sl_json_out_string(&w, time, (size_t)time_len);
	sl_json_out_key(&w, "priority");
	sl_json_out_text(&w, sl_stream_name(type->priority));
	sl_json_out_key(&w, "module");
	sl_json_out_text(&w, type->module->name);
	sl_json_out_key(&w, "source");
	sl_json_out_text(&w, origin->source);
	write_audience(&w, event);
	sl_json_out_key(&w, "payload");
	size_t payload_at = out->len;
	sl_json_out_raw(&w, event->payload.data, event->payload.len);
	compact(out, payload_at);
	sl_json_out_object_end(&w);
}

void agg_event_pack(const struct agg_event_origin *origin,
    const struct sl_ring_event *event, const struct sl_catalog_event *type, uint64_t seq,
    struct sl_buf *body, struct sl_buf *packed)
{
	char id[SL_UUID_TEXT];
	char topic[sizeof TOPIC_PREFIX + SL_RING_TYPE_MAX];
	size_t prefix = sizeof TOPIC_PREFIX - 1;

	sl_uuid_format(event->id, id);
	memcpy(topic, TOPIC_PREFIX, prefix);
	memcpy(topic + prefix, event->type.data, event->type.len);
	sl_buf_reset(body);
	write_body(body, origin, event, type, id);
	struct sl_entry entry = {
	    .stream = type->priority,
	    .kind = SL_ENTRY_EVENT,
	    .seq = seq,
	    .ts_us = event->time_ns / SL_NS_PER_US,
	    .ingest_us = origin->now_ns / SL_NS_PER_US,
	    .tenant = sl_slice_text(origin->tenant),
	    .module = sl_slice_text(type->module->name),
	    .topic = {.data = topic, .len = prefix + event->type.len},
	    .source = sl_slice_text(origin->source),
	    .key = sl_slice_text(id),
	    .audience = event->audience,
	    .audience_name = event->audience_name,
	    .body = {.data = body->data, .len = body->len},
	};
	sl_msg_entry_pack(packed, &entry);
}
