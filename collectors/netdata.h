/* SPDX-License-Identifier: Apache-2.0 */
/* The text protocol of Netdata's external plug-ins, version 1.  Pure. */
#ifndef COL_NETDATA_H
#define COL_NETDATA_H

#include <stdbool.h>
#include <stdint.h>

#include "entry.h"
#include "mapping.h"

/*
 * A plug-in describes charts (CHART, DIMENSION, CLABEL) and then gives rounds of
 * values (BEGIN, SET, END).  What its values become is the dimension's algorithm:
 * absolute values, rates of counters (incremental) or shares of a row.
 * What only matters to Netdata's own dashboard and parents is passed over.
 */
struct col_netdata;

/* A value of a dimension, at the END of a round. */
struct col_netdata_value {
	struct sl_slice name;                  /* chart.dimension, by their ids */
	const struct col_mapping_label *label; /* the chart's */
	size_t label_count;
	/* What Netdata would show; of a counter's first round, and of one in which
	 * it went back, NaN. */
	double value;
	bool is_counter;
	double total, delta; /* then: since ever, and in this round or NaN */
};

typedef void col_netdata_fn(void *arg, const struct col_netdata_value *value);

/*
 * col_netdata_new makes a parser that calls fn for each value and holds at most
 * so many charts, and so many dimensions of all of them, with ids and labels of
 * bounded length; freed with
 * col_netdata_free, which ignores NULL.
 */
struct col_netdata *col_netdata_new(
    size_t charts_max, size_t dimensions_max, col_netdata_fn *fn, void *arg);
void col_netdata_free(struct col_netdata *netdata);

/*
 * col_netdata_line reads one line without its end; now_ns is monotonic time.
 * Returns 0, SL_ECLOSED (DISABLE: the plug-in does not want to run again),
 * SL_EMALFORMED, or SL_ETOOBIG past a bound; then col_netdata_error says why.
 */
int col_netdata_line(struct col_netdata *netdata, struct sl_slice line, int64_t now_ns);

/* col_netdata_error returns a static text: what was wrong with the last line. */
const char *col_netdata_error(const struct col_netdata *netdata);

#endif
