/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a line that a pattern matches: an event, a count. */
#ifndef COL_LOGRULE_H
#define COL_LOGRULE_H

#include "buf.h"
#include "catalog.h"
#include "config.h"
#include "logpattern.h"

#define COL_LOGRULE_LABELS    8
#define COL_LOGRULE_SETS      16
#define COL_LOGRULE_VALUE_MAX 2048 /* bytes of a field; what is longer is cut */
#define COL_LOGRULE_ERROR     512

/* A section "pattern", or a shipped one, made ready. */
struct col_logrule {
	const struct sl_config_log_pattern *config; /* must outlive the rule */
	struct col_logpattern *pattern;
	const char *event; /* NULL: none */
	struct {
		const char *field; /* NULL: left out */
		size_t field_len;
		bool masked;
		bool number; /* the catalog says so */
	} group[COL_LOGPATTERN_GROUPS];
	struct {
		struct sl_slice field, value;
	} set[COL_LOGRULE_SETS];
	size_t set_count;
	struct {
		const char *key;
		int group;             /* -1: it is always */
		struct sl_slice value; /* this */
	} label[COL_LOGRULE_LABELS];
	size_t label_count;
	int share_group;  /* -1: none */
	bool matched;     /* col_logpattern_match's last answer, for the caller */
	uint64_t limited; /* lines on which the expression came to a limit */
	bool limited_said;
};

/*
 * col_logrule_new makes a pattern ready: compiles it, and holds it against the
 * catalog.  Texts that are NULL count as empty.  Returns a rule to free with
 * col_logrule_free, or NULL with one line in error.
 */
struct col_logrule *col_logrule_new(const struct sl_config_log_pattern *config,
    const struct sl_catalog *catalog, uint32_t match_limit,
    char error[COL_LOGRULE_ERROR]);
void col_logrule_free(struct col_logrule *rule);

/*
 * col_logrule_payload appends the event's payload for the line that matched
 * last: a JSON object, whatever bytes the line has.
 */
void col_logrule_payload(const struct col_logrule *rule, struct sl_buf *out);

/*
 * col_logrule_label gives the value of a label for the line that matched last:
 * empty where its group took no part.
 */
struct sl_slice col_logrule_label(const struct col_logrule *rule, size_t label);

/* col_logrule_shares says whether the line that matched last counts for share. */
bool col_logrule_shares(const struct col_logrule *rule);

/*
 * col_logrule_text makes valid UTF-8 without control characters of any bytes,
 * at most max of them: each that is neither becomes U+FFFD.
 */
void col_logrule_text(struct sl_slice bytes, size_t max, struct sl_buf *out);

#endif
