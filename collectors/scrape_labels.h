/* SPDX-License-Identifier: Apache-2.0 */
/* The labels of a scraped sample: its own, and those of its target.  Pure. */
#ifndef COL_SCRAPE_LABELS_H
#define COL_SCRAPE_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "core.h"
#include "mapping.h"
#include "promtext.h"

/* Whose series they are.  All is borrowed and outlives them. */
struct col_scrape_owner {
	struct col_core *core;
	const struct col_mapping *mapping;
	const char *target;            /* the label "target" of each */
	const char *instance;          /* and "instance" */
	const struct sl_names *labels; /* further ones, "key=value" */
	bool honor_labels;             /* the target's own win over these */
	size_t series_max;             /* that this target may define */
};

struct col_scrape_labels {
	struct col_mapping_label label[COL_MAPPING_LABELS_MAX];
	size_t count;
};

/*
 * col_scrape_labels_gather puts a sample's labels and its owner's together, so
 * that of a key that both have the one that counts comes last.  Empty ones are
 * none, as with Prometheus; a control character becomes a space.  Values are
 * kept in text, which is replaced and has to stay as long as the labels.
 * Returns false if there are too many.
 */
bool col_scrape_labels_gather(struct col_scrape_labels *labels,
    const struct col_scrape_owner *owner, const struct col_promtext_sample *sample,
    struct sl_buf *text);

/* col_scrape_labels_remove takes a label out; false if there is none of this key. */
bool col_scrape_labels_remove(
    struct col_scrape_labels *labels, const char *key, struct sl_slice *value);

#endif
