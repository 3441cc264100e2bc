/* SPDX-License-Identifier: Apache-2.0 */
#include "bus_watch.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HANDSHAKE 8

void sl_bus_watch_init(
    struct sl_bus_watch *watch, const char *path, uint8_t peer_protocol)
{
	*watch =
	    (struct sl_bus_watch){.path = path, .peer_protocol = peer_protocol, .fd = -1};
}

void sl_bus_watch_clear(struct sl_bus_watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
}

void sl_bus_watch_seen(struct sl_bus_watch *watch, uint64_t accepted)
{
	if (accepted > watch->accepted)
		sl_bus_watch_clear(watch);
}

static enum sl_bus_watch_state begin(struct sl_bus_watch *watch)
{
	/* All of it at once: a handshake cut short would kill the listener. */
	const unsigned char hello[HANDSHAKE] = {
	    0, 'S', 'P', 0, 0, watch->peer_protocol, 0, 0};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", watch->path);
	watch->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (watch->fd < 0)
		return SL_BUS_WATCH_UNKNOWN;
	/* EAGAIN here: the backlog is full, nobody accepts. */
	if (connect(watch->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    send(watch->fd, hello, sizeof(hello), MSG_NOSIGNAL) != HANDSHAKE) {
		sl_bus_watch_clear(watch);
		return SL_BUS_WATCH_DEAD;
	}
	return SL_BUS_WATCH_ALIVE;
}

enum sl_bus_watch_state sl_bus_watch_dial(struct sl_bus_watch *watch, uint64_t accepted)
{
	sl_bus_watch_seen(watch, accepted);
	if (watch->fd >= 0) {
		sl_bus_watch_clear(watch);
		return SL_BUS_WATCH_DEAD;
	}
	watch->accepted = accepted;
	return begin(watch);
}
