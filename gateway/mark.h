/* SPDX-License-Identifier: Apache-2.0 */
/* Where something began in the five logs, shared by all that began there. */
#ifndef GW_MARK_H
#define GW_MARK_H

#include <stdint.h>

#include "entry.h"

struct gw_already;

/* Counted: clients that come between two flushes have one in common. */
struct gw_mark {
	uint32_t refs;
	uint64_t next[SL_STREAM_COUNT];
	/* Of one that has changed its role or was told of a gap; freed with it. */
	struct gw_already *past;
};

/*
 * gw_mark_get returns a mark of these positions, with a reference for the caller:
 * *newest, if it is of them, else a new one that replaces it there.
 */
struct gw_mark *gw_mark_get(
    struct gw_mark **newest, const uint64_t next[SL_STREAM_COUNT]);

/* gw_mark_ref adds a reference, gw_mark_unref gives one back; both accept NULL. */
struct gw_mark *gw_mark_ref(struct gw_mark *mark);
void gw_mark_unref(struct gw_mark *mark);

#endif
