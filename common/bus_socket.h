/* SPDX-License-Identifier: Apache-2.0 */
/* One dialling nng socket on an event loop.  Only for bus_client.c. */
#ifndef SL_BUS_SOCKET_H
#define SL_BUS_SOCKET_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct sl_bus_socket;

enum sl_bus_role {
	SL_BUS_SUB,
	SL_BUS_REQ, /* raw: any number of requests open, told apart by an id */
	SL_BUS_PUSH,
};

/* Set in the id of every request. */
#define SL_BUS_ID 0x80000000u

struct sl_bus_socket_options {
	struct event_base *base; /* borrowed */
	enum sl_bus_role role;
	const char *path; /* of the unix socket; copied */
	size_t receive_max_bytes;
	int receive_queue; /* messages that wait for the loop */
	int send_queue;    /* messages that wait for the peer */
	/* A message has come (on the loop); id is a reply's.  NULL for push. */
	void (*message)(void *arg, uint32_t id, const void *data, size_t len);
	/* The number of connections (0 or 1) has changed; may be NULL. */
	void (*connections)(void *arg, unsigned count);
	void *arg;
};

/*
 * sl_bus_socket_dial opens a socket that goes on dialling for as long as it
 * lives; nobody need listen yet.  Returns 0, SL_ETOOBIG (path) or SL_ESYS with
 * a log line; *out is NULL then.
 */
int sl_bus_socket_dial(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options);

/* sl_bus_socket_close ends it and waits for nng's threads; NULL is fine. */
void sl_bus_socket_close(struct sl_bus_socket *s);

/*
 * sl_bus_socket_send copies a message out, a request with its id; never
 * blocks.  Returns 0, SL_EAGAIN or SL_ENOMEM.
 */
int sl_bus_socket_send(
    struct sl_bus_socket *s, uint32_t id, const void *data, size_t len);

#endif
