/* SPDX-License-Identifier: Apache-2.0 */
/* Pressure stall information: the share of time in which work waited. */
#include <stdlib.h>

#include "clock.h"
#include "parse_stat.h"
#include "procfile.h"
#include "rate.h"
#include "system.h"

static const struct {
	const char *path;
	const char *some, *full; /* metrics */
} resources[] = {
    {"/proc/pressure/cpu", "pressure_cpu_some", "pressure_cpu_full"},
    {"/proc/pressure/memory", "pressure_memory_some", "pressure_memory_full"},
    {"/proc/pressure/io", "pressure_io_some", "pressure_io_full"},
};

#define RESOURCES (sizeof(resources) / sizeof(resources[0]))

struct pressure {
	struct col_system *system;
	struct {
		struct col_procfile file;
		struct col_parse_pressure before;
		int64_t before_ns; /* monotonic; 0: nothing before */
		uint32_t some, full;
	} resource[RESOURCES];
};

static void *pressure_open(struct col_system *system)
{
	struct pressure *pressure = col_system_alloc(sizeof(*pressure));

	pressure->system = system;
	for (size_t i = 0; i < RESOURCES; i++) {
		pressure->resource[i].file =
		    (struct col_procfile)COL_PROCFILE(resources[i].path);
		pressure->resource[i].some = COL_SYSTEM_UNDEFINED;
		pressure->resource[i].full = COL_SYSTEM_UNDEFINED;
	}
	return pressure;
}

static void pressure_close(void *arg)
{
	struct pressure *pressure = arg;

	for (size_t i = 0; i < RESOURCES; i++)
		col_procfile_close(&pressure->resource[i].file);
	free(pressure);
}

/* Stalled microseconds per microsecond that passed, as percent. */
static double share(uint64_t before_us, uint64_t now_us, int64_t elapsed_ns)
{
	double value = 100.0 * (double)col_rate_step(before_us, now_us) *
		       (double)SL_NS_PER_US / (double)elapsed_ns;

	return value > 100.0 ? 100.0 : value;
}

static void read_resource(
    struct pressure *pressure, size_t i, const struct col_tick *tick)
{
	struct col_system *system = pressure->system;
	struct col_parse_pressure now, *before = &pressure->resource[i].before;
	struct sl_slice text;

	if (col_procfile_read(&pressure->resource[i].file, &system->text, &text) != 0)
		return;
	if (col_parse_pressure(text, &now) != 0) {
		col_procfile_reject(&pressure->resource[i].file);
		return;
	}
	int64_t elapsed_ns = tick->mono_ns - pressure->resource[i].before_ns;
	if (pressure->resource[i].before_ns != 0 && elapsed_ns > 0) {
		col_system_push(system, &pressure->resource[i].some, resources[i].some,
		    "percent",
		    share(before->some_total_us, now.some_total_us, elapsed_ns), tick);
		col_system_push(system, &pressure->resource[i].full, resources[i].full,
		    "percent",
		    share(before->full_total_us, now.full_total_us, elapsed_ns), tick);
	}
	*before = now;
	pressure->resource[i].before_ns = tick->mono_ns;
}

static void pressure_run(void *arg, const struct col_tick *tick)
{
	for (size_t i = 0; i < RESOURCES; i++)
		read_resource(arg, i, tick);
}

const struct col_system_group col_system_pressure = {
    .name = "pressure",
    .interval_offset = offsetof(struct sl_config_system, pressure_interval_ms),
    .open = pressure_open,
    .run = pressure_run,
    .close = pressure_close,
};
