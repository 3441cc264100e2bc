/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ws.h"

void gw_stamp_set(struct gw_stamp *stamp, const struct sl_cursor *at)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++)
		stamp->epoch[i] = digits[at->epoch >> (60 - 4 * i) & 15];
	stamp->epoch[16] = '\0';
	sl_cursor_format(at, stamp->cursor);
	stamp->cursor[SL_CURSOR_LEN] = '\0';
}

/* ---- frames ------------------------------------------------------------------ */

/* Most messages are 126 to 65,535 bytes long: their header has four. */
#define GW_WS_HEADER_USUAL 4

size_t gw_frame_begin(struct sl_buf *out, enum gw_form form, const char *type)
{
	size_t mark = out->len;

	switch (form) {
	case GW_FORM_WS:
		sl_buf_reserve(out, GW_WS_HEADER_USUAL);
		out->len += GW_WS_HEADER_USUAL;
		break;
	case GW_FORM_SSE_NAMED:
		sl_buf_adds(out, "event: ");
		sl_buf_adds(out, type);
		sl_buf_adds(out, "\ndata: ");
		break;
	case GW_FORM_POLL:
		break;
	case GW_FORM_SSE:
	case GW_FORM_COUNT:
		sl_buf_adds(out, "data: ");
		break;
	}
	return mark;
}

static void end_ws(struct sl_buf *out, size_t mark)
{
	uint8_t header[SL_WS_HEADER_MAX];
	size_t len = out->len - mark - GW_WS_HEADER_USUAL;
	size_t need = sl_ws_header(header, SL_WS_TEXT, false, len);

	if (need != GW_WS_HEADER_USUAL) {
		sl_buf_reserve(out, SL_WS_HEADER_MAX);
		memmove(
		    out->data + mark + need, out->data + mark + GW_WS_HEADER_USUAL, len);
		out->len = mark + need + len;
	}
	memcpy(out->data + mark, header, need);
}

void gw_frame_end(
    struct sl_buf *out, enum gw_form form, size_t mark, const struct gw_stamp *stamp)
{
	if (form == GW_FORM_WS) {
		end_ws(out, mark);
		return;
	}
	if (form == GW_FORM_POLL) {
		sl_buf_addc(out, ',');
		return;
	}
	if (stamp) {
		sl_buf_adds(out, "\nid: ");
		sl_buf_add(out, stamp->cursor, SL_CURSOR_LEN);
	}
	sl_buf_adds(out, "\n\n");
}

/* ---- messages ------------------------------------------------------------------ */

static void add_u64(struct sl_buf *out, uint64_t value)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	sl_buf_add(out, digits + n, sizeof digits - n);
}

/*
 * JSON has line ends only as white space between tokens, and an event stream
 * cannot carry them within a line.
 */
static void add_json(struct sl_buf *out, struct sl_slice json)
{
	size_t at = out->len;

	sl_buf_add(out, json.data, json.len);
	if (!memchr(json.data, '\n', json.len) && !memchr(json.data, '\r', json.len))
		return;
	for (; at < out->len; at++) {
		if (out->data[at] == '\n' || out->data[at] == '\r')
			out->data[at] = ' ';
	}
}

static void add_cursor(struct sl_buf *out, const struct gw_stamp *stamp)
{
	sl_buf_add(out, ",\"cursor\":\"", 11);
	sl_buf_add(out, stamp->cursor, SL_CURSOR_LEN);
	sl_buf_add(out, "\"}", 2);
}

const char *gw_render_entry_type(const struct sl_entry *entry)
{
	switch (entry->kind) {
	case SL_ENTRY_ALERT_FIRED:
		return "system_alert";
	case SL_ENTRY_ALERT_CHANGE:
		return "alert_update";
	case SL_ENTRY_EVENT:
		break;
	}
	return "event";
}

