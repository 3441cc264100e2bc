/* SPDX-License-Identifier: Apache-2.0 */
/* One nng socket on an event loop.  Only for bus.c and bus_client.c. */
#ifndef SL_BUS_SOCKET_H
#define SL_BUS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct sl_bus_socket;

enum sl_bus_role {
	SL_BUS_PUB,
	SL_BUS_SUB,
	SL_BUS_REQ, /* raw: any number of requests open, told apart by an id */
	SL_BUS_REP, /* raw: a request answered late holds up no other */
	SL_BUS_PUSH,
	SL_BUS_PULL,
};

/*
 * The words that a message of req or rep carries before its bytes: rep has
 * the connection and the request's id, req has the id; others have none.
 */
#define SL_BUS_WORDS 2
#define SL_BUS_ID    0x80000000u /* set in every request's id */

struct sl_bus_socket_options {
	struct event_base *base; /* borrowed */
	enum sl_bus_role role;
	const char *path; /* of the unix socket; copied */
	size_t receive_max_bytes;
	int receive_queue; /* messages that wait for the loop */
	int send_queue;    /* messages that wait for each peer */
	/*
	 * Listeners: says whether a peer may stay.  Called on nng's threads, must
	 * be pure.  NULL: all that the socket's mode lets in.
	 */
	bool (*allow)(void *arg, uid_t uid, gid_t gid);
	gid_t group; /* listeners: given to the socket; (gid_t)-1 keeps it */
	/* A message has come (on the loop); may be NULL where none can come. */
	void (*message)(
	    void *arg, const uint32_t words[SL_BUS_WORDS], const void *data, size_t len);
	/* The number of connections has changed (on the loop); may be NULL. */
	void (*connections)(void *arg, unsigned count);
	void *arg;
};

/*
 * sl_bus_socket_listen and _dial open a socket; a dialler needs nobody to
 * listen yet.  0, SL_ETOOBIG (path) or SL_ESYS with a log line; *out NULL then.
 */
int sl_bus_socket_listen(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options);
int sl_bus_socket_dial(
    struct sl_bus_socket **out, const struct sl_bus_socket_options *options);

/*
 * sl_bus_socket_relisten opens the listener anew; connections stay (the oldest
 * ones excepted, after 31 deaths of listeners with connections).
 */
int sl_bus_socket_relisten(struct sl_bus_socket *s);

/* sl_bus_socket_close ends it and waits for nng's threads; NULL is fine. */
void sl_bus_socket_close(struct sl_bus_socket *s);

/*
 * sl_bus_socket_send copies a message out; never blocks.  words as above.
 * Returns 0, SL_EAGAIN or SL_ENOMEM.
 */
int sl_bus_socket_send(struct sl_bus_socket *s, const uint32_t words[SL_BUS_WORDS],
    const void *data, size_t len);

/*
 * Numbers that nng's threads keep: connections now, connections ever, peers
 * that allow refused.
 */
unsigned sl_bus_socket_connections(const struct sl_bus_socket *s);
uint64_t sl_bus_socket_accepted(const struct sl_bus_socket *s);
uint64_t sl_bus_socket_refused(const struct sl_bus_socket *s);

#endif
