/* SPDX-License-Identifier: Apache-2.0 */
/* A line of what exporters say about themselves.  Pure. */
#ifndef COL_PROMTEXT_H
#define COL_PROMTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "entry.h"

/*
 * Prometheus's text format 0.0.4 (prometheus/docs, exposition_formats.md) and
 * OpenMetrics 1.0 text (openmetrics.io; its ABNF).  Names are those of both:
 * [a-zA-Z_:][a-zA-Z0-9_:]*, of labels without ":".
 */
enum col_promtext_form {
	COL_PROMTEXT_PLAIN, /* times in milliseconds, no end mark */
	COL_PROMTEXT_OPEN   /* times in seconds, exemplars, "# EOF" */
};

enum col_promtext_kind {
	COL_PROMTEXT_NOTHING, /* empty, or a comment: HELP, UNIT, … */
	COL_PROMTEXT_SAMPLE,
	COL_PROMTEXT_TYPE, /* "# TYPE name type" */
	COL_PROMTEXT_END   /* "# EOF" of OpenMetrics */
};

/* Of a family of samples, as far as it makes a difference here. */
enum col_promtext_type {
	COL_PROMTEXT_OTHER, /* gauge, untyped, … */
	COL_PROMTEXT_COUNTER,
	COL_PROMTEXT_HISTOGRAM,
	COL_PROMTEXT_SUMMARY
};

/* Labels of a sample; what has more is malformed. */
#define COL_PROMTEXT_LABELS_MAX 64

struct col_promtext_label {
	struct sl_slice key;
	struct sl_slice value; /* as written, between the quotes */
	bool escaped;          /* it has a backslash: col_promtext_unescape */
};

/* Slices point into the line. */
struct col_promtext_sample {
	struct sl_slice name;
	struct sl_slice series; /* name and labels as written: the same text again is
				   the same series */
	double value;           /* NaN and infinities are values here */
	int64_t time_ns;        /* since the epoch, with has_time */
	bool has_time;
	/*
	 * Set by col_prombody: grows from the exporter's start on, but for resets;
	 * then family, too, which the last TYPE line names.
	 */
	bool cumulative;
	struct sl_slice family;
	enum col_promtext_type type; /* of the family; also of a TYPE line */
	size_t label_count;
	struct col_promtext_label label[COL_PROMTEXT_LABELS_MAX];
};

/*
 * col_promtext_parse reads one line without its newline.  Returns a kind, with
 * *out set for a sample, and name and type for a TYPE line, or SL_EMALFORMED with
 * *problem, a static string that goes on after "line 7 ".  An exemplar has to be
 * well-formed and is otherwise passed over.  UTF-8 is not looked at.
 */
int col_promtext_parse(enum col_promtext_form form, struct sl_slice line,
    struct col_promtext_sample *out, const char **problem);

/*
 * col_promtext_unescape appends a label's value with \\, \" and \n replaced; any
 * other backslash stays, as with Prometheus.
 */
void col_promtext_unescape(const struct col_promtext_label *label, struct sl_buf *out);

/*
 * col_promtext_is_cumulative says whether a sample called name, which follows
 * the TYPE line of a family, is a counter, or a counting part of a histogram or summary.
 */
bool col_promtext_is_cumulative(
    struct sl_slice name, struct sl_slice family, enum col_promtext_type type);

/* col_promtext_form_of says which form a Content-Type names; NULL is plain. */
enum col_promtext_form col_promtext_form_of(const char *content_type);

#endif