void gw_render_entry_head(
    struct sl_buf *out, const struct sl_entry *entry, const struct gw_stamp *stamp)
{
	sl_buf_adds(out, "{\"type\":\"");
	sl_buf_adds(out, gw_render_entry_type(entry));
	sl_buf_adds(out, "\",\"topic\":\"");
	sl_buf_add(out, entry->topic.data, entry->topic.len);
	sl_buf_adds(out, "\",\"log\":\"");
	sl_buf_adds(out, sl_stream_name((int)entry->stream));
	sl_buf_adds(out, "\",\"epoch\":\"");
	sl_buf_adds(out, stamp->epoch);
	sl_buf_adds(out, "\",\"seq\":");
	add_u64(out, entry->seq);
	sl_buf_adds(out, ",\"ts\":");
	add_u64(out, entry->ts_us > 0 ? (uint64_t)entry->ts_us : 0);
	sl_buf_adds(out, ",\"data\":");
	add_json(out, entry->body);
}

void gw_render_entry_tail(struct sl_buf *out, const struct gw_stamp *stamp)
{
	add_cursor(out, stamp);
}

void gw_render_entry(struct sl_buf *out, enum gw_form form, const struct sl_entry *entry,
    const struct gw_stamp *stamp)
{
	size_t mark = gw_frame_begin(out, form, gw_render_entry_type(entry));

	gw_render_entry_head(out, entry, stamp);
	add_cursor(out, stamp);
	gw_frame_end(out, form, mark, stamp);
}

void gw_render_gap(struct sl_buf *out, enum gw_form form, const struct gw_gap *gap,
    const struct gw_stamp *stamp)
{
	const char *log = sl_stream_name((int)gap->stream);
	size_t mark = gw_frame_begin(out, form, "gap");

	sl_buf_addf(out,
	    "{\"type\":\"gap\",\"log\":\"%s\",\"epoch\":\"%s\",\"data\":{\"log\":\"%s\",",
	    log, stamp->epoch, log);
	if (gap->to > 0)
		sl_buf_addf(out,
		    "\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"count\":%" PRIu64,
		    gap->from, gap->to, gap->count);
	else
		sl_buf_adds(out, "\"from\":null,\"to\":null,\"count\":null");
	sl_buf_addf(out, ",\"reason\":\"%s\"}", gap->reason);
	add_cursor(out, stamp);
	gw_frame_end(out, form, mark, stamp);
}

size_t gw_render_open(struct sl_buf *out, enum gw_form form, const char *type,
    struct sl_slice id, int64_t ts_us)
{
	size_t mark = gw_frame_begin(out, form, type);

	sl_buf_adds(out, "{\"type\":\"");
	sl_buf_adds(out, type);
	sl_buf_addc(out, '"');
	if (id.len > 0) {
		sl_buf_adds(out, ",\"id\":");
		add_json(out, id);
	}
	if (ts_us > 0) {
		sl_buf_adds(out, ",\"ts\":");
		add_u64(out, (uint64_t)ts_us);
	}
	sl_buf_adds(out, ",\"data\":");
	return mark;
}

void gw_render_close(
    struct sl_buf *out, enum gw_form form, size_t mark, const struct gw_stamp *stamp)
{
	if (stamp)
		add_cursor(out, stamp);
	else
		sl_buf_addc(out, '}');
	gw_frame_end(out, form, mark, stamp);
}

void gw_render_error(struct sl_buf *out, enum gw_form form, struct sl_slice id,
    const char *code, const char *detail)
{
	size_t mark = gw_render_open(out, form, "error", id, 0);

	sl_buf_addf(out, "{\"code\":\"%s\",\"message\":", code);
	sl_json_out_quote(out, detail, strlen(detail));
	sl_buf_addc(out, '}');
	gw_render_close(out, form, mark, NULL);
}

void gw_render_disconnect(struct sl_buf *out, enum gw_form form, int code,
    const char *reason, bool reconnect, int retry_ms)
{
	size_t mark = gw_render_open(out, form, "disconnect", (struct sl_slice){0}, 0);

	sl_buf_addf(out, "{\"code\":%d,\"reason\":", code);
	sl_json_out_quote(out, reason, strlen(reason));
	sl_buf_addf(out, ",\"reconnect\":%s,\"retry_ms\":%d}",
	    reconnect ? "true" : "false", retry_ms);
	gw_render_close(out, form, mark, NULL);
}
