/* SPDX-License-Identifier: Apache-2.0 */
/* Charts and dimensions of a Netdata plug-in, and what their values become.  Pure. */
#ifndef COL_NETDATA_CHART_H
#define COL_NETDATA_CHART_H

#include "buf.h"
#include "netdata.h"

enum col_netdata_algorithm {
	COL_NETDATA_ABSOLUTE,
	COL_NETDATA_INCREMENTAL,
	COL_NETDATA_ROW_SHARE,         /* percentage-of-absolute-row */
	COL_NETDATA_INCREMENTAL_SHARE, /* percentage-of-incremental-row */
};

struct col_netdata_dimension {
	char *id;
	enum col_netdata_algorithm algorithm;
	double multiplier, divisor;
	bool hidden;
	bool is_set;  /* in this round */
	bool had_one; /* last holds the value of a round before */
	double given, last;
};

struct col_netdata_chart {
	char *id;
	struct col_netdata_dimension *dimension;
	size_t dimension_count;
	size_t expected; /* dimension that is likely to be set next */
	struct col_mapping_label label[COL_MAPPING_LABELS_MAX];
	size_t label_count;
	int64_t last_ns; /* END of the round before, monotonic; 0: none */
};

/* col_netdata_chart_new copies the id; col_netdata_chart_free ignores NULL. */
struct col_netdata_chart *col_netdata_chart_new(struct sl_slice id);
void col_netdata_chart_free(struct col_netdata_chart *chart);

/* col_netdata_chart_find returns the dimension of an id; NULL without one. */
struct col_netdata_dimension *col_netdata_chart_find(
    struct col_netdata_chart *chart, struct sl_slice id);

/* col_netdata_chart_add adds one; it lives until another is added. */
struct col_netdata_dimension *col_netdata_chart_add(
    struct col_netdata_chart *chart, struct sl_slice id);

/* col_netdata_chart_label adds a label, which it copies; SL_ETOOBIG past the bound. */
int col_netdata_chart_label(
    struct col_netdata_chart *chart, struct sl_slice key, struct sl_slice value);
void col_netdata_chart_unlabel(struct col_netdata_chart *chart);

/* col_netdata_chart_forget drops what was set in this round. */
void col_netdata_chart_forget(struct col_netdata_chart *chart);

/*
 * col_netdata_chart_end calls fn for every dimension that was set and begins the
 * next round.  elapsed_ns is the time since the round before, 0 where it is not
 * known.  text is scratch.
 */
void col_netdata_chart_end(struct col_netdata_chart *chart, int64_t elapsed_ns,
    struct sl_buf *text, col_netdata_fn *fn, void *arg);

#endif
