/* SPDX-License-Identifier: Apache-2.0 */
/* Holds back metrics of views with max_hz: the newest value, not every one. */
#ifndef GW_RATE_H
#define GW_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "hub.h"
#include "pattern.h"

struct event;
struct gw_rate;
struct gw_view;

/*
 * gw_rate_new makes the state of a view with these patterns (borrowed);
 * gw_rate_free accepts NULL.
 */
struct gw_rate *gw_rate_new(const struct gw_patterns *patterns);
void gw_rate_free(struct gw_rate *rate);

/*
 * gw_rate_overlay takes up what the mirror tells (gw_mirror_settle),
 * appends the overlay of everything that is due, and returns true; nothing and
 * false if nothing is.  What is not due yet makes the hub's event fire then.
 */
bool gw_rate_overlay(struct gw_view *view, struct sl_buf *out);

/* gw_rate_event makes the hub's event, which flushes the fan-out when it fires. */
struct event *gw_rate_event(struct gw_hub *hub);

#endif
