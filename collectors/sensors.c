/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "parse_process.h"
#include "scan.h"

#define TEMP_PER_CHIP 32 /* temp1_input … are numbered from 1, with gaps */

/* hwmon gives millidegrees; what lies outside is a broken or absent sensor. */
#define CELSIUS_MIN (-100.0)
#define CELSIUS_MAX 250.0

/* Reads the one line of a small file as text for a label; false if there is none. */
static bool read_line(const char *path, struct sl_buf *buf, char *out, size_t size)
{
	struct col_procfile file = COL_PROCFILE(path);
	struct sl_slice text, line;

	/* A sensor without a name of its own is common: nothing to log. */
	file.failed = true;
	bool found = col_procfile_read(&file, buf, &text) == 0 &&
		     col_scan_line(&text, &line) && col_scan_copy(line, out, size);
	col_procfile_close(&file);
	return found;
}

static void add_sensor(struct col_sensors *sensors, struct sl_buf *buf,
    const char *chip_path, const char *chip, int i)
{
	char path[COL_SENSORS_PATH], label[64];

	if (sensors->count == COL_SENSORS_MAX)
		return;
	struct col_sensor *sensor = &sensors->sensor[sensors->count];
	int len =
	    snprintf(sensor->path, sizeof(sensor->path), "%s/temp%d_input", chip_path, i);
	if (len < 0 || (size_t)len >= sizeof(sensor->path))
		return;
	sensor->file =
	    (struct col_procfile){.path = sensor->path, .fd = -1, .failed = true};
	double celsius;
	if (col_sensors_read(sensors, sensors->count, buf, &celsius) != 0)
		return;
	sensor->file.failed = false;
	len = snprintf(path, sizeof(path), "%s/temp%d_label", chip_path, i);
	if (len < 0 || (size_t)len >= sizeof(path) ||
	    !read_line(path, buf, label, sizeof(label)))
		snprintf(label, sizeof(label), "temp%d", i);
	snprintf(sensor->name, sizeof(sensor->name), "%s %s", chip, label);
	sensors->count++;
}

void col_sensors_open(struct col_sensors *sensors, const char *root)
{
	struct sl_buf buf = {0};
	const struct dirent *entry;
	DIR *dir = opendir(root);

	sensors->count = 0;
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		char path[COL_SENSORS_PATH], name_path[COL_SENSORS_PATH + 8], chip[48];
		int len = snprintf(path, sizeof(path), "%s/%s", root, entry->d_name);
		if (entry->d_name[0] == '.' || len < 0 || (size_t)len >= sizeof(path))
			continue;
		snprintf(name_path, sizeof(name_path), "%s/name", path);
		if (!read_line(name_path, &buf, chip, sizeof(chip)))
			snprintf(chip, sizeof(chip), "%.40s", entry->d_name);
		for (int i = 1; i <= TEMP_PER_CHIP; i++)
			add_sensor(sensors, &buf, path, chip, i);
	}
	closedir(dir);
	sl_buf_clear(&buf);
}

int col_sensors_read(
    struct col_sensors *sensors, size_t i, struct sl_buf *buf, double *celsius)
{
	struct sl_slice text;
	int64_t millidegrees;
	int rc = col_procfile_read(&sensors->sensor[i].file, buf, &text);

	if (rc != 0)
		return rc;
	if (col_parse_number(text, &millidegrees) != 0)
		return SL_EMALFORMED;
	*celsius = (double)millidegrees / 1000.0;
	return *celsius >= CELSIUS_MIN && *celsius <= CELSIUS_MAX ? 0 : SL_EINVAL;
}

void col_sensors_close(struct col_sensors *sensors)
{
	for (size_t i = 0; i < sensors->count; i++)
		col_procfile_close(&sensors->sensor[i].file);
	sensors->count = 0;
}
