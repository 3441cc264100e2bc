/* SPDX-License-Identifier: Apache-2.0 */
#include "netdata_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"

static char *copy(struct sl_slice text)
{
	char *out = malloc(text.len + 1);

	if (out == NULL)
		abort();
	if (text.len > 0)
		memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return out;
}

struct col_netdata_chart *col_netdata_chart_new(struct sl_slice id)
{
	struct col_netdata_chart *chart = calloc(1, sizeof(*chart));

	if (chart == NULL)
		abort();
	chart->id = copy(id);
	return chart;
}

void col_netdata_chart_free(struct col_netdata_chart *chart)
{
	if (chart == NULL)
		return;
	col_netdata_chart_unlabel(chart);
	for (size_t i = 0; i < chart->dimension_count; i++)
		free(chart->dimension[i].id);
	free(chart->dimension);
	free(chart->id);
	free(chart);
}

/* ---- dimensions and labels ---------------------------------------------------- */

static bool is(const char *text, struct sl_slice slice)
{
	return strlen(text) == slice.len && memcmp(text, slice.data, slice.len) == 0;
}

struct col_netdata_dimension *col_netdata_chart_find(
    struct col_netdata_chart *chart, struct sl_slice id)
{
	/* Plug-ins set them in the order in which they defined them. */
	for (size_t n = 0; n < chart->dimension_count; n++) {
		size_t i = (chart->expected + n) % chart->dimension_count;
		if (is(chart->dimension[i].id, id)) {
			chart->expected = i + 1;
			return &chart->dimension[i];
		}
	}
	return NULL;
}

struct col_netdata_dimension *col_netdata_chart_add(
    struct col_netdata_chart *chart, struct sl_slice id)
{
	struct col_netdata_dimension *grown =
	    reallocarray(chart->dimension, chart->dimension_count + 1, sizeof(*grown));

	if (grown == NULL)
		abort();
	chart->dimension = grown;
	grown += chart->dimension_count++;
	*grown = (struct col_netdata_dimension){.id = copy(id)};
	return grown;
}

int col_netdata_chart_label(
    struct col_netdata_chart *chart, struct sl_slice key, struct sl_slice value)
{
	if (chart->label_count == COL_MAPPING_LABELS_MAX)
		return SL_ETOOBIG;
	chart->label[chart->label_count++] =
	    (struct col_mapping_label){{copy(key), key.len}, {copy(value), value.len}};
	return 0;
}

void col_netdata_chart_unlabel(struct col_netdata_chart *chart)
{
	for (size_t i = 0; i < chart->label_count; i++) {
		free((char *)(uintptr_t)chart->label[i].key.data);
		free((char *)(uintptr_t)chart->label[i].value.data);
	}
	chart->label_count = 0;
}

/* ---- rounds ------------------------------------------------------------------- */

void col_netdata_chart_forget(struct col_netdata_chart *chart)
{
	for (size_t i = 0; i < chart->dimension_count; i++)
		chart->dimension[i].is_set = false;
	chart->expected = 0;
}

/* A counter that went back has begun anew: what came since then nobody knows. */
static bool has_delta(const struct col_netdata_dimension *dimension)
{
	return dimension->is_set && dimension->had_one &&
	       dimension->given >= dimension->last;
}

/* What the shares are shares of. */
static void sum_row(const struct col_netdata_chart *chart, double *given, double *deltas)
{
	*given = *deltas = 0;
	for (size_t i = 0; i < chart->dimension_count; i++) {
		const struct col_netdata_dimension *dimension = &chart->dimension[i];
		if (dimension->is_set)
			*given += dimension->given;
		if (has_delta(dimension))
			*deltas += dimension->given - dimension->last;
	}
}

/* False where there is nothing to say. */
static bool compute(const struct col_netdata_dimension *dimension, double elapsed_s,
    double given, double deltas, struct col_netdata_value *out)
{
	double scale = dimension->multiplier / dimension->divisor;
	double delta =
	    has_delta(dimension) ? dimension->given - dimension->last : (double)NAN;

	out->is_counter = dimension->algorithm == COL_NETDATA_INCREMENTAL;
	out->total = dimension->given * scale;
	out->delta = delta * scale;
	switch (dimension->algorithm) {
	case COL_NETDATA_ABSOLUTE:
		out->value = out->total;
		return true;
	case COL_NETDATA_INCREMENTAL:
		out->value = elapsed_s > 0 ? out->delta / elapsed_s : (double)NAN;
		return true;
	case COL_NETDATA_ROW_SHARE:
		out->value = given != 0 ? 100 * dimension->given / given : 0;
		return given != 0;
	case COL_NETDATA_INCREMENTAL_SHARE:
		out->value = deltas != 0 ? 100 * delta / deltas : 0;
		return deltas != 0 && !isnan(delta);
	}
	return false;
}

void col_netdata_chart_end(struct col_netdata_chart *chart, int64_t elapsed_ns,
    struct sl_buf *text, col_netdata_fn *fn, void *arg)
{
	double given, deltas;
	double elapsed_s = (double)elapsed_ns / SL_NS_PER_S;

	sum_row(chart, &given, &deltas);
	for (size_t i = 0; i < chart->dimension_count; i++) {
		struct col_netdata_dimension *dimension = &chart->dimension[i];
		struct col_netdata_value value = {
		    .label = chart->label, .label_count = chart->label_count};

		if (!dimension->is_set)
			continue;
		if (!dimension->hidden &&
		    compute(dimension, elapsed_s, given, deltas, &value)) {
			sl_buf_reset(text);
			sl_buf_addf(text, "%s.%s", chart->id, dimension->id);
			value.name = (struct sl_slice){text->data, text->len};
			fn(arg, &value);
		}
		dimension->last = dimension->given;
		dimension->had_one = true;
	}
	col_netdata_chart_forget(chart);
}
