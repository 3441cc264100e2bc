/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: percent decoding, path normalisation, query parameters. */
#ifndef SL_URL_H
#define SL_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "entry.h"

/*
 * sl_url_decode appends the percent-decoded text to out, "+" as a space if
 * plus.  A broken escape or an encoded NUL is SL_EMALFORMED; out then has what
 * came before it.
 */
int sl_url_decode(struct sl_buf *out, const char *text, size_t len, bool plus);

/*
 * sl_url_path appends the decoded, normalised path of a request target to out:
 * decoded once, "." and ".." segments resolved, repeated slashes joined, always
 * beginning with "/".  SL_EMALFORMED for a broken escape, a NUL, a control
 * character, an encoded "/" or "\", invalid UTF-8, or ".." above the root.
 */
int sl_url_path(struct sl_buf *out, const char *path, size_t len);

/* A walk through "a=1&b=2"; the query must outlive it. */
struct sl_url_query {
	const char *at;
	const char *end;
};

/* sl_url_query_begin starts a walk over a raw query string without its "?". */
void sl_url_query_begin(struct sl_url_query *it, const char *query, size_t len);

/*
 * sl_url_query_next decodes the next parameter into scratch (emptied first)
 * and points name and value into it.  Returns 1, 0 at the end, or
 * SL_EMALFORMED for a broken escape.  Empty parameters are skipped; a
 * parameter without "=" has an empty value.
 */
int sl_url_query_next(struct sl_url_query *it, struct sl_buf *scratch,
    struct sl_slice *name, struct sl_slice *value);

/*
 * sl_url_query_get finds the first parameter of a name and appends its decoded
 * value to out.  Returns 1 if found, 0 if not, SL_EMALFORMED.
 */
int sl_url_query_get(struct sl_buf *out, const char *query, size_t len, const char *name);

/* sl_url_encode appends text with everything but unreserved characters escaped. */
void sl_url_encode(struct sl_buf *out, const char *text, size_t len);

#endif
