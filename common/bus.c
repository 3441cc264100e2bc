/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The aggregator's three listeners.  nng 1.5's ipc listeners
 * stop accepting for good when a peer goes away within its handshake, without
 * an error or a log line; so each of them is dialled every second, and one
 * that did not let the dial in within that second is opened again.  A listener opened
 * anew that was only slow costs nothing: connections stay.
 */
#include "bus.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus_socket.h"
#include "bus_watch.h"
#include "error.h"
#include "log.h"
#include "loop.h"
#include "msg.h"

#define WATCH_MS     1000
#define QUEUE_STREAM 512 /* batches per subscriber */
#define QUEUE_OTHER  128 /* requests, replies, reports */

/* Bounds of what comes in: subscribers have nothing to say at all. */
#define RECEIVE_PUB  64
#define RECEIVE_REP  (SL_MSG_BODY_MAX + SL_MSG_TOKEN_MAX + 4096)
#define RECEIVE_PULL 4096

enum { PUB, REP, PULL, LISTENERS };

static const struct {
	const char *name;
	enum sl_bus_role role;
	size_t receive_max;
	int send_queue;
	uint8_t peer_protocol;
} listeners[LISTENERS] = {
    {"pub", SL_BUS_PUB, RECEIVE_PUB, QUEUE_STREAM, SL_BUS_PROTO_SUB},
    {"req", SL_BUS_REP, RECEIVE_REP, QUEUE_OTHER, SL_BUS_PROTO_REQ},
    {"push", SL_BUS_PULL, RECEIVE_PULL, 0, SL_BUS_PROTO_PUSH},
};

/* Who may connect besides this process's user and root.  Constant while open. */
struct peers {
	gid_t group; /* (gid_t)-1: none */
	uid_t *uids; /* members of the group */
	size_t count;
};

struct sl_bus {
	struct sl_bus_handler handler;
	void *arg;
	struct peers peers;
	struct {
		char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
		struct sl_bus_socket *socket;
		struct sl_bus_watch watch;
	} listener[LISTENERS];
	struct event *tick;
	struct sl_bus_counters counters;
};

/* ---- peers ---------------------------------------------------------------------- */

static bool allow(void *arg, uid_t uid, gid_t gid)
{
	const struct sl_bus *bus = arg;

	if (uid == 0 || uid == geteuid())
		return true;
	if (bus->peers.group == (gid_t)-1)
		return false;
	for (size_t i = 0; i < bus->peers.count; i++)
		if (bus->peers.uids[i] == uid)
			return true;
	return gid == bus->peers.group;
}

/* Reads the group's members once: later there may be no /etc to look at. */
static int find_peers(struct peers *peers, const char *name)
{
	peers->group = (gid_t)-1;
	if (!name)
		return 0;
	const struct group *group = getgrnam(name);
	size_t members = 0;

	if (!group) {
		sl_log_error("bus", "no such group group=\"%s\"", name);
		return SL_ENOTFOUND;
	}
	while (group->gr_mem[members])
		members++;
	peers->group = group->gr_gid;
	peers->uids = calloc(members + 1, sizeof(*peers->uids));
	if (!peers->uids)
		return SL_ENOMEM;
	for (size_t i = 0; i < members; i++) {
		const struct passwd *user = getpwnam(group->gr_mem[i]);

		if (user)
			peers->uids[peers->count++] = user->pw_uid;
	}
	return 0;
}

/* ---- the watchdog ----------------------------------------------------------------- */

static void watch_listener(struct sl_bus *bus, int i)
{
	switch (sl_bus_watch_dial(
	    &bus->listener[i].watch, sl_bus_socket_accepted(bus->listener[i].socket))) {
	case SL_BUS_WATCH_ALIVE:
		return;
	case SL_BUS_WATCH_UNKNOWN:
		sl_log_warn("bus", "cannot watch the listener path=\"%s\" error=\"%s\"",
		    bus->listener[i].path, strerror(errno));
		return;
	case SL_BUS_WATCH_DEAD:
		bus->counters.listeners_reopened++;
		sl_log_warn("bus", "listener opened again path=\"%s\" reopened=%llu",
		    bus->listener[i].path,
		    (unsigned long long)bus->counters.listeners_reopened);
		/* A failure is logged, and the next tick tries again. */
		(void)sl_bus_socket_relisten(bus->listener[i].socket);
	}
}

