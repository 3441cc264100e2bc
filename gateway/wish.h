/* SPDX-License-Identifier: Apache-2.0 */
/* What a request for a stream or poll asks for. */
#ifndef GW_WISH_H
#define GW_WISH_H

#include <stdbool.h>

#include "buf.h"
#include "call.h"
#include "cursor.h"
#include "names.h"

struct gw_wish {
	struct gw_names names;      /* what to see, on which terms */
	bool preset;                /* the request named nothing */
	struct gw_names categories; /* in the making */
	struct sl_buf topics;       /* the texts that the names point into */
	struct sl_buf sources;
	struct sl_buf category;
	struct sl_buf scratch;
	bool has_since;
	struct sl_cursor since; /* where to resume */
	bool points;            /* metrics as data points */
	bool named;             /* events have an event: line */
	bool heartbeats;        /* as messages */
};

/*
 * gw_wish_read reads the query and Last-Event-ID into a wish (emptied first).
 * Returns false after it has answered 400 or 403.  gw_wish_clear is due in
 * either case; what points into the wish lives until then.
 */
bool gw_wish_read(struct gw_call *call, struct gw_wish *wish);
void gw_wish_clear(struct gw_wish *wish);

#endif
