/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that clients get, and their frames on each transport. */
#ifndef GW_RENDER_H
#define GW_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cursor.h"
#include "json_out.h"
#include "window.h"

/* How a message stands on the wire. */
enum gw_form {
	GW_FORM_WS,        /* one text frame */
	GW_FORM_SSE,       /* an unnamed event */
	GW_FORM_SSE_NAMED, /* with an event: line */
	GW_FORM_POLL,      /* an element of an array, and a comma */
	GW_FORM_COUNT,
};

/* Where in the stream a message stands: an epoch and the text of a cursor. */
struct gw_stamp {
	char epoch[17];
	char cursor[SL_CURSOR_LEN + 1];
};

/* gw_stamp_set fills a stamp from a position. */
void gw_stamp_set(struct gw_stamp *stamp, const struct sl_cursor *at);

/*
 * A frame is begun, its JSON appended to out, and ended; nothing else may
 * touch out in between.  gw_frame_begin returns the mark that gw_frame_end
 * needs.  type is the message's type; stamp is NULL for a message without
 * a cursor.
 */
size_t gw_frame_begin(struct sl_buf *out, enum gw_form form, const char *type);
void gw_frame_end(
    struct sl_buf *out, enum gw_form form, size_t mark, const struct gw_stamp *stamp);

/* gw_render_entry_type returns "event", "system_alert" or "alert_update". */
const char *gw_render_entry_type(const struct sl_entry *entry);

/* gw_render_entry appends the message of an entry as a whole frame. */
void gw_render_entry(struct sl_buf *out, enum gw_form form, const struct sl_entry *entry,
    const struct gw_stamp *stamp);

/*
 * gw_render_entry_head appends the JSON text of that message without its cursor,
 * which is the same for every client; gw_render_entry_tail the rest of it.
 */
void gw_render_entry_head(
    struct sl_buf *out, const struct sl_entry *entry, const struct gw_stamp *stamp);
void gw_render_entry_tail(struct sl_buf *out, const struct gw_stamp *stamp);

/* A gap of a log: entries from..to (0..0: unknown) are not delivered. */
struct gw_gap {
	enum sl_stream stream;
	uint64_t from;
	uint64_t to;
	uint64_t count;
	const char *reason; /* "slow", "expired", "epoch" */
};
void gw_render_gap(struct sl_buf *out, enum gw_form form, const struct gw_gap *gap,
    const struct gw_stamp *stamp);

/*
 * gw_render_open and _close make a message around data that the caller writes
 * in between, as one JSON value: {"type":…,"id":…,"data":…,"cursor":…}.  id is
 * the client's (raw JSON) and may be empty; ts_us 0 and stamp NULL leave their
 * members out.
 */
size_t gw_render_open(struct sl_buf *out, enum gw_form form, const char *type,
    struct sl_slice id, int64_t ts_us);
void gw_render_close(
    struct sl_buf *out, enum gw_form form, size_t mark, const struct gw_stamp *stamp);

/* gw_render_error appends an error message. */
void gw_render_error(struct sl_buf *out, enum gw_form form, struct sl_slice id,
    const char *code, const char *detail);

/* gw_render_disconnect appends the message that stands before every close. */
void gw_render_disconnect(struct sl_buf *out, enum gw_form form, int code,
    const char *reason, bool reconnect, int retry_ms);

#endif
