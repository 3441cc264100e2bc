/* SPDX-License-Identifier: Apache-2.0 */
/* What the series of one target became, by their text. */
#ifndef COL_SCRAPE_SERIES_H
#define COL_SCRAPE_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "core.h"
#include "mapping.h"
#include "promtext.h"
#include "scrape_histogram.h"
#include "scrape_labels.h"

/*
 * A target says the same series in the same words every time, so rules, labels
 * and catalog are looked at once for each.  What a scrape no longer has is
 * forgotten after it, so there are at most as many as two scrapes may have.
 */
struct col_scrape_series;

enum col_scrape_fate {
	COL_SCRAPE_TAKEN,
	COL_SCRAPE_LEFT_OUT, /* by a rule */
	COL_SCRAPE_UNKNOWN,  /* the catalog has no such metric */
	COL_SCRAPE_REFUSED   /* its labels, its module, or past series_max */
};

struct col_scrape_entry {
	enum col_scrape_fate fate;
	uint32_t handle; /* with COL_SCRAPE_TAKEN */
	double factor;
	enum col_mapping_counter counter; /* COL_MAPPING_TOTAL: the value as it is */
	struct col_scrape_histogram *histogram; /* that it is a part of; or NULL */
	enum col_scrape_part part;
	double bound; /* of a bucket */
	bool has_last;
	double last; /* value of the scrape before */
	int64_t last_mono_ns;
	bool seen; /* in the scrape that runs */
	struct col_scrape_entry *next;
	uint64_t hash;
	size_t len;
	char text[]; /* name and labels as the target writes them */
};

struct col_scrape_series *col_scrape_series_new(const struct col_scrape_owner *owner);
void col_scrape_series_free(struct col_scrape_series *series);

/*
 * col_scrape_series_find returns what a sample's series became; it is worked
 * out where it is new.  Valid until the next sweep.
 */
struct col_scrape_entry *col_scrape_series_find(
    struct col_scrape_series *series, const struct col_promtext_sample *sample);

/*
 * col_scrape_series_sweep forgets what was not looked up since the last sweep.
 * Returns how many of these had been taken: they have vanished from the target.
 */
size_t col_scrape_series_sweep(struct col_scrape_series *series);

/*
 * col_scrape_entry_take makes what is pushed of a value that was read at a
 * moment: itself, or what a counter became; a part of a histogram is added to
 * that.  False if there is nothing to push: a series that is not taken, a value
 * that is not finite, or a rate that needs a second value.
 */
bool col_scrape_entry_take(
    struct col_scrape_entry *entry, double value, int64_t mono_ns, double *out);

/*
 * col_scrape_series_push pushes mean and quantiles of the histograms to which
 * something was added since the last call.
 */
void col_scrape_series_push(
    struct col_scrape_series *series, const struct col_tick *tick);

#endif