/* Ends the dials that got through, so that they are peers for a moment only. */
static void on_connections(void *arg, unsigned count)
{
	struct sl_bus *bus = arg;

	(void)count;
	for (int i = 0; i < LISTENERS; i++)
		if (bus->listener[i].socket)
			sl_bus_watch_seen(&bus->listener[i].watch,
			    sl_bus_socket_accepted(bus->listener[i].socket));
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sl_bus *bus = arg;
	uint64_t refused = 0;

	(void)fd;
	(void)what;
	for (int i = 0; i < LISTENERS; i++)
		refused += sl_bus_socket_refused(bus->listener[i].socket);
	if (refused > bus->counters.peers_refused)
		sl_log_warn("bus", "peers of foreign users refused count=%llu total=%llu",
		    (unsigned long long)(refused - bus->counters.peers_refused),
		    (unsigned long long)refused);
	bus->counters.peers_refused = refused;
	/* Between two dials: the watchdog's own connection is not among them. */
	bus->counters.subscribers = sl_bus_socket_connections(bus->listener[PUB].socket);
	for (int i = 0; i < LISTENERS; i++)
		watch_listener(bus, i);
}

/* ---- messages ------------------------------------------------------------------------
 */

static void on_request(
    void *arg, const uint32_t words[SL_BUS_WORDS], const void *data, size_t len)
{
	struct sl_bus *bus = arg;

	bus->counters.requests++;
	bus->handler.request(
	    bus->arg, (struct sl_bus_route){words[0], words[1]}, data, len);
}

static void on_report(
    void *arg, const uint32_t words[SL_BUS_WORDS], const void *data, size_t len)
{
	struct sl_bus *bus = arg;

	(void)words;
	bus->counters.reports++;
	bus->handler.report(bus->arg, data, len);
}

int sl_bus_publish(struct sl_bus *bus, const void *data, size_t len)
{
	if (len > SL_MSG_MAX)
		return SL_ETOOBIG;
	int rc = sl_bus_socket_send(bus->listener[PUB].socket, NULL, data, len);

	if (rc == 0) {
		bus->counters.published++;
		bus->counters.published_bytes += len;
	}
	return rc;
}

int sl_bus_reply(
    struct sl_bus *bus, struct sl_bus_route route, const void *data, size_t len)
{
	const uint32_t words[SL_BUS_WORDS] = {route.pipe, route.request};

	if (len > SL_MSG_MAX)
		return SL_ETOOBIG;
	int rc = sl_bus_socket_send(bus->listener[REP].socket, words, data, len);

	if (rc == SL_EAGAIN)
		bus->counters.replies_dropped++;
	return rc;
}

const struct sl_bus_counters *sl_bus_counters(struct sl_bus *bus)
{
	return &bus->counters;
}

/* ---- opening and closing ----------------------------------------------------------- */

static int open_listener(struct sl_bus *bus, int i, const struct sl_bus_options *options)
{
	struct sl_bus_socket_options o = {.base = options->base,
	    .role = listeners[i].role,
	    .path = bus->listener[i].path,
	    .receive_max_bytes = listeners[i].receive_max,
	    .receive_queue = QUEUE_OTHER,
	    .send_queue = listeners[i].send_queue,
	    .allow = allow,
	    .group = bus->peers.group,
	    .connections = on_connections,
	    .message = i == REP ? on_request : on_report,
	    .arg = bus};
	int n = snprintf(bus->listener[i].path, sizeof(bus->listener[i].path), "%s/%s",
	    options->run_dir, listeners[i].name);

	if (n < 0 || (size_t)n >= sizeof(bus->listener[i].path)) {
		sl_log_error("bus", "path too long for a unix socket path=\"%s/%s\"",
		    options->run_dir, listeners[i].name);
		return SL_ETOOBIG;
	}
	sl_bus_watch_init(
	    &bus->listener[i].watch, bus->listener[i].path, listeners[i].peer_protocol);
	return sl_bus_socket_listen(&bus->listener[i].socket, &o);
}

static int start_tick(struct sl_bus *bus, struct event_base *base)
{
	const struct timeval interval = sl_loop_ms(WATCH_MS);

	bus->tick = event_new(base, -1, EV_PERSIST, on_tick, bus);
	if (bus->tick && event_add(bus->tick, &interval) == 0)
		return 0;
	sl_log_error("bus", "timer failed");
	return SL_ESYS;
}

int sl_bus_open(struct sl_bus **out, const struct sl_bus_options *options,
    const struct sl_bus_handler *handler, void *arg)
{
	struct sl_bus *bus = calloc(1, sizeof(*bus));
	int rc;

	*out = NULL;
	if (!bus)
		return SL_ENOMEM;
	bus->handler = *handler;
	bus->arg = arg;
	for (int i = 0; i < LISTENERS; i++)
		bus->listener[i].watch.fd = -1;
	rc = find_peers(&bus->peers, options->group);
	for (int i = 0; i < LISTENERS && rc == 0; i++)
		rc = open_listener(bus, i, options);
	if (rc == 0)
		rc = start_tick(bus, options->base);
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
	if (bus->tick)
		event_free(bus->tick);
	for (int i = 0; i < LISTENERS; i++) {
		sl_bus_watch_clear(&bus->listener[i].watch);
		sl_bus_socket_close(bus->listener[i].socket);
	}
	free(bus->peers.uids);
	free(bus);
}
