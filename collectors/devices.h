/* SPDX-License-Identifier: Apache-2.0 */
/* Rates of the counters of things that come and go: disks, interfaces, cgroups. */
#ifndef COL_DEVICES_H
#define COL_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core.h"

#define COL_DEVICES_NAME     256
#define COL_DEVICES_MAX      256 /* of one kind; more are left out and logged once */
#define COL_DEVICES_COUNTERS 8

/* One series per device: so much per second of counter i, times scale. */
struct col_device_metric {
	const char *metric;
	const char *unit;
	double scale;
};

struct col_device;

/* A kind of device.  The caller sets the first group, the rest begins as zeroes. */
struct col_devices {
	struct col_core *core;
	const char *label; /* "device": the series' label; its value is the name */
	const struct col_device_metric *metric;
	size_t metric_count; /* at most COL_DEVICES_COUNTERS */

	struct col_device *device;
	size_t count;
	size_t at; /* where the next one is expected: order hardly ever changes */
	bool full_logged;
};

/* col_devices_begin starts a reading: nothing has been seen in it yet. */
void col_devices_begin(struct col_devices *devices);

/*
 * col_devices_update takes the counters of one device, pushes its rates since
 * the last reading and, where rates is not NULL, writes them there (0 for a
 * device that is new and for a counter that started anew).  Returns whether
 * it has been seen before.
 */
bool col_devices_update(struct col_devices *devices, const char *name,
    const uint64_t *counter, const struct col_tick *tick, double *rates);

/*
 * col_devices_end forgets devices that this reading did not see; returning,
 * they count as new and have their old series.
 */
void col_devices_end(struct col_devices *devices);

/* col_devices_clear frees everything. */
void col_devices_clear(struct col_devices *devices);

#endif
