/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of a WebSocket client do. */
#ifndef GW_COMMAND_H
#define GW_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "gateway.h"
#include "ws.h"

struct gw_signing;

/* A WebSocket's client, with what it may still send. */
struct gw_websocket {
	struct gw_client client;
	struct gateway *gw;
	struct sl_ws codec;
	uint32_t filled_ms; /* when tokens was filled up last */
	uint32_t bad_ms;    /* begin of the minute in which bad are counted */
	uint32_t used;      /* of the burst */
	uint16_t bad;
	uint8_t fragments; /* frames that did not end a message; wraps */
	char
	    *user_id; /* ?userId= until somebody signs in, where it was sent; else NULL */
	struct gw_signing *signing; /* auth waits for a place; else NULL */
};

/* What a message costs beyond one: one for so many bytes, inflated ... */
#define GW_COMMAND_BYTES (16u * 1024u)
/* ... and one for so many fragments. */
#define GW_COMMAND_FRAGMENTS 64

/*
 * gw_command_allowed counts a message against the connection's rate; false
 * after it has disconnected the client.
 */
bool gw_command_allowed(struct gw_websocket *ws);

/*
 * gw_command_run does what one text message asks.  A message in error is
 * answered and counted; past the limit the client is disconnected.
 */
void gw_command_run(struct gw_websocket *ws, const char *data, size_t len);

/* gw_command_error sends an error message. */
void gw_command_error(
    struct gw_websocket *ws, struct sl_slice id, const char *code, const char *detail);

/* gw_command_welcome sends connection_established. */
void gw_command_welcome(struct gw_websocket *ws, struct sl_slice id);

#endif
