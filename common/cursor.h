/* SPDX-License-Identifier: Apache-2.0 */
/* Where a client stands in the five logs: the opaque text that resumes it. */
#ifndef SL_CURSOR_H
#define SL_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "entry.h"

/*
 * A cursor names the aggregator and the epoch that its positions belong to;
 * next[] is the sequence that the client waits for in each log, at least 1.
 * It grants nothing and is not secret; the text carries a checksum against
 * accidents only.  Whether positions exist is the reader's to judge.
 *
 * The long form has the newest change of metrics that its holder knows of as
 * well, and of which view: a poll's client, which goes away after each answer,
 * needs no whole state when it comes back.  Their meaning is gateway/mirror.h's
 * and gateway/view.h's.
 */
struct sl_cursor {
	uint64_t aggregator;
	uint64_t epoch;
	uint64_t next[SL_STREAM_COUNT];
	uint64_t metrics; /* 0: not known */
	uint32_t view;
};

/* Largest position that a cursor can hold (at 100,000 entries/s 89 years). */
#define SL_CURSOR_SEQ_MAX ((UINT64_C(1) << 48) - 1)

/* Length of a cursor's text, without NUL: base64url of 48 bytes, of 60 the long one. */
#define SL_CURSOR_LEN  64
#define SL_CURSOR_LONG 80

/*
 * sl_cursor_format writes the text without metrics, not NUL-terminated.
 * Positions outside 1..SL_CURSOR_SEQ_MAX are clamped.  Never fails.
 * sl_cursor_format_long writes the long form.
 */
void sl_cursor_format(const struct sl_cursor *cursor, char out[SL_CURSOR_LEN]);
void sl_cursor_format_long(const struct sl_cursor *cursor, char out[SL_CURSOR_LONG]);

/*
 * sl_cursor_parse reads either form of a client.  Pure.  Returns 0, SL_EVERSION for
 * a cursor of another version, SL_EMALFORMED for anything else; *cursor is
 * written only on 0.
 */
int sl_cursor_parse(const char *text, size_t len, struct sl_cursor *cursor);

#endif
