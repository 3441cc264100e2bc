/* SPDX-License-Identifier: Apache-2.0 */
/* One dialling end of the bus on an event loop.  Only for bus_client.c. */
#ifndef SL_BUS_SOCKET_H
#define SL_BUS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct sl_bus_socket;
struct sl_conn_set;

enum sl_bus_role {
	SL_BUS_SUB,
	SL_BUS_REQ, /* any number of requests open, told apart by an id */
	SL_BUS_PUSH,
};

struct sl_bus_socket_options {
	struct event_base *base;   /* borrowed */
	struct sl_conn_set *conns; /* borrowed */
	enum sl_bus_role role;
	const char *path; /* of the unix socket; copied */
	uint32_t receive_max_bytes;
	size_t pending_max_bytes; /* past this a message is refused */
	/* A message has come; id is a reply's.  NULL for push. */
	void (*message)(void *arg, uint32_t id, const void *data, size_t len);
	/* The peer has greeted, or is gone; may be NULL. */
	void (*link)(void *arg, bool up);
	/* What was pending has left; may be NULL. */
	void (*drained)(void *arg);
	void *arg;
};

/*
 * sl_bus_socket_dial opens a socket that goes on dialling for as long as it
 * lives; nobody need listen yet.  No callback runs before it returns.  Returns
 * 0, SL_ETOOBIG (path), with a log line, or SL_ENOMEM; *out is NULL then.
 */
int sl_bus_socket_dial(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options);

/* sl_bus_socket_close ends it: no callback runs any more.  NULL is fine. */
void sl_bus_socket_close(struct sl_bus_socket *s);

/*
 * sl_bus_socket_send copies a message out, a request with its id; never
 * blocks.  Returns 0, or SL_EAGAIN: no peer, or too much is pending.
 */
int sl_bus_socket_send(
    struct sl_bus_socket *s, uint32_t id, const void *data, size_t len);

#endif
