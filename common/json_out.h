/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer onto a buffer: commas and escapes right by construction. */
#ifndef SL_JSON_OUT_H
#define SL_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* Nesting at most 63 deep (asserted: the writer's caller decides it). */
struct sl_json_out {
	struct sl_buf *buf;
	uint64_t filled; /* bit d: the container at depth d has a member */
	uint8_t depth;
	bool after_key;
};

/* sl_json_out_init starts a document that is appended to buf. */
void sl_json_out_init(struct sl_json_out *w, struct sl_buf *buf);

void sl_json_out_object_begin(struct sl_json_out *w);
void sl_json_out_object_end(struct sl_json_out *w);
void sl_json_out_array_begin(struct sl_json_out *w);
void sl_json_out_array_end(struct sl_json_out *w);

/* sl_json_out_key writes a member's name; exactly one value must follow. */
void sl_json_out_key(struct sl_json_out *w, const char *key);
void sl_json_out_keyn(struct sl_json_out *w, const char *key, size_t len);

/*
 * The values.  Strings are escaped; each byte that is not part of valid UTF-8
 * becomes U+FFFD.  A double is written with the fewest digits that read back
 * as the same value, NaN and infinities as null.  raw is one complete JSON
 * value that is copied as it is.
 */
void sl_json_out_string(struct sl_json_out *w, const char *data, size_t len);
void sl_json_out_text(struct sl_json_out *w, const char *text); /* NULL: null */
void sl_json_out_int(struct sl_json_out *w, int64_t value);
void sl_json_out_uint(struct sl_json_out *w, uint64_t value);
void sl_json_out_double(struct sl_json_out *w, double value);
void sl_json_out_bool(struct sl_json_out *w, bool value);
void sl_json_out_null(struct sl_json_out *w);
void sl_json_out_raw(struct sl_json_out *w, const char *json, size_t len);

/* sl_json_out_quote appends one quoted, escaped string without a writer. */
void sl_json_out_quote(struct sl_buf *buf, const char *data, size_t len);

/* Size of a buffer for sl_json_out_format_double. */
#define SL_JSON_OUT_DOUBLE 32

/* sl_json_out_format_double writes a number as above ("null" for NaN); its length. */
int sl_json_out_format_double(double value, char out[SL_JSON_OUT_DOUBLE]);

#endif
