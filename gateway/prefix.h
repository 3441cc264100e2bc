/* SPDX-License-Identifier: Apache-2.0 */
/* What clients that are behind share of a compressed message: all but the cursor. */
#ifndef GW_PREFIX_H
#define GW_PREFIX_H

#include "hub.h"
#include "render.h"

/* The compressed beginnings that were needed last; made at the first use. */
struct gw_prefixes;

/* gw_prefix_clear frees what a hub has of them. */
void gw_prefix_clear(struct gw_hub *hub);

/*
 * gw_prefix_entry appends the message of an entry as a compressed WebSocket
 * frame with a cursor of the client's own: the beginning is compressed once for
 * however many clients catch up, the cursor follows as a stored block.  kind is
 * a WebSocket's.  A short message is appended as it is.
 */
void gw_prefix_entry(struct gw_hub *hub, enum gw_packing_kind kind,
    const struct sl_entry *entry, const struct gw_stamp *stamp, struct sl_buf *out);

#endif
