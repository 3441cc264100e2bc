/* SPDX-License-Identifier: Apache-2.0 */
#include "msg.h"

#include "error.h"
#include "msg_wire.h"

void sl_msg_wire_begin(struct sl_buf *out, enum sl_msg_kind kind, uint32_t fields)
{
	sl_pack_array(out, 2 + fields);
	sl_pack_uint(out, SL_MSG_VERSION);
	sl_pack_uint(out, kind);
}

void sl_msg_wire_list(struct sl_msg_list_writer *w, struct sl_buf *out)
{
	w->out = out;
	w->count = 0;
	w->count_at = sl_pack_array_open(out);
}

void sl_msg_list_end(struct sl_msg_list_writer *w)
{
	sl_pack_array_close(w->out, w->count_at, w->count);
}

void sl_msg_wire_open(struct sl_unpack *u, const void *data, size_t len,
    enum sl_msg_kind kind, uint32_t fields)
{
	sl_unpack_init(u, data, len);
	uint32_t n = sl_unpack_array(u, UINT32_MAX);
	uint64_t version = sl_unpack_uint(u, 0, UINT64_MAX);

	if (u->error == 0 && version != SL_MSG_VERSION)
		sl_unpack_fail(u, SL_EVERSION);
	if (n != 2 + fields || sl_unpack_uint(u, 0, UINT64_MAX) != kind)
		sl_unpack_fail(u, SL_EMALFORMED);
	if (len > SL_MSG_MAX)
		sl_unpack_fail(u, SL_ETOOBIG);
}

const char *sl_msg_request_name(int kind)
{
	switch (kind) {
#define X(name, value, text, token)                                                      \
	case name:                                                                       \
		return text;
		SL_MSG_REQUEST_TABLE(X)
#undef X
	default:
		return "?";
	}
}
