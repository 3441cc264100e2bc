/* SPDX-License-Identifier: Apache-2.0 */
/* A fast, strict check that bytes are one JSON object, without building it. */
#ifndef SL_JSON_CHECK_H
#define SL_JSON_CHECK_H

#include <stddef.h>

#define SL_JSON_CHECK_DEPTH 32

/*
 * sl_json_check_object says whether exactly len bytes are one JSON object by
 * RFC 8259: valid UTF-8, no control characters or \u0000 in strings, paired
 * surrogates, nesting at most SL_JSON_CHECK_DEPTH, only white space around
 * it.  Duplicate keys and numbers beyond a double's range are not looked for.
 * Pure, no allocation.  Returns 0, SL_EMALFORMED or SL_ETOOBIG (nesting).
 */
int sl_json_check_object(const char *data, size_t len);

/* sl_json_check_value checks the same for a value of any type. */
int sl_json_check_value(const char *data, size_t len);

#endif
