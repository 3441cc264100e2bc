/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What scripts write: the first byte chooses the format, and how the text is cut
 * into pieces, which must make no difference to the lines.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "collectors/influx.h"
#include "collectors/keyhash.h"
#include "collectors/lines.h"
#include "collectors/netdata.h"
#include "error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_MAX_BYTES 300
#define CHARTS_MAX     4
#define DIMENSIONS_MAX 8

static uint64_t digest;

static void mix(struct sl_slice text)
{
	digest = col_keyhash(text.data, text.len, digest + 1);
}

static void fuzz_influx(struct sl_slice line)
{
	static struct col_influx influx;
	int rc = col_influx_parse(&influx, line);

	if ((rc != 0) != (influx.error[0] != '\0'))
		abort();
	if (rc != 0)
		return;
	for (size_t i = 0; i < influx.field_count; i++)
		if (!isfinite(influx.field[i].value) || influx.field[i].key.len == 0)
			abort();
	for (size_t i = 0; i < influx.tag_count; i++)
		if (influx.tag[i].key.len == 0 || influx.tag[i].value.len == 0)
			abort();
}

static void on_value(void *arg, const struct col_netdata_value *value)
{
	(void)arg;
	if (memchr(value->name.data, '.', value->name.len) == NULL ||
	    value->label_count > COL_MAPPING_LABELS_MAX)
		abort();
	mix(value->name);
	for (size_t i = 0; i < value->label_count; i++)
		mix(value->label[i].key);
}

static void fuzz_netdata(struct col_netdata *netdata, struct sl_slice line)
{
	static int64_t now_ns;
	int rc = col_netdata_line(netdata, line, now_ns += SL_NS_PER_MS);

	if (rc != 0 && rc != SL_ECLOSED && col_netdata_error(netdata)[0] == '\0')
		abort();
}

/* The lines of a text that comes in pieces of step bytes, to a parser. */
static uint64_t read_lines(
    const uint8_t *data, size_t size, size_t step, int format, bool cut)
{
	struct col_lines lines = {.max = LINE_MAX_BYTES, .cut = cut};
	struct col_netdata *netdata =
	    col_netdata_new(CHARTS_MAX, DIMENSIONS_MAX, on_value, NULL);
	struct sl_slice line;

	digest = 0;
	for (size_t at = 0; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		memcpy(col_lines_room(&lines, n), data + at, n);
		col_lines_put(&lines, n);
		while (col_lines_next(&lines, &line)) {
			/* A copy of exactly this size: a read past it is seen. */
			char *copy = malloc(line.len > 0 ? line.len : 1);
			if (copy == NULL || line.len > LINE_MAX_BYTES)
				abort();
			memcpy(copy, line.data, line.len);
			line.data = copy;
			mix(line);
			if (format == 0)
				fuzz_influx(line);
			else
				fuzz_netdata(netdata, line);
			free(copy);
		}
	}
	if (col_lines_rest(&lines, &line))
		mix(line);
	digest += lines.overlong;
	col_netdata_free(netdata);
	col_lines_clear(&lines);
	return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	int format = data[0] % 2;
	bool cut = data[0] / 2 % 2;
	size_t step = 1 + data[0] / 4;
	uint64_t whole = read_lines(data + 1, size - 1, size, format, cut);

	if (read_lines(data + 1, size - 1, step, format, cut) != whole)
		abort();
	return 0;
}
