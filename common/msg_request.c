/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"
#include "msg_wire.h"

#define REQUEST_FIELDS 5
#define REPLY_FIELDS   7

void sl_msg_request_pack(struct sl_buf *out, const struct sl_msg_request *request)
{
	sl_msg_wire_begin(out, SL_MSG_REQUEST, REQUEST_FIELDS);
	sl_pack_uint(out, request->kind);
	sl_pack_str(out, request->id);
	sl_pack_str(out, request->peer);
	sl_pack_str(out, request->token);
	sl_pack_str(out, request->body);
}

int sl_msg_request_read(const void *data, size_t len, struct sl_msg_request *request)
{
	struct sl_unpack u;

	sl_msg_wire_open(&u, data, len, SL_MSG_REQUEST, REQUEST_FIELDS);
	request->kind = (enum sl_msg_request_kind)sl_unpack_uint(&u, 1, UINT16_MAX);
	request->id = sl_unpack_str(&u, SL_MSG_REQUEST_ID);
	request->peer = sl_unpack_str(&u, SL_MSG_NAME_MAX);
	request->token = sl_unpack_str(&u, SL_MSG_TOKEN_MAX);
	request->body = sl_unpack_str(&u, SL_MSG_BODY_MAX);
	return sl_unpack_end(&u);
}

void sl_msg_reply_pack(struct sl_buf *out, const struct sl_msg_reply *reply)
{
	sl_msg_wire_begin(out, SL_MSG_REPLY, REPLY_FIELDS);
	sl_pack_str(out, reply->id);
	sl_pack_uint(out, reply->status);
	sl_pack_str(out, reply->problem);
	sl_pack_str(out, reply->detail);
	sl_pack_array(out, SL_STREAM_COUNT);
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		sl_pack_uint(out, reply->next[i]);
	sl_pack_uint(out, reply->control_next);
	sl_pack_bin(out, reply->body);
}

int sl_msg_reply_read(const void *data, size_t len, struct sl_msg_reply *reply)
{
	struct sl_unpack u;

	sl_msg_wire_open(&u, data, len, SL_MSG_REPLY, REPLY_FIELDS);
	reply->id = sl_unpack_str(&u, SL_MSG_REQUEST_ID);
	reply->status = (uint16_t)sl_unpack_uint(&u, 100, 599);
	reply->problem = sl_unpack_str(&u, SL_MSG_NAME_MAX);
	reply->detail = sl_unpack_str(&u, SL_MSG_BODY_MAX);
	sl_unpack_fields(&u, SL_STREAM_COUNT);
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		reply->next[i] = sl_unpack_uint(&u, 0, UINT64_MAX);
	reply->control_next = sl_unpack_uint(&u, 0, UINT64_MAX);
	reply->body = sl_unpack_bin(&u, SL_MSG_MAX);
	return sl_unpack_end(&u);
}
