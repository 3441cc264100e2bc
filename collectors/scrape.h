/* SPDX-License-Identifier: Apache-2.0 */
/* sightline-collect-scrape: what exporters say about themselves. */
#ifndef COL_SCRAPE_H
#define COL_SCRAPE_H

/* col_scrape_main is the program. */
int col_scrape_main(int argc, char **argv);

#endif
