/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors of series and lists of labels in expressions. */
#ifndef AGG_EXPR_SELECTOR_H
#define AGG_EXPR_SELECTOR_H

#include "expr_cursor.h"

/*
 * agg_expr_selector_parse reads what may follow a metric's name: matchers, a
 * range, an offset.  Returns the node, or NULL after a failure.
 */
struct agg_node *agg_expr_selector_parse(
    struct agg_expr_cursor *cursor, const struct agg_token *name);

/* agg_expr_selector_grouping reads the labels in parentheses after by, on, …. */
void agg_expr_selector_grouping(
    struct agg_expr_cursor *cursor, struct agg_grouping *grouping, bool without);

#endif
