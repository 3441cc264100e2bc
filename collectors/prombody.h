/* SPDX-License-Identifier: Apache-2.0 */
/* What an exporter answers, taken line by line as it comes. */
#ifndef COL_PROMBODY_H
#define COL_PROMBODY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "promtext.h"

/* Longest line; one sample of many long labels has a few KiB. */
#define COL_PROMBODY_LINE_MAX 65536

/* Size of a text that says what is wrong with a body. */
#define COL_PROMBODY_ERROR 160

/*
 * Gets each sample in its order, valid during the call.  Returns 0, or ends
 * the reading with a negative code after writing why into error.
 */
typedef int col_prombody_fn(
    void *arg, const struct col_promtext_sample *sample, char error[COL_PROMBODY_ERROR]);

/*
 * Pure but for fn.  Owned by the caller; memory is at most two lines,
 * whatever comes.  How the text is cut into pieces makes no difference.
 */
struct col_prombody {
	enum col_promtext_form form;
	col_prombody_fn *fn;
	void *arg;
	struct sl_buf rest;          /* the beginning of a line */
	struct sl_buf family;        /* name in the last TYPE line */
	enum col_promtext_type type; /* its type */
	size_t line;                 /* number of the last one that was read */
	bool ended;                  /* "# EOF" was read */
	int code;                    /* of the first failure; nothing is read after it */
	char error[COL_PROMBODY_ERROR];
};

/* col_prombody_begin starts a body; what it held before is forgotten. */
void col_prombody_begin(struct col_prombody *body, enum col_promtext_form form,
    col_prombody_fn *fn, void *arg);

/*
 * col_prombody_feed reads the next piece.  Returns 0, SL_EMALFORMED, SL_ETOOBIG
 * for a line over the limit, or fn's code; body->error then says what and where.
 */
int col_prombody_feed(struct col_prombody *body, const char *data, size_t len);

/*
 * col_prombody_end is told that the body is complete: a last line without its
 * newline and, with OpenMetrics, a missing "# EOF" are SL_EMALFORMED, as the
 * exporter was cut off.
 */
int col_prombody_end(struct col_prombody *body);

/* col_prombody_clear frees what it holds. */
void col_prombody_clear(struct col_prombody *body);

#endif
