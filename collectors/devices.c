/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "rate.h"

struct col_device {
	char name[COL_DEVICES_NAME];
	uint64_t counter[COL_DEVICES_COUNTERS];
	uint32_t handle[COL_DEVICES_COUNTERS];
	bool defined[COL_DEVICES_COUNTERS];
	int64_t read_ns; /* monotonic */
	bool seen;       /* in the current reading */
};

void col_devices_begin(struct col_devices *devices)
{
	devices->at = 0;
	for (size_t i = 0; i < devices->count; i++)
		devices->device[i].seen = false;
}

static struct col_device *find(struct col_devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->count; i++) {
		size_t at = (devices->at + i) % devices->count;
		if (strcmp(devices->device[at].name, name) == 0) {
			devices->at = at + 1;
			return &devices->device[at];
		}
	}
	return NULL;
}

static struct col_device *add(struct col_devices *devices, const char *name)
{
	if (devices->device == NULL) {
		devices->device = calloc(COL_DEVICES_MAX, sizeof(*devices->device));
		if (devices->device == NULL)
			abort();
	}
	if (devices->count == COL_DEVICES_MAX) {
		if (!devices->full_logged)
			sl_log_warn("devices",
			    "too many, the rest is not watched label=%s max=%d",
			    devices->label, COL_DEVICES_MAX);
		devices->full_logged = true;
		return NULL;
	}
	struct col_device *device = &devices->device[devices->count++];
	*device = (struct col_device){0};
	strncpy(device->name, name, sizeof(device->name) - 1);
	struct col_label label = {devices->label, device->name};
	for (size_t i = 0; i < devices->metric_count; i++)
		device->defined[i] =
		    col_core_gauge(devices->core, devices->metric[i].metric,
			devices->metric[i].unit, &label, 1, &device->handle[i]) == 0;
	return device;
}

bool col_devices_update(struct col_devices *devices, const char *name,
    const uint64_t *counter, const struct col_tick *tick, double *rates)
{
	struct col_device *device = find(devices, name);
	bool known = device != NULL;

	if (!known)
		device = add(devices, name);
	if (rates != NULL)
		memset(rates, 0, devices->metric_count * sizeof(*rates));
	if (device == NULL)
		return false;
	double elapsed_s =
	    (double)(tick->mono_ns - device->read_ns) / (double)SL_NS_PER_S;
	for (size_t i = 0; i < devices->metric_count; i++) {
		uint64_t delta;
		if (known && elapsed_s > 0 && device->defined[i] &&
		    col_rate_delta(device->counter[i], counter[i], &delta)) {
			double rate =
			    (double)delta / elapsed_s * devices->metric[i].scale;
			col_core_push(devices->core, device->handle[i], rate, tick);
			if (rates != NULL)
				rates[i] = rate;
		}
		device->counter[i] = counter[i];
	}
	device->read_ns = tick->mono_ns;
	device->seen = true;
	return known;
}

void col_devices_end(struct col_devices *devices)
{
	size_t kept = 0;

	for (size_t i = 0; i < devices->count; i++) {
		if (!devices->device[i].seen)
			continue;
		if (kept != i)
			devices->device[kept] = devices->device[i];
		kept++;
	}
	devices->count = kept;
}

void col_devices_clear(struct col_devices *devices)
{
	free(devices->device);
	devices->device = NULL;
	devices->count = 0;
}
