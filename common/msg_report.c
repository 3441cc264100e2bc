/* SPDX-License-Identifier: Apache-2.0 */
#include "msg_wire.h"

#define REPORT_FIELDS 14

void sl_msg_report_pack(struct sl_buf *out, const struct sl_msg_report *report)
{
	sl_msg_wire_begin(out, SL_MSG_REPORT, REPORT_FIELDS);
	sl_pack_str(out, report->gateway);
	sl_pack_uint(out, report->pid);
	sl_pack_bool(out, report->ready);
	sl_pack_bool(out, report->draining);
	sl_pack_uint(out, report->connections_ws);
	sl_pack_uint(out, report->connections_sse);
	sl_pack_uint(out, report->subscriptions);
	sl_pack_uint(out, report->messages);
	sl_pack_uint(out, report->bytes);
	sl_pack_uint(out, report->requests);
	sl_pack_uint(out, report->auth_failures);
	sl_pack_uint(out, report->server_errors);
	sl_pack_uint(out, report->bus_gaps);
	sl_pack_uint(out, report->rss_bytes);
}

int sl_msg_report_read(const void *data, size_t len, struct sl_msg_report *report)
{
	struct sl_unpack u;

	sl_msg_wire_open(&u, data, len, SL_MSG_REPORT, REPORT_FIELDS);
	report->gateway = sl_unpack_str(&u, SL_MSG_NAME_MAX);
	report->pid = (uint32_t)sl_unpack_uint(&u, 0, UINT32_MAX);
	report->ready = sl_unpack_bool(&u);
	report->draining = sl_unpack_bool(&u);
	report->connections_ws = (uint32_t)sl_unpack_uint(&u, 0, UINT32_MAX);
	report->connections_sse = (uint32_t)sl_unpack_uint(&u, 0, UINT32_MAX);
	report->subscriptions = (uint32_t)sl_unpack_uint(&u, 0, UINT32_MAX);
	report->messages = sl_unpack_uint(&u, 0, UINT64_MAX);
	report->bytes = sl_unpack_uint(&u, 0, UINT64_MAX);
	report->requests = sl_unpack_uint(&u, 0, UINT64_MAX);
	report->auth_failures = sl_unpack_uint(&u, 0, UINT64_MAX);
	report->server_errors = sl_unpack_uint(&u, 0, UINT64_MAX);
	report->bus_gaps = sl_unpack_uint(&u, 0, UINT64_MAX);
	report->rss_bytes = sl_unpack_uint(&u, 0, UINT64_MAX);
	return sl_unpack_end(&u);
}
