/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The aggregator's end speaks nng's wire format (sp.h) on our
 * own connections; nng itself is at the clients' end only.  nng 1.5's ipc
 * listeners die when a peer goes away within its handshake, and a dead one
 * keeps every descriptor that it accepts for as long as the process lives,
 * also after it is closed: no watchdog can mend that.  Here a peer can do
 * nothing but lose its own connection: it has 2 s to shake hands, its messages
 * are bounded before they are stored, and there are at most PEERS_MAX of it
 * per door.
 *
 * A batch is one shared frame for all subscribers.  One that does not read
 * loses batches past PENDING_MAX, sees that by their numbers, and is cut off
 * when it has taken nothing for STALLED_S.
 */
#include "bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bus_members.h"
#include "clock.h"
#include "conn.h"
#include "deadline.h"
#include "error.h"
#include "frame.h"
#include "listen.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "sp.h"

#define PEERS_MAX    256
#define PENDING_MAX  (32u * 1024u * 1024u) /* two of the largest messages */
#define HANDSHAKE_S  2
#define STALLED_S    10
#define TICK_MS      1000
#define PATH_MAX_LEN 256

/* Bounds of what comes in: subscribers have nothing to say at all. */
#define RECEIVE_REQ  (SL_MSG_BODY_MAX + SL_MSG_TOKEN_MAX + 4096)
#define RECEIVE_PUSH 4096

enum door { PUB, REQ, PUSH, DOORS };

static const struct {
	const char *name;
	enum sl_sp_protocol own, peer;
	uint32_t receive_max;
} doors[DOORS] = {
    {"pub", SL_SP_PUB, SL_SP_SUB, 0},
    {"req", SL_SP_REP, SL_SP_REQ, RECEIVE_REQ},
    {"push", SL_SP_PULL, SL_SP_PUSH, RECEIVE_PUSH},
};

struct peer {
	LIST_ENTRY(peer) link;
	struct sl_bus *bus;
	enum door door;
	uint32_t id; /* of the connection, in routes */
	struct sl_conn *conn;
	struct sl_sp_reader reader;
	struct sl_deadline handshake;
};

struct entrance {
	struct sl_bus *bus;
	enum door door;
	struct sl_listen *listen;
	LIST_HEAD(, peer) peers;
	unsigned count;
};

struct sl_bus {
	struct sl_bus_handler handler;
	void *arg;
	struct sl_bus_members members;
	struct sl_conn_set *conns;
	struct sl_deadline_wheel *handshakes;
	struct event *tick;
	uint32_t last_id;
	struct sl_bus_counters told; /* what the log has told of the refusals */
	struct entrance entrance[DOORS];
	struct sl_bus_counters counters;
};

/* ---- messages from peers --------------------------------------------------------------
 */

static int on_message(void *arg, const char *data, size_t len)
{
	struct peer *peer = arg;
	struct sl_bus *bus = peer->bus;

	if (peer->door == PUSH) {
		bus->counters.reports++;
		bus->handler.report(bus->arg, data, len);
		return 0;
	}
	/* No id, or one that says it went through a device: nobody does that. */
	if (len < SL_SP_ID || !(sl_sp_get_id(data) & SL_SP_ID_BIT))
		return SL_EMALFORMED;
	bus->counters.requests++;
	bus->handler.request(bus->arg,
	    (struct sl_bus_route){peer->id, sl_sp_get_id(data)}, data + SL_SP_ID,
	    len - SL_SP_ID);
	return 0;
}

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	struct peer *peer = owner;
	int rc = sl_sp_read(&peer->reader, data, len, on_message, peer);

	if (rc != 0) {
		peer->bus->counters.peers_malformed++;
		sl_log_debug("bus", "peer dropped door=%s reason=\"%s\"",
		    doors[peer->door].name, sl_strerror(rc));
		sl_conn_close(
		    conn, rc == SL_ETOOBIG ? SL_CONN_TOO_BIG : SL_CONN_MALFORMED);
		return;
	}
	if (peer->reader.greeted)
		sl_deadline_clear(peer->bus->handshakes, &peer->handshake);
}

/* ---- peers ---- */

