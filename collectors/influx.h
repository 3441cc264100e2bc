/* SPDX-License-Identifier: Apache-2.0 */
/* A line of InfluxDB's line protocol, as Telegraf's plug-ins write it.  Pure. */
#ifndef COL_INFLUX_H
#define COL_INFLUX_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"
#include "mapping.h"

#define COL_INFLUX_FIELDS_MAX 256

struct col_influx_field {
	struct sl_slice key;
	double value;
};

/*
 * measurement[,tag=value]… field=value[,field=value]… [time]
 *
 * Slices are unescaped and live until the next line.  Fields are floats,
 * integers (12i), unsigned (12u) and booleans (1, 0); fields that are text have
 * no number and are only counted.  Begins as zeroes; the caller's.
 */
struct col_influx {
	struct sl_slice measurement;
	struct col_mapping_label tag[COL_MAPPING_LABELS_MAX];
	size_t tag_count;
	struct col_influx_field field[COL_INFLUX_FIELDS_MAX];
	size_t field_count;
	size_t text_count; /* fields left out */
	bool has_time;
	int64_t time_ns;
	const char *error; /* what is wrong, a static text */
	struct sl_buf text;
};

/*
 * col_influx_parse reads one line without its end.  An empty line and a comment
 * have no fields.  Returns 0, SL_EMALFORMED, or SL_ETOOBIG past a bound; then
 * error says why.
 */
int col_influx_parse(struct col_influx *influx, struct sl_slice line);

/* col_influx_clear frees the memory. */
void col_influx_clear(struct col_influx *influx);

#endif
