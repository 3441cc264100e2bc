/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that StatsD and DogStatsD clients send.  Pure: bytes in, slices out. */
#ifndef COL_STATSD_PARSE_H
#define COL_STATSD_PARSE_H

#include <stdbool.h>

#include "entry.h"
#include "mapping.h"

/*
 * name:value[:value…]|type[|@rate][|#tag,…][|other…]
 *
 * type is c or m (counter), g (gauge), ms, h or d (timer), s (set).  Fields of
 * DogStatsD that begin with another letter (c: container, T time, e: external
 * data, card:) are passed over.  What is in a slice belongs to the line.
 */
enum col_statsd_kind {
	COL_STATSD_COUNTER,
	COL_STATSD_GAUGE,
	COL_STATSD_TIMER,
	COL_STATSD_SET,
};

struct col_statsd_line {
	struct sl_slice name;
	struct sl_slice values; /* one or several, ":" between; of a set just one */
	struct sl_slice tags;   /* without the "#" */
	double rate;            /* 0 < rate <= 1 */
	enum col_statsd_kind kind;
};

/*
 * col_statsd_parse_line takes a line without its end apart; returns 0 or
 * SL_EMALFORMED.  Values are not looked at yet.
 */
int col_statsd_parse_line(struct sl_slice line, struct col_statsd_line *out);

struct col_statsd_value {
	double number;
	bool relative; /* has a sign: of a gauge, how far it moves */
};

/*
 * col_statsd_parse_value takes the next value from the front of *rest: a
 * decimal number with sign, fraction and exponent at will.  Returns 0, or
 * SL_EMALFORMED for anything else and for what a double cannot hold; *rest is
 * behind it either way.
 */
int col_statsd_parse_value(struct sl_slice *rest, struct col_statsd_value *out);

/*
 * col_statsd_parse_tag takes the next tag, "key:value" or "key" (its value is
 * "true"), from the front of *rest; empty ones are passed over.  False at the end.
 */
bool col_statsd_parse_tag(struct sl_slice *rest, struct col_mapping_label *out);

/* col_statsd_parse_number reads a whole slice as a number; 0 or SL_EMALFORMED. */
int col_statsd_parse_number(struct sl_slice text, double *out);

#endif