static void on_close(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct peer *peer = owner;

	(void)conn;
	sl_log_debug("bus", "peer gone door=%s reason=\"%s\"", doors[peer->door].name,
	    sl_conn_reason_text(reason));
	sl_deadline_clear(peer->bus->handshakes, &peer->handshake);
	LIST_REMOVE(peer, link);
	peer->bus->entrance[peer->door].count--;
	if (peer->door == REQ && peer->bus->handler.gone)
		peer->bus->handler.gone(peer->bus->arg, peer->id);
	sl_sp_reader_clear(&peer->reader);
	free(peer);
}

static void on_handshake_late(void *arg, struct sl_deadline *deadline)
{
	struct peer *peer =
	    (struct peer *)(void *)((char *)deadline - offsetof(struct peer, handshake));

	(void)arg;
	sl_conn_close(peer->conn, SL_CONN_HEADER_TIMEOUT);
}

static const struct sl_conn_handler peer_handler = {
    .on_read = on_read, .on_close = on_close};

static void on_accept(void *arg, int fd, const struct sl_addr *addr)
{
	struct entrance *entrance = arg;
	struct sl_bus *bus = entrance->bus;
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	char hello[SL_SP_HELLO];

	(void)addr;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
	    !sl_bus_members_allow(&bus->members, credentials.uid, credentials.gid) ||
	    entrance->count == PEERS_MAX) {
		bus->counters.peers_refused++;
		close(fd);
		return;
	}
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer) {
		close(fd);
		return;
	}
	peer->conn = sl_conn_open(bus->conns, fd, &peer_handler, peer);
	if (!peer->conn) {
		free(peer);
		return;
	}
	peer->bus = bus;
	peer->door = entrance->door;
	peer->id = ++bus->last_id;
	sl_sp_reader_init(
	    &peer->reader, doors[peer->door].peer, doors[peer->door].receive_max);
	LIST_INSERT_HEAD(&entrance->peers, peer, link);
	entrance->count++;
	sl_deadline_set(bus->handshakes, &peer->handshake,
	    sl_clock_mono_ns() + HANDSHAKE_S * SL_NS_PER_S);
	sl_sp_hello(doors[peer->door].own, hello);
	sl_conn_send(peer->conn, hello, sizeof(hello));
}

/* Once a second: cuts off who takes nothing, and tells of who was refused. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sl_bus *bus = arg;
	int64_t now_ns = sl_clock_mono_ns();
	struct peer *peer;

	(void)fd;
	(void)what;
	for (int i = 0; i < DOORS; i++)
		LIST_FOREACH (peer, &bus->entrance[i].peers, link)
			if (sl_conn_stalled_ns(peer->conn, now_ns) >
			    STALLED_S * SL_NS_PER_S)
				sl_conn_close(peer->conn, SL_CONN_SLOW);
	/* Once a second, however many come: peers cannot flood the log. */
	if (bus->counters.peers_refused == bus->told.peers_refused &&
	    bus->counters.peers_malformed == bus->told.peers_malformed)
		return;
	sl_log_warn("bus", "peers turned away refused=%llu malformed=%llu",
	    (unsigned long long)(bus->counters.peers_refused - bus->told.peers_refused),
	    (unsigned long long)(bus->counters.peers_malformed -
				 bus->told.peers_malformed));
	bus->told = bus->counters;
}

/* ---- messages to peers ---------------------------------------------------------------
 */

int sl_bus_publish(struct sl_bus *bus, const void *data, size_t len)
{
	struct peer *peer;

	if (len > SL_MSG_MAX)
		return SL_ETOOBIG;
	struct sl_frame *frame = sl_frame_new(NULL, SL_SP_HEAD + len);

	sl_sp_head(len, frame->data);
	memcpy(frame->data + SL_SP_HEAD, data, len);
	LIST_FOREACH (peer, &bus->entrance[PUB].peers, link) {
		if (!peer->reader.greeted)
			continue;
		if (sl_conn_pending_bytes(peer->conn) + frame->len > PENDING_MAX)
			bus->counters.batches_dropped++;
		else
			sl_conn_send_shared(peer->conn, frame);
	}
	sl_frame_unref(frame);
	bus->counters.published++;
	bus->counters.published_bytes += len;
	return 0;
}

static struct peer *find_peer(struct sl_bus *bus, uint32_t id)
{
	struct peer *peer;

	LIST_FOREACH (peer, &bus->entrance[REQ].peers, link)
		if (peer->id == id)
			return peer;
	return NULL;
}

