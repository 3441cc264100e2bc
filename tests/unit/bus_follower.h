/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the bus that counts what reaches it, and the beat that it waits for. */
#ifndef BUS_FOLLOWER_H
#define BUS_FOLLOWER_H

#include "bus_fixture.h"

static int batches, replies;

static void on_batch(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	batches++;
}

static void on_done(void *arg, int error, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	replies += error == 0;
}

static void open_client(void)
{
	struct sl_bus_client_options options = {
	    .base = base, .run_dir = dir, .batch = on_batch, .reports = true};

	ck_assert_int_eq(sl_bus_client_open(&client, &options), 0);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ck_assert_int_eq(sl_bus_publish(bus, "beat", 4), 0);
}

#endif
