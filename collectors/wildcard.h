/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over dotted names, and texts made from what they matched.  Pure. */
#ifndef COL_WILDCARD_H
#define COL_WILDCARD_H

#include <stdbool.h>

#include "buf.h"
#include "entry.h"

/* Pieces that a pattern remembers; further stars match and are forgotten. */
#define COL_WILDCARD_PIECES 9

struct col_wildcard_match {
	struct sl_slice piece[COL_WILDCARD_PIECES]; /* into the text */
	size_t count;
};

/*
 * col_wildcard_match says whether a pattern matches the whole text.  A "*" stands
 * for any number of bytes without a dot, a part ">" at the end for all the
 * parts that are left, at least one byte; everything else for itself.  Takes
 * time in proportion to the lengths' product at worst, whatever the pattern.
 * match may be NULL; on true it has the pieces in their order.
 */
bool col_wildcard_match(
    const char *pattern, struct sl_slice text, struct col_wildcard_match *match);

/*
 * col_wildcard_expand appends a text in which $1 to $9 stand for the pieces: empty
 * where the pattern has fewer.  Any other "$" stands for itself.
 */
void col_wildcard_expand(
    const char *text, const struct col_wildcard_match *match, struct sl_buf *out);

#endif
