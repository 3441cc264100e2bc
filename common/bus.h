/* SPDX-License-Identifier: Apache-2.0 */
/* The bus between one aggregator, its gateways and sightlinectl. */
#ifndef SL_BUS_H
#define SL_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/*
 * Three sockets in the run directory: "pub" (batches, aggregator to all),
 * "req" (requests and their replies) and "push" (reports of gateways).  What
 * travels in them are the messages of msg.h; the bus looks into none.  They
 * are nng's pub0/sub0, req0/rep0 and push0/pull0 over ipc://, as sp.h says, and
 * any program that uses nng can join.
 *
 * Both ends live on one libevent loop and belong to its thread: callbacks run
 * there, from the loop, and no function may be called from another thread.
 * No function waits for a peer.
 *
 * The stream may lose messages (a subscriber that is slow or away): flow.h
 * finds what is missing.
 */

/* ---- the aggregator's end ------------------------------------------------- */

struct sl_bus;

/* Whom a reply goes to.  A value: keep and copy it at will, answer once. */
struct sl_bus_route {
	uint32_t pipe;
	uint32_t request;
};

struct sl_bus_handler {
	/* A request has come; answer now or later with sl_bus_reply, or never. */
	void (*request)(
	    void *arg, struct sl_bus_route route, const void *data, size_t len);
	/* A gateway's report has come. */
	void (*report)(void *arg, const void *data, size_t len);
	/* A connection for requests is over: its routes' pipe; may be NULL. */
	void (*gone)(void *arg, uint32_t pipe);
};

struct sl_bus_options {
	struct event_base *base; /* borrowed, outlives the bus */
	const char *run_dir;     /* holds pub, req, push; copied */
	/*
	 * Peers of other users: members of this group (NULL: none).  The sockets
	 * are 0660 and given to the group; own uid and root are always let in,
	 * everybody else's connection is closed, counted and logged.
	 */
	const char *group;
};

struct sl_bus_counters {
	uint64_t published;       /* batches */
	uint64_t published_bytes; /* once per batch, however many subscribers */
	uint64_t requests;
	uint64_t replies_dropped; /* the peer was gone or did not read */
	uint64_t reports;
	uint64_t batches_dropped; /* for subscribers that do not read */
	uint64_t peers_refused;   /* by their uid, or one too many */
	uint64_t peers_malformed; /* dropped for what they sent */
	uint32_t subscribers;     /* now */
	uint64_t backlog_bytes;   /* now: what the subscriber furthest behind waits for */
};

/*
 * sl_bus_open listens on the three sockets.  The caller holds the instance's
 * lock file: a second aggregator must not get here.
 * handler is copied; arg goes to its functions.  Returns 0, SL_ETOOBIG (path
 * too long for a unix socket), SL_EEXIST (somebody answers there), SL_ENOTFOUND
 * (no such group) or SL_ESYS, each with a log line; *out is NULL then.
 */
int sl_bus_open(struct sl_bus **out, const struct sl_bus_options *options,
    const struct sl_bus_handler *handler, void *arg);

/* sl_bus_close ends all connections and removes the sockets; not from a callback. */
void sl_bus_close(struct sl_bus *bus);

/*
 * sl_bus_publish sends one packed batch to all subscribers.  Copies; never
 * blocks: a subscriber that has not read 32 MiB loses batches, one that takes
 * nothing for 10 s its connection.  Returns 0 or SL_ETOOBIG (over SL_MSG_MAX).
 */
int sl_bus_publish(struct sl_bus *bus, const void *data, size_t len);

/*
 * sl_bus_reply answers a request with one packed reply.  Copies; never blocks.
 * Returns 0, SL_ETOOBIG or SL_EAGAIN (the peer does not read: dropped and
 * counted).  A peer that is gone is no error.
 */
int sl_bus_reply(
    struct sl_bus *bus, struct sl_bus_route route, const void *data, size_t len);

/* sl_bus_counters gives the counters; valid until the bus is closed. */
const struct sl_bus_counters *sl_bus_counters(struct sl_bus *bus);

/* ---- the end of gateways and sightlinectl --------------------------------- */

struct sl_bus_client;

struct sl_bus_client_options {
	struct event_base *base; /* borrowed, outlives the client */
	const char *run_dir;     /* copied */
	/*
	 * Called for each batch; NULL: this client does not subscribe.  data lives
	 * until it returns.
	 */
	void (*batch)(void *arg, const void *data, size_t len);
	/* Called when the connection for requests comes up or goes; may be NULL. */
	void (*link)(void *arg, bool up);
	void *arg;
	bool reports; /* opens the push socket for sl_bus_client_report */
};

/*
 * sl_bus_client_open dials the aggregator's sockets and goes on dialling for
 * as long as the client lives (every 10 to 250 ms): an absent aggregator is
 * no error.  Returns 0, SL_ETOOBIG or SL_ESYS, with a log line.
 */
int sl_bus_client_open(
    struct sl_bus_client **out, const struct sl_bus_client_options *options);

/*
 * sl_bus_client_close ends the connections; not from a callback.  Requests that
 * are still open get their done called with SL_ECLOSED before it returns.
 */
void sl_bus_client_close(struct sl_bus_client *client);

/*
 * The end of a request: error 0 and the packed reply, which lives until done
 * returns; or SL_ETIMEOUT, SL_ECLOSED and no data.  Called exactly once,
 * unless cancelled, and never from inside sl_bus_client_request.  It may make
 * and cancel requests but not close the client.
 */
typedef void (*sl_bus_done)(void *arg, int error, const void *data, size_t len);

#define SL_BUS_TIMEOUT_MS 2000 /* DESIGN: no answer by then is a 503 */

/*
 * sl_bus_client_request sends one packed request and calls done when it is
 * answered or timeout_ms have passed.  Any number may be open (up to 4,096,
 * then SL_EFULL).  While the aggregator is away the request waits for it, and
 * one that was sent when the connection broke is sent again on the next:
 * requests are idempotent by their id.  *id (may be NULL) is for cancelling.
 * Copies data.  Returns 0, SL_EFULL, SL_ETOOBIG, SL_ENOMEM or SL_ECLOSED (the client
 * is being closed); done is called only after 0.
 */
int sl_bus_client_request(struct sl_bus_client *client, const void *data, size_t len,
    int timeout_ms, sl_bus_done done, void *arg, uint32_t *id);

/* sl_bus_client_cancel forgets a request: done will not be called. */
void sl_bus_client_cancel(struct sl_bus_client *client, uint32_t id);

/*
 * sl_bus_client_report sends one packed report; one that cannot leave at once
 * is dropped (SL_EAGAIN): the next one tells more.
 */
int sl_bus_client_report(struct sl_bus_client *client, const void *data, size_t len);

/* sl_bus_client_linked says whether the request socket is connected now. */
bool sl_bus_client_linked(const struct sl_bus_client *client);

#endif
