/* SPDX-License-Identifier: Apache-2.0 */
/* One URL that is scraped at its interval. */
#ifndef COL_SCRAPE_TARGET_H
#define COL_SCRAPE_TARGET_H

#include "fetch.h"
#include "mapping.h"
#include "process.h"
#include "scrape_figures.h"

/* What all targets share.  Borrowed; outlives them. */
struct col_scrape_shared {
	const struct sl_process *process;
	struct col_core *core;
	struct col_fetch *fetch;
	const struct col_mapping *mapping;
	struct col_scrape_figures figures;
};

struct col_scrape_target;

/*
 * col_scrape_target_new begins to scrape a URL (one that col_place_url takes) of
 * a target's section, which stays the caller's: the first time within a second,
 * then at its interval, each URL at a place of its own in it.  Never NULL; ends
 * with col_scrape_target_free, which takes back a scrape that is under way.
 */
struct col_scrape_target *col_scrape_target_new(struct col_scrape_shared *shared,
    const struct sl_config_target *config, const char *url);
void col_scrape_target_free(struct col_scrape_target *target);

#endif
