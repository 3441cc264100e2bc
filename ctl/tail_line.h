/* SPDX-License-Identifier: Apache-2.0 */
/* What `sightlinectl tail` prints of one entry or metric, if it is wanted. */
#ifndef CTL_TAIL_LINE_H
#define CTL_TAIL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/catalog.h"
#include "common/entry.h"
#include "view.h"

#define CTL_TAIL_TARGETS_MAX 64

struct ctl_tail_filter {
	bool json;
	struct sl_slice tenant;
	struct sl_catalog_target target[CTL_TAIL_TARGETS_MAX];
	size_t target_count; /* 0: everything */
};

/*
 * ctl_tail_line_metric and _entry print a line without its end and return true,
 * or return false if the filter does not want it.
 */
bool ctl_tail_line_metric(
    const struct ctl_tail_filter *filter, const struct ctl_metric *m);
bool ctl_tail_line_entry(
    const struct ctl_tail_filter *filter, const struct sl_entry *entry);

#endif
