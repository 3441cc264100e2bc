/* SPDX-License-Identifier: Apache-2.0 */
/* Takes kernel text apart: lines, words, numbers.  Pure, never reads past the slice. */
#ifndef COL_SCAN_H
#define COL_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "entry.h"

/*
 * Every function takes its piece from the front of *rest and moves *rest
 * behind it.  On false *rest is where it was, if not said otherwise.  Blanks
 * are spaces and tabs; a NUL is a byte like any other.
 */

/* col_scan_line takes the next line without its newline; false at the end. */
bool col_scan_line(struct sl_slice *rest, struct sl_slice *line);

/* col_scan_word skips blanks and takes what stands before the next blank; false at the
 * end. */
bool col_scan_word(struct sl_slice *rest, struct sl_slice *word);

/* col_scan_skip passes over n words; false if there are fewer (all are passed then). */
bool col_scan_skip(struct sl_slice *rest, unsigned n);

/*
 * col_scan_u64 skips blanks and takes an unsigned decimal number that ends
 * at a blank or at the end.  False for anything else and for numbers past
 * UINT64_MAX.
 */
bool col_scan_u64(struct sl_slice *rest, uint64_t *value);

/*
 * col_scan_decimal is the same for "12", "12.5" and "12.50": digits, one
 * dot, digits.  No sign, no exponent, at most 18 digits on each side.
 */
bool col_scan_decimal(struct sl_slice *rest, double *value);

/* col_scan_prefix takes the literal text if *rest begins with it. */
bool col_scan_prefix(struct sl_slice *rest, const char *text);

/* col_scan_is says whether a slice equals a C string. */
bool col_scan_is(struct sl_slice slice, const char *text);

/*
 * col_scan_copy copies a slice as a C string; bytes that are no printable
 * ASCII become '_', so that any name from outside is a valid label.  False,
 * with an empty string, if it is empty or has more than size - 1 bytes.
 */
bool col_scan_copy(struct sl_slice slice, char *out, size_t size);

#endif
