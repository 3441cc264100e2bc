/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of live streams: pings, keep-alives, slowness, expiry of tokens. */
#ifndef GW_PULSE_H
#define GW_PULSE_H

#include <stdint.h>

#include "client.h"

struct event_base;

/* Intervals, from the configuration; may change while running. */
struct gw_pulse_options {
	int64_t ping_ms;      /* between pings of a WebSocket */
	int64_t pong_ms;      /* without a sign of life: closed */
	int64_t keepalive_ms; /* between id lines of an event stream */
	int64_t heartbeat_ms; /* between heartbeat messages */
	int64_t slow_ms;      /* without progress although something is pending */
	int64_t auth_ms;      /* until a WebSocket has signed in */
	int64_t warning_ms;   /* how long before its token expires a client is told */
	int64_t update_ms;    /* longest without metrics_update, where one is owed */
	int64_t flush_ms;     /* until what waits for a client is tried again */
};

struct gw_pulse;

struct gw_pulse *gw_pulse_new(
    struct event_base *loop, const struct gw_pulse_options *options);

/* gw_pulse_free frees the clocks; clients must have been stopped. */
void gw_pulse_free(struct gw_pulse *pulse);

/* gw_pulse_set changes the intervals; each client follows at its next beat. */
void gw_pulse_set(struct gw_pulse *pulse, const struct gw_pulse_options *options);

/* gw_pulse_start begins a client's clock, gw_pulse_stop ends it. */
void gw_pulse_start(struct gw_pulse *pulse, struct gw_client *client);
void gw_pulse_stop(struct gw_client *client);

/* gw_pulse_watch makes the clock look soon: something is pending. */
void gw_pulse_watch(struct gw_client *client);

/* gw_pulse_heard notes a sign of life of the peer. */
void gw_pulse_heard(struct gw_client *client);

/* gw_pulse_again computes the next beat anew (who or its expiry changed). */
void gw_pulse_again(struct gw_client *client);

#endif
