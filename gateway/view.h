/* SPDX-License-Identifier: Apache-2.0 */
/* A view: the clients that see the same, and get the same bytes. */
#ifndef GW_VIEW_H
#define GW_VIEW_H

#include <stdint.h>

#include "hub.h"
#include "pattern.h"
#include "sight.h"

struct gw_client;
struct gw_rate;

struct gw_view {
	struct gw_table_node node;
	struct gw_hub *hub;
	struct gw_view *next;
	struct gw_view *prev;
	struct gw_sight sight; /* with a reference to its patterns */
	bool wants_alerts;
	bool wants_events;
	bool wants_metrics;
	struct gw_rate *rate; /* holds back metrics; NULL: none */
	uint32_t metrics_ms;  /* monotonic, wraps: last flush that had metrics for it */
	uint32_t uneven; /* fanout.c: the sweep that has had members out of their turn */
	bool phase;      /* fanout.c: what its members' rounds are turned by */
	struct gw_client **member;
	uint32_t count;
	uint32_t cap;
};

/*
 * gw_view_get returns the view of a tenant, role, set of modules, patterns and
 * format, made if it is new.  It lives as long as it has members: add one before the
 * loop's next turn.
 */
struct gw_view *gw_view_get(struct gw_hub *hub, const struct gw_sight *sight);

/*
 * gw_view_add makes a client a member, gw_view_remove ends that; the last one
 * that leaves frees the view.
 */
void gw_view_add(struct gw_view *view, struct gw_client *client);
void gw_view_remove(struct gw_view *view, struct gw_client *client);

/* gw_view_sign is a number of what a view shows, the same on every gateway. */
uint32_t gw_view_sign(const struct gw_view *view);

/*
 * gw_view_overlay appends what is due of what the mirror tells, and returns true;
 * nothing and false if nothing is.  Once after each gw_mirror_settle.
 */
bool gw_view_overlay(struct gw_view *view, struct sl_buf *out);

/* gw_view_wants says whether entries of a log can be in sight. */
static inline bool gw_view_wants(const struct gw_view *view, enum sl_stream stream)
{
	return stream == SL_STREAM_ALERTS ? view->wants_alerts : view->wants_events;
}

#endif
