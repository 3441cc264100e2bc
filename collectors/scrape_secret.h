/* SPDX-License-Identifier: Apache-2.0 */
/* A token, or a user with a password, from a file of one line. */
#ifndef COL_SCRAPE_SECRET_H
#define COL_SCRAPE_SECRET_H

#include <stdbool.h>

#include "buf.h"
#include "entry.h"

#define COL_SCRAPE_SECRET_MAX   4096
#define COL_SCRAPE_SECRET_ERROR 128

/*
 * col_scrape_secret_parse takes a file's text, its line end apart: visible
 * ASCII without blanks as a token; as "user:password" with blanks in the
 * password.  What it is goes into a request's head, so a control character,
 * which could begin another field, is refused.  Pure.  Replaces what out
 * holds; returns 0, or SL_EINVAL with a line in error.
 */
int col_scrape_secret_parse(struct sl_slice text, bool basic, struct sl_buf *out,
    char error[COL_SCRAPE_SECRET_ERROR]);

/*
 * col_scrape_secret_load reads a file that only its owner and group may read.
 * Blocks on it.  Errors as above, and SL_ESYS, SL_EDENIED.
 */
int col_scrape_secret_load(const char *path, bool basic, struct sl_buf *out,
    char error[COL_SCRAPE_SECRET_ERROR]);

/* col_scrape_secret_wipe overwrites and frees it. */
void col_scrape_secret_wipe(struct sl_buf *secret);

#endif