int sl_bus_reply(
    struct sl_bus *bus, struct sl_bus_route route, const void *data, size_t len)
{
	struct peer *peer = find_peer(bus, route.pipe);
	char head[SL_SP_HEAD + SL_SP_ID];
	/* Sent, not changed: iovec knows no const. */
	const struct iovec pieces[] = {{head, sizeof(head)}, {(void *)data, len}};

	if (len > SL_MSG_MAX)
		return SL_ETOOBIG;
	if (!peer)
		return 0;
	if (sl_conn_pending_bytes(peer->conn) + len > PENDING_MAX) {
		bus->counters.replies_dropped++;
		return SL_EAGAIN;
	}
	sl_sp_head(SL_SP_ID + len, head);
	sl_sp_put_id(route.request, head + SL_SP_HEAD);
	sl_conn_sendv(peer->conn, pieces, 2);
	return 0;
}

const struct sl_bus_counters *sl_bus_counters(struct sl_bus *bus)
{
	const struct peer *peer;

	bus->counters.subscribers = bus->entrance[PUB].count;
	bus->counters.backlog_bytes = 0;
	LIST_FOREACH (peer, &bus->entrance[PUB].peers, link) {
		size_t pending = sl_conn_pending_bytes(peer->conn);
		if (pending > bus->counters.backlog_bytes)
			bus->counters.backlog_bytes = pending;
	}
	return &bus->counters;
}

/* ---- opening and closing --------------------------------------------------------------
 */

static int open_door(struct sl_bus *bus, enum door door, const struct sl_bus_options *o)
{
	struct entrance *entrance = &bus->entrance[door];
	char path[PATH_MAX_LEN];
	char error[SL_LISTEN_ERROR];
	int n = snprintf(path, sizeof(path), "%s/%s", o->run_dir, doors[door].name);

	entrance->bus = bus;
	entrance->door = door;
	LIST_INIT(&entrance->peers);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		sl_log_error("bus", "path too long for a unix socket path=\"%s/%s\"",
		    o->run_dir, doors[door].name);
		return SL_ETOOBIG;
	}
	int rc = sl_listen_open_unix(
	    o->base, path, NULL, on_accept, entrance, &entrance->listen, error);

	if (rc != 0) {
		sl_log_error("bus", "%s", error);
		return rc;
	}
	if (bus->members.group != (gid_t)-1 &&
	    chown(path, (uid_t)-1, bus->members.group) != 0) {
		sl_log_error("bus", "chown failed path=\"%s\" gid=%u error=\"%s\"", path,
		    (unsigned)bus->members.group, strerror(errno));
		return SL_ESYS;
	}
	return 0;
}

static int start(struct sl_bus *bus, const struct sl_bus_options *options)
{
	const struct timeval interval = sl_loop_ms(TICK_MS);
	int rc = sl_bus_members_find(&bus->members, options->group);

	bus->conns = sl_conn_set_new(options->base);
	bus->handshakes = sl_deadline_wheel_new(options->base, on_handshake_late, bus);
	bus->tick = event_new(options->base, -1, EV_PERSIST, on_tick, bus);
	if (rc == 0 && (!bus->conns || !bus->handshakes || !bus->tick ||
			   event_add(bus->tick, &interval) != 0))
		rc = SL_ENOMEM;
	for (int i = 0; i < DOORS && rc == 0; i++)
		rc = open_door(bus, (enum door)i, options);
	return rc;
}

int sl_bus_open(struct sl_bus **out, const struct sl_bus_options *options,
    const struct sl_bus_handler *handler, void *arg)
{
	struct sl_bus *bus = calloc(1, sizeof(*bus));

	*out = NULL;
	if (!bus)
		return SL_ENOMEM;
	bus->handler = *handler;
	bus->arg = arg;
	int rc = start(bus, options);

	if (rc != 0) {
		sl_bus_close(bus);
		return rc;
	}
	*out = bus;
	return 0;
}

void sl_bus_close(struct sl_bus *bus)
{
	if (!bus)
		return;
	for (int i = 0; i < DOORS; i++)
		sl_listen_close(bus->entrance[i].listen);
	if (bus->conns)
		sl_conn_set_free(bus->conns);
	sl_deadline_wheel_free(bus->handshakes);
	if (bus->tick)
		event_free(bus->tick);
	sl_bus_members_clear(&bus->members);
	free(bus);
}
