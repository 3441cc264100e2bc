/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of an instance as batches tell them. */
#ifndef CTL_VIEW_H
#define CTL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg.h"

struct ctl_metric {
	bool known; /* a definition has come */
	char *text; /* holds the names */
	struct sl_slice tenant, module, name, field, unit;
	struct sl_slice topic; /* metrics.MODULE.NAME */
	bool in_snapshot;
	bool is_status;
	struct sl_msg_metric newest;
};

/* All zeroes is empty.  Indexed by the metric's number. */
struct ctl_view {
	struct ctl_metric *metric;
	size_t count;
};

void ctl_view_clear(struct ctl_view *view);

/* ctl_view_define takes a definition (copied); SL_ETOOBIG for an absurd number. */
int ctl_view_define(struct ctl_view *view, const struct sl_msg_metric_def *def);

/*
 * ctl_view_update takes a value that is not older than the one known and
 * returns its metric; NULL if it is older or nothing defines it.
 */
const struct ctl_metric *ctl_view_update(
    struct ctl_view *view, const struct sl_msg_metric *metric);

/* ctl_view_status is the word for a status: "healthy", "warning", "critical". */
const char *ctl_view_status(uint8_t status);

#endif
