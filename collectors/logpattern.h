/* SPDX-License-Identifier: Apache-2.0 */
/* A regular expression with bounded work.  The home of PCRE2. */
#ifndef COL_LOGPATTERN_H
#define COL_LOGPATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"

struct col_logpattern;

#define COL_LOGPATTERN_GROUPS 32 /* named groups of one expression */
#define COL_LOGPATTERN_ERROR  256

enum col_logpattern_result {
	COL_LOGPATTERN_NO,
	COL_LOGPATTERN_MATCH,
	COL_LOGPATTERN_LIMIT, /* it took more steps, depth or memory than it may */
};

/*
 * col_logpattern_new compiles an expression of PCRE2's syntax.  It works on
 * bytes, so any line can be matched; case is that of ASCII.  match_limit bounds
 * the steps that one match may take, a tenth of it its depth.  Returns an
 * expression to free with col_logpattern_free, or NULL with one line in error.
 */
struct col_logpattern *col_logpattern_new(
    const char *expression, uint32_t match_limit, char error[COL_LOGPATTERN_ERROR]);
void col_logpattern_free(struct col_logpattern *pattern);

/*
 * The named groups are numbered 0, 1, … in the order in which they stand in the
 * expression.  col_logpattern_name returns the name of one, NULL past the last;
 * col_logpattern_find the number of a name, or -1.
 */
const char *col_logpattern_name(const struct col_logpattern *pattern, size_t group);
int col_logpattern_find(const struct col_logpattern *pattern, const char *name);

/* col_logpattern_match looks for the expression in a line. */
enum col_logpattern_result col_logpattern_match(
    struct col_logpattern *pattern, struct sl_slice line);

/*
 * col_logpattern_group gives what a named group holds after a match: a part of
 * the line that was matched.  False if it took no part in it.
 */
bool col_logpattern_group(
    const struct col_logpattern *pattern, size_t group, struct sl_slice *out);

#endif
