/* SPDX-License-Identifier: Apache-2.0 */
/* Temperatures: each sensor, and the hottest. */
#include <stdlib.h>

#include "clock.h"
#include "sensors.h"
#include "system.h"

#define ROOT "/sys/class/hwmon"

/* Sensors appear when a module is loaded or a disk is plugged in. */
#define RESCAN_NS (60 * SL_NS_PER_S)

struct temperature {
	struct col_system *system;
	struct col_sensors sensors;
	int64_t scanned_ns; /* monotonic */
	uint32_t hottest;
};

static void *temperature_open(struct col_system *system)
{
	struct temperature *temperature = col_system_alloc(sizeof(*temperature));

	temperature->system = system;
	temperature->hottest = COL_SYSTEM_UNDEFINED;
	temperature->scanned_ns = sl_clock_mono_ns();
	col_sensors_open(&temperature->sensors, ROOT);
	return temperature;
}

static void temperature_close(void *arg)
{
	struct temperature *temperature = arg;

	col_sensors_close(&temperature->sensors);
	free(temperature);
}

static void temperature_run(void *arg, const struct col_tick *tick)
{
	struct temperature *temperature = arg;
	struct col_sensors *sensors = &temperature->sensors;
	struct col_system *system = temperature->system;
	double hottest = 0, celsius;
	bool any = false;
	uint32_t handle;

	if (tick->mono_ns - temperature->scanned_ns >= RESCAN_NS) {
		col_sensors_close(sensors);
		col_sensors_open(sensors, ROOT);
		temperature->scanned_ns = tick->mono_ns;
	}
	for (size_t i = 0; i < sensors->count; i++) {
		struct col_label label = {"sensor", sensors->sensor[i].name};
		if (col_sensors_read(sensors, i, &system->text, &celsius) != 0)
			continue;
		if (!any || celsius > hottest)
			hottest = celsius;
		any = true;
		if (col_core_gauge(system->core, "sensor_temperature", "celsius", &label,
			1, &handle) == 0)
			col_core_push(system->core, handle, celsius, tick);
	}
	if (any)
		col_system_push(system, &temperature->hottest, "temperature_max",
		    "celsius", hottest, tick);
}

const struct col_system_group col_system_temperature = {
    .name = "temperature",
    .interval_offset = offsetof(struct sl_config_system, temperature_interval_ms),
    .open = temperature_open,
    .run = temperature_run,
    .close = temperature_close,
};
