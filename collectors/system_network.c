/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices.h"
#include "parse_net.h"
#include "procfile.h"
#include "system.h"

enum {
	RECEIVE_BYTES,
	TRANSMIT_BYTES,
	RECEIVE_PACKETS,
	TRANSMIT_PACKETS,
	ERRORS,
	DROPS,
	COUNTERS
};

static const struct col_device_metric metrics[COUNTERS] = {
    [RECEIVE_BYTES] = {"interface_receive_bytes_per_second", "bytes_per_second", 1.0},
    [TRANSMIT_BYTES] = {"interface_transmit_bytes_per_second", "bytes_per_second", 1.0},
    [RECEIVE_PACKETS] = {"interface_receive_packets_per_second", "per_second", 1.0},
    [TRANSMIT_PACKETS] = {"interface_transmit_packets_per_second", "per_second", 1.0},
    [ERRORS] = {"interface_errors_per_second", "per_second", 1.0},
    [DROPS] = {"interface_drops_per_second", "per_second", 1.0},
};

struct network {
	struct col_system *system;
	struct col_procfile dev;
	struct col_devices devices;
	struct col_parse_interface now[COL_DEVICES_MAX];
	bool physical[COL_DEVICES_MAX]; /* of the interface at this place in the list */
	char name[COL_DEVICES_MAX][COL_PARSE_INTERFACE_NAME]; /* that physical[] is of */
	uint32_t receive, transmit, errors;
};

/* Sums over interfaces. */
struct totals {
	double receive, transmit, errors;
	unsigned interfaces;
};

static void *network_open(struct col_system *system)
{
	struct network *network = col_system_alloc(sizeof(*network));

	network->system = system;
	network->dev = (struct col_procfile)COL_PROCFILE("/proc/net/dev");
	network->devices = (struct col_devices){.core = system->core,
	    .label = "interface",
	    .metric = metrics,
	    .metric_count = COUNTERS};
	network->receive = network->transmit = network->errors = COL_SYSTEM_UNDEFINED;
	return network;
}

static void network_close(void *arg)
{
	struct network *network = arg;

	col_procfile_close(&network->dev);
	col_devices_clear(&network->devices);
	free(network);
}

/* An interface with a device behind it; bridges, tunnels and pairs have none. */
static bool is_physical(struct network *network, int i)
{
	const char *name = network->now[i].name;
	char path[128];

	if (strcmp(network->name[i], name) == 0)
		return network->physical[i];
	snprintf(path, sizeof(path), "/sys/class/net/%s/device", name);
	network->physical[i] = access(path, F_OK) == 0;
	snprintf(network->name[i], sizeof(network->name[i]), "%s", name);
	return network->physical[i];
}

static void add(struct totals *totals, const double rate[COUNTERS])
{
	totals->receive += rate[RECEIVE_BYTES];
	totals->transmit += rate[TRANSMIT_BYTES];
	totals->errors += rate[ERRORS];
	totals->interfaces++;
}

static void read_interfaces(struct network *network, int count,
    const struct col_tick *tick, struct totals *physical, struct totals *all)
{
	double rate[COUNTERS];

	col_devices_begin(&network->devices);
	for (int i = 0; i < count; i++) {
		const struct col_parse_interface *now = &network->now[i];
		const uint64_t counter[COUNTERS] = {[RECEIVE_BYTES] = now->receive_bytes,
		    [TRANSMIT_BYTES] = now->transmit_bytes,
		    [RECEIVE_PACKETS] = now->receive_packets,
		    [TRANSMIT_PACKETS] = now->transmit_packets,
		    [ERRORS] = now->receive_errors + now->transmit_errors,
		    [DROPS] = now->receive_drops + now->transmit_drops};
		if (!col_devices_update(
			&network->devices, now->name, counter, tick, rate))
			continue;
		add(all, rate);
		if (is_physical(network, i))
			add(physical, rate);
	}
	col_devices_end(&network->devices);
}

static void network_run(void *arg, const struct col_tick *tick)
{
	struct network *network = arg;
	struct col_system *system = network->system;
	struct totals physical = {0}, all = {0};
	struct sl_slice text;

	if (col_procfile_read(&network->dev, &system->text, &text) != 0)
		return;
	int count = col_parse_interfaces(text, network->now, COL_DEVICES_MAX);
	if (count < 0) {
		col_procfile_reject(&network->dev);
		return;
	}
	read_interfaces(network, count, tick, &physical, &all);
	/*
	 * What crosses a bridge also crosses its ports: the machine's traffic is
	 * that of its physical interfaces; a container has none and counts all.
	 */
	const struct totals *totals = physical.interfaces > 0 ? &physical : &all;
	if (totals->interfaces == 0)
		return;
	col_system_push(system, &network->receive, "network_receive_bytes_per_second",
	    "bytes_per_second", totals->receive, tick);
	col_system_push(system, &network->transmit, "network_transmit_bytes_per_second",
	    "bytes_per_second", totals->transmit, tick);
	col_system_push(system, &network->errors, "network_errors_per_second",
	    "per_second", totals->errors, tick);
}

const struct col_system_group col_system_network = {
    .name = "network",
    .interval_offset = offsetof(struct sl_config_system, network_interval_ms),
    .open = network_open,
    .run = network_run,
    .close = network_close,
};
