/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway process: what its endpoints share. */
#ifndef GW_GATEWAY_H
#define GW_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "access_state.h"
#include "ask.h"
#include "auth.h"
#include "config.h"
#include "conn.h"
#include "follow.h"
#include "http.h"
#include "hub.h"
#include "limit.h"
#include "listen.h"
#include "paths.h"
#include "process.h"
#include "pulse.h"
#include "user.h"

struct gw_connection_done;
struct gw_drain;
struct gw_https;
struct gw_metrics;
struct gw_secret;
struct gw_static;
struct gw_trails;

struct gateway {
	struct sl_process *process;
	const struct sl_config_gateway *config; /* the one in force */
	bool streaming;                         /* streams are offered */
	unsigned index;
	char name[24]; /* "gateway-1" */
	char cookie[32];
	uint16_t port;

	struct sl_listen *tcp;
	struct sl_listen *local; /* run/gateway-<i>.sock */
	struct gw_https *https;
	struct sl_conn_set *conns;
	struct sl_http_server *http;
	struct gw_limit *limit;
	struct gw_static *files;

	struct sl_bus_client *bus;
	struct gw_ask *ask;
	struct gw_follow *follow;
	struct gw_hub hub;

	struct gw_users *users;
	struct gw_auth *auth;
	struct gw_pulse *pulse;
	struct gw_secret *secret; /* NULL: no key */
	struct gw_trails *trails;
	struct gw_metrics *metrics;
	struct gw_connection_done *connection_done; /* NULL until the first */
	struct gw_selftest *selftests;              /* under way */
	struct gw_access access;

	struct event *second; /* reports */
	struct event *sweep;
	struct event *cut; /* set while a revocation waits for its sweep */
	uint32_t spending; /* tickets that wait for the aggregator */
	bool draining;
	struct gw_drain *drain; /* NULL before */
	struct {
		uint32_t ws;
		uint32_t sse;
		uint32_t polls; /* that wait */
		uint64_t ws_opened;
		uint64_t sse_opened;
		uint64_t polls_opened;
		uint64_t inbound; /* client messages */
		uint64_t bad;     /* of these, in error */
		uint64_t refused; /* streams and requests: auth, limits */
	} count;
};

/* gw_gateway_main runs the process; returns its exit code. */
int gw_gateway_main(int argc, char **argv);

/* gw_gateway_full says whether no further connection fits. */
bool gw_gateway_full(const struct gateway *gw);

/*
 * gw_gateway_connects counts a connection of a peer; false if its address has
 * opened too many in this second.
 */
bool gw_gateway_connects(struct gateway *gw, const struct sl_addr *peer);

/* gw_gateway_left is called when a stream's client is gone. */
void gw_gateway_left(struct gateway *gw);

#endif
