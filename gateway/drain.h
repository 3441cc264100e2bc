/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a gateway: its clients go elsewhere, one after the other. */
#ifndef GW_DRAIN_H
#define GW_DRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "gateway.h"

/*
 * gw_drain_start stops to accept on the TCP port and sends every client away
 * ("disconnect", 3001), evenly spread over a window: all at once they would
 * come back all at once.  The window is four fifths of the drain timeout, or
 * two milliseconds a client where that is less.  The own socket goes on to
 * answer, so that /readyz can be asked.  The process ends when nobody is left.
 */
void gw_drain_start(struct gateway *gw);
void gw_drain_stop(struct gateway *gw);

/* gw_drain_left ends a draining process when nobody is left. */
void gw_drain_left(struct gateway *gw);

/* gw_drain_window_ms is the length of the window for so many clients. */
int64_t gw_drain_window_ms(size_t clients, int64_t timeout_ms);

/* gw_drain_due is how many of all clients have to be gone after so long of the window. */
size_t gw_drain_due(size_t clients, int64_t window_ms, int64_t passed_ms);

#endif
