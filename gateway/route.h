/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler answers which path, and who may ask. */
#ifndef GW_ROUTE_H
#define GW_ROUTE_H

#include "call.h"
#include "catalog.h"

enum gw_route_flag {
	GW_ROUTE_PUBLIC = 1 << 0,   /* no token is needed */
	GW_ROUTE_ALWAYS = 1 << 1,   /* also before the first state */
	GW_ROUTE_DEFAULT = 1 << 2,  /* only for the default tenant */
	GW_ROUTE_LOCAL = 1 << 3,    /* public on the gateway's own socket */
	GW_ROUTE_UPGRADE = 1 << 4,  /* a WebSocket: the endpoint itself checks who asks */
	GW_ROUTE_ALL = 1 << 5,      /* only for roles that may read every module */
	GW_ROUTE_STREAM = 1 << 6,   /* opens streams, which don't count as requests */
	GW_ROUTE_UPDATES = 1 << 7,  /* metrics_update at least every update_interval */
	GW_ROUTE_ROOT = 1 << 8,     /* without an upgrade it is the dashboard's page */
	GW_ROUTE_BEATS = 1 << 9,    /* streams with heartbeat messages */
	GW_ROUTE_WRAPS = 1 << 10,   /* answers are {"success":true,"data":…} */
	GW_ROUTE_RESUMES = 1 << 11, /* ?token= is a reconnect token, not a credential */
};

/*
 * One row: "{id}" in the path stands for one segment, an empty path for the
 * option websocket_path.  The last four are what the API document says of it;
 * what follows from methods, rights and flags is not repeated there.
 */
struct gw_route {
	unsigned methods; /* enum sl_http_method; HEAD goes with GET */
	const char *path;
	void (*handler)(struct gw_call *call);
	unsigned rights; /* all of enum sl_right that are needed */
	unsigned flags;
	const char *summary;
	const char *query;  /* names of parameter.h, "!" after what is required */
	const char *body;   /* a type of schema.h; NULL: none is read */
	const char *answer; /* see below */
};

/*
 * An answer is a type of schema.h, or of media types such as text/plain, or
 * both with "|" between.  It is that of a 200; further ones follow with their status:
 * "Health 503:Health". Problems need not be named.
 */

/* gw_route_at returns the rows of the table in order, NULL after the last one. */
const struct gw_route *gw_route_at(size_t i);

/* gw_route_number numbers the rows from 1, in few bits: 0 for NULL. */
uint8_t gw_route_number(const struct gw_route *route);

/* gw_route_path returns a row's path where it depends on the configuration, too. */
const char *gw_route_path(const struct gw_route *route, const char *websocket_path);

/*
 * gw_route_again runs a call again that gw_admit_call has put aside, with what was
 * decided: YES has a place of placed (counted already, a reference is taken).
 */
void gw_route_again(struct gateway *gw, struct sl_http_request *request,
    enum gw_admission admission, struct gw_user *placed);

/* gw_route_handle is the HTTP server's handler: arg is the gateway. */
void gw_route_handle(void *arg, struct sl_http_request *request);

#endif
