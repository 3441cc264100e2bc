/* SPDX-License-Identifier: Apache-2.0 */
/* From the names of the outside world to metrics of the catalog, by rules. */
#ifndef COL_MAPPING_H
#define COL_MAPPING_H

#include <stdint.h>

#include "catalog.h"
#include "config.h"
#include "core.h"
#include "wildcard.h"

/*
 * For every collector that is given names which others chose (StatsD,
 * Prometheus, scripts).  Its section of the configuration has rules, map
 * "name" { … }; the first whose match and where fit decides.  A name that no
 * rule fits becomes prefix and name, in lower case, with "_" for what is no
 * letter or digit; "module.metric" of the catalog is that metric.
 *
 * What the catalog does not declare, or a module that the source may not
 * write, is refused here: the aggregator would refuse it later, and by then it
 * has used one of the ring's definitions.
 */
struct col_mapping;

/* A label as it came: any bytes. */
struct col_mapping_label {
	struct sl_slice key;
	struct sl_slice value;
};

/* Most labels that a caller gives; rules may drop all but COL_CORE_LABELS_MAX. */
#define COL_MAPPING_LABELS_MAX 64

enum col_mapping_verdict {
	COL_MAPPING_OK,
	COL_MAPPING_LEFT_OUT,  /* by a rule whose metric is empty */
	COL_MAPPING_UNKNOWN,   /* the catalog declares no such metric */
	COL_MAPPING_DENIED,    /* its module is not one of the source's */
	COL_MAPPING_MALFORMED, /* no UTF-8, a label too long, or too many */
};

/* What a counter of the source becomes. */
enum col_mapping_counter {
	COL_MAPPING_TOTAL, /* all that came since the start: a counter */
	COL_MAPPING_RATE,  /* per second */
	COL_MAPPING_COUNT, /* what came since the sample before */
};

/*
 * What a name became.  The metric lives as long as the catalog, the labels as
 * long as this: in the order of their keys, each key once.
 */
struct col_mapped {
	const struct sl_catalog_metric *metric;
	struct col_label label[COL_CORE_LABELS_MAX];
	size_t label_count;
	double factor; /* values are multiplied by it */
	enum col_mapping_counter counter;
	struct sl_buf text; /* holds the labels */
};

/*
 * col_mapping_new reads the rules of a source's section (NULL: none) for a
 * catalog, of which it keeps a reference; the section must outlive it.  prefix
 * is copied.  Freed with col_mapping_free, which ignores NULL; make another
 * after a reload.
 */
struct col_mapping *col_mapping_new(const struct sl_config_collector *section,
    const struct sl_catalog *catalog, const char *prefix);
void col_mapping_free(struct col_mapping *mapping);

/*
 * col_mapping_find maps a name with its labels; of a key that comes twice the
 * last value counts.  Never blocks.  *out is all zeroes before the first call,
 * may be used again and is freed with col_mapped_clear; its members count only
 * where the verdict is COL_MAPPING_OK.
 */
enum col_mapping_verdict col_mapping_find(const struct col_mapping *mapping,
    struct sl_slice name, const struct col_mapping_label *label, size_t label_count,
    struct col_mapped *out);
void col_mapped_clear(struct col_mapped *mapped);

/*
 * col_mapping_counted makes a counter one number: since is what came in the last
 * elapsed_s seconds, total all that came.
 */
double col_mapping_counted(
    enum col_mapping_counter counter, double since, double total, double elapsed_s);

/*
 * col_mapping_sibling finds the metric that is called as another one with
 * something behind it ("response_time", "_p99"): NULL if the catalog has none
 * that the source may write.
 */
const struct sl_catalog_metric *col_mapping_sibling(const struct col_mapping *mapping,
    const struct sl_catalog_metric *metric, const char *suffix);

#endif
