/* SPDX-License-Identifier: Apache-2.0 */
/* Temperature sensors of the kernel's hwmon class. */
#ifndef COL_SENSORS_H
#define COL_SENSORS_H

#include <stddef.h>

#include "procfile.h"

#define COL_SENSORS_MAX  64
#define COL_SENSORS_NAME 128
#define COL_SENSORS_PATH 256

struct col_sensor {
	char name[COL_SENSORS_NAME]; /* "coretemp Package id 0", or "nvme temp1" */
	char path[COL_SENSORS_PATH];
	struct col_procfile file;
};

/* The caller's; begins as zeroes. */
struct col_sensors {
	struct col_sensor sensor[COL_SENSORS_MAX];
	size_t count;
};

/*
 * col_sensors_open finds the sensors below root ("/sys/class/hwmon"), at most
 * COL_SENSORS_MAX.  None is no error.
 */
void col_sensors_open(struct col_sensors *sensors, const char *root);

/* col_sensors_read gives a temperature in degrees Celsius; 0, or an SL_E code. */
int col_sensors_read(
    struct col_sensors *sensors, size_t i, struct sl_buf *buf, double *celsius);

/* col_sensors_close closes all. */
void col_sensors_close(struct col_sensors *sensors);

#endif
