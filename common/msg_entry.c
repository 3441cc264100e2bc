/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"
#include "msg_wire.h"

#define ENTRY_FIELDS 14

void sl_msg_entry_pack(struct sl_buf *out, const struct sl_entry *entry)
{
	sl_pack_array(out, ENTRY_FIELDS);
	sl_pack_uint(out, entry->stream);
	sl_pack_uint(out, entry->kind);
	sl_pack_uint(out, entry->seq);
	sl_pack_int(out, entry->ts_us);
	sl_pack_int(out, entry->ingest_us);
	sl_pack_str(out, entry->tenant);
	sl_pack_str(out, entry->module);
	sl_pack_str(out, entry->topic);
	sl_pack_str(out, entry->source);
	sl_pack_str(out, entry->key);
	sl_pack_uint(out, entry->active);
	sl_pack_uint(out, entry->audience);
	sl_pack_str(out, entry->audience_name);
	sl_pack_str(out, entry->body);
}

void sl_msg_wire_entry(
    struct sl_unpack *u, struct sl_entry *entry, struct sl_slice *packed)
{
	const unsigned char *begin = u->at;

	sl_unpack_fields(u, ENTRY_FIELDS);
	entry->stream = (enum sl_stream)sl_unpack_uint(u, 0, SL_STREAM_COUNT - 1);
	entry->kind = (enum sl_entry_kind)sl_unpack_uint(u, 0, SL_ENTRY_ALERT_CHANGE);
	entry->seq = sl_unpack_uint(u, 1, UINT64_MAX);
	entry->ts_us = sl_unpack_int(u);
	entry->ingest_us = sl_unpack_int(u);
	entry->tenant = sl_unpack_str(u, SL_MSG_NAME_MAX);
	entry->module = sl_unpack_str(u, SL_MSG_NAME_MAX);
	entry->topic = sl_unpack_str(u, SL_MSG_TOPIC_MAX);
	entry->source = sl_unpack_str(u, SL_MSG_NAME_MAX);
	entry->key = sl_unpack_str(u, SL_MSG_NAME_MAX);
	entry->active = (uint8_t)sl_unpack_uint(u, 0, 1);
	entry->audience = (enum sl_audience)sl_unpack_uint(u, 0, SL_AUDIENCE_ROLE);
	entry->audience_name = sl_unpack_str(u, SL_MSG_TOPIC_MAX);
	entry->body = sl_unpack_str(u, SL_ENTRY_MAX);
	packed->data = (const char *)begin;
	packed->len = (size_t)(u->at - begin);
	if (packed->len > SL_ENTRY_MAX)
		sl_unpack_fail(u, SL_ETOOBIG);
}

int sl_msg_entry_read(const void *data, size_t len, struct sl_entry *entry)
{
	struct sl_unpack u;
	struct sl_slice packed;

	sl_unpack_init(&u, data, len);
	sl_msg_wire_entry(&u, entry, &packed);
	return sl_unpack_end(&u);
}
