/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an nng listener still lets peers in.  Only for bus.c. */
#ifndef SL_BUS_WATCH_H
#define SL_BUS_WATCH_H

#include <stdint.h>

/* The protocol numbers that peers name in nng's handshake. */
#define SL_BUS_PROTO_SUB  0x21
#define SL_BUS_PROTO_REQ  0x30
#define SL_BUS_PROTO_PUSH 0x50

/*
 * A dial of a listener of this process, as a peer would make it.  A listener
 * that has died still accepts and shakes hands; only the connection never
 * reaches its socket.  So the proof of life is the number of connections that
 * the socket has been given: it has to grow.
 */
struct sl_bus_watch {
	const char *path;      /* of the unix socket; borrowed */
	uint8_t peer_protocol; /* that the dial speaks */
	int fd;                /* -1: no dial in progress */
	uint64_t accepted;     /* by the socket, when the dial began */
};

enum sl_bus_watch_state {
	SL_BUS_WATCH_ALIVE,   /* the dial before this one got through */
	SL_BUS_WATCH_DEAD,    /* it did not, or nobody takes this one */
	SL_BUS_WATCH_UNKNOWN, /* could not dial (out of descriptors): see errno */
};

void sl_bus_watch_init(
    struct sl_bus_watch *watch, const char *path, uint8_t peer_protocol);

/*
 * sl_bus_watch_dial judges the dial before and begins the next; call it once
 * per second with the number of connections that the socket was ever given.
 * Never blocks.
 */
enum sl_bus_watch_state sl_bus_watch_dial(struct sl_bus_watch *watch, uint64_t accepted);

/* sl_bus_watch_seen ends the dial once it got through. */
void sl_bus_watch_seen(struct sl_bus_watch *watch, uint64_t accepted);

/* sl_bus_watch_clear ends a dial in progress. */
void sl_bus_watch_clear(struct sl_bus_watch *watch);

#endif
