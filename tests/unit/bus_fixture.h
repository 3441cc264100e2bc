/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for the bus's sockets, a loop, and peers made of plain sockets. */
#ifndef BUS_FIXTURE_H
#define BUS_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus.h"
#include "loop.h"

#define PATIENCE_MS 30000

static char dir[64];
static struct event_base *base;
static struct sl_bus *bus;
static struct sl_bus_client *client;

static inline void bus_fixture_begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/sl-bus-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	base = event_base_new();
	bus = NULL;
	client = NULL;
}

static inline void bus_fixture_end(void)
{
	static const char *const names[] = {"pub", "req", "push"};
	char path[128];

	sl_bus_client_close(client);
	sl_bus_close(bus);
	event_base_free(base);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static inline void bus_fixture_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Turns the loop until condition, which may take something, holds once. */
#define UNTIL(condition)                                                                 \
	do {                                                                             \
		bool late = false;                                                       \
		bool holds;                                                              \
		const struct timeval patience = sl_loop_ms(PATIENCE_MS);                 \
		struct event *guard = evtimer_new(base, bus_fixture_late, &late);        \
		event_add(guard, &patience);                                             \
		while (!(holds = (condition)) && !late)                                  \
			event_base_loop(base, EVLOOP_ONCE);                              \
		event_free(guard);                                                       \
		ck_assert_msg(holds, "never came true: %s", #condition);                 \
	} while (0)

static inline struct sockaddr_un bus_fixture_address(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
	return addr;
}

/* A peer that says nothing by itself; -1 when nobody listens. */
static inline int connect_to(const char *name)
{
	struct sockaddr_un addr = bus_fixture_address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

#endif
