/* SPDX-License-Identifier: Apache-2.0 */
#include "script_line.h"

#include <math.h>
#include <stdlib.h>

#include "batch_form.h"
#include "clock.h"
#include "error.h"
#include "influx.h"
#include "netdata.h"
#include "scan.h"

/* What a Netdata plug-in may describe in one run. */
#define CHARTS_MAX     1024
#define DIMENSIONS_MAX 16384

#define SHOWN 80 /* of a name from outside, in error lines */

struct col_script_line {
	struct col_script_world *world;
	enum col_script_format format;
	struct col_influx *influx;   /* where the format is that */
	struct col_netdata *netdata; /* likewise */
	struct col_mapped mapped;
	/* of the line at hand: */
	struct col_batch *batch;
	struct col_batch_rules rules;
	struct sl_buf name;
};

static void on_netdata(void *arg, const struct col_netdata_value *value);

struct col_script_line *col_script_line_new(
    struct col_script_world *world, enum col_script_format format)
{
	struct col_script_line *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		abort();
	reader->world = world;
	reader->format = format;
	if (format == COL_SCRIPT_INFLUX)
		reader->influx = calloc(1, sizeof(*reader->influx));
	if (format == COL_SCRIPT_INFLUX && reader->influx == NULL)
		abort();
	if (format == COL_SCRIPT_NETDATA)
		reader->netdata =
		    col_netdata_new(CHARTS_MAX, DIMENSIONS_MAX, on_netdata, reader);
	return reader;
}

void col_script_line_free(struct col_script_line *reader)
{
	if (reader == NULL)
		return;
	if (reader->influx != NULL)
		col_influx_clear(reader->influx);
	free(reader->influx);
	col_netdata_free(reader->netdata);
	col_mapped_clear(&reader->mapped);
	sl_buf_clear(&reader->name);
	free(reader);
}

/* ---- values of foreign names -------------------------------------------------- */

static void refuse(
    struct col_script_line *reader, struct sl_slice name, const char *reason)
{
	reader->world->figures.refused++;
	col_batch_refuse(reader->batch, SL_EINVAL, "%.*s: %s",
	    (int)(name.len < SHOWN ? name.len : SHOWN), name.data, reason);
}

/* Finds what a name stands for; false where that is nothing to take. */
static bool map(struct col_script_line *reader, struct sl_slice name,
    const struct col_mapping_label *label, size_t label_count)
{
	switch (col_mapping_find(
	    reader->world->mapping, name, label, label_count, &reader->mapped)) {
	case COL_MAPPING_OK:
		return true;
	case COL_MAPPING_LEFT_OUT:
		reader->world->figures.ignored++;
		break;
	case COL_MAPPING_UNKNOWN:
		refuse(reader, name, "the catalog declares no such metric");
		break;
	case COL_MAPPING_DENIED:
		refuse(reader, name, "this source may not write its module");
		break;
	case COL_MAPPING_MALFORMED:
		refuse(reader, name, "its labels are too long or too many");
		break;
	}
	return false;
}

static void add(struct col_script_line *reader, double value, int64_t time_ns)
{
	const struct col_mapped *mapped = &reader->mapped;

	if (col_batch_add_series(reader->batch, &reader->rules, mapped->metric->name,
		mapped->label, mapped->label_count, value * mapped->factor, time_ns) != 0)
		reader->world->figures.refused++;
}

/* A field that is called value says no more than its measurement. */
static struct sl_slice influx_name(
    struct col_script_line *reader, const struct col_influx_field *field)
{
	const struct col_influx *influx = reader->influx;

	if (col_scan_is(field->key, "value"))
		return influx->measurement;
	sl_buf_reset(&reader->name);
	sl_buf_add(&reader->name, influx->measurement.data, influx->measurement.len);
	sl_buf_addc(&reader->name, '.');
	sl_buf_add(&reader->name, field->key.data, field->key.len);
	return (struct sl_slice){reader->name.data, reader->name.len};
}

static int read_influx(struct col_script_line *reader, struct sl_slice line)
{
	struct col_influx *influx = reader->influx;
	int rc = col_influx_parse(influx, line);

	if (rc != 0)
		return col_batch_refuse(reader->batch, rc, "%s", influx->error);
	reader->world->figures.ignored += influx->text_count;
	for (size_t i = 0; i < influx->field_count; i++) {
		struct sl_slice name = influx_name(reader, &influx->field[i]);
		if (map(reader, name, influx->tag, influx->tag_count))
			add(reader, influx->field[i].value,
			    influx->has_time ? influx->time_ns : 0);
	}
	return 0;
}

static void on_netdata(void *arg, const struct col_netdata_value *value)
{
	struct col_script_line *reader = arg;
	double given = value->value;

	if (!map(reader, value->name, value->label, value->label_count))
		return;
	if (value->is_counter && reader->mapped.counter == COL_MAPPING_TOTAL)
		given = value->total;
	else if (value->is_counter && reader->mapped.counter == COL_MAPPING_COUNT)
		given = value->delta;
	if (!isnan(given))
		add(reader, given, 0);
}

static int read_netdata(struct col_script_line *reader, struct sl_slice line)
{
	int rc = col_netdata_line(reader->netdata, line, sl_clock_mono_ns());

	if (rc != 0 && rc != SL_ECLOSED)
		col_batch_refuse(
		    reader->batch, rc, "%s", col_netdata_error(reader->netdata));
	return rc;
}

/* ---- lines -------------------------------------------------------------------- */

static bool is_blank(struct sl_slice line)
{
	struct sl_slice word;

	return !col_scan_word(&line, &word);
}

static int read_form(struct col_script_line *reader, struct sl_slice line)
{
	switch (reader->format) {
	case COL_SCRIPT_JSON:
		return col_batch_form_json(reader->batch, &reader->rules, line);
	case COL_SCRIPT_INFLUX:
		return read_influx(reader, line);
	case COL_SCRIPT_NETDATA:
		return read_netdata(reader, line);
	}
	return SL_EMALFORMED;
}

int col_script_line_read(
    struct col_script_line *reader, struct sl_slice line, struct col_batch *batch)
{
	struct col_script_world *world = reader->world;

	if (is_blank(line))
		return 0;
	reader->batch = batch;
	reader->rules = (struct col_batch_rules){
	    .catalog = world->process->catalog,
	    .modules = col_batch_modules(
		world->process->catalog, &col_script_world_section(world)->modules),
	    .now_ns = sl_clock_wall_ns(),
	};
	batch->lenient = reader->format != COL_SCRIPT_JSON;
	int rc = read_form(reader, line);
	if (rc == SL_EMALFORMED)
		world->figures.malformed++;
	else if (rc != 0 && rc != SL_ECLOSED)
		world->figures.refused++;
	if (rc != 0 && rc != SL_ECLOSED)
		/* What it had added is not given. */
		batch->event_count = batch->sample_count = 0;
	return rc;
}
