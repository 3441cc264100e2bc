/* SPDX-License-Identifier: Apache-2.0 */
/* What people read: aligned columns, colours on a terminal, safe text. */
#ifndef CTL_OUT_H
#define CTL_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/entry.h"

enum ctl_tone {
	CTL_TONE_PLAIN,
	CTL_TONE_GOOD,
	CTL_TONE_WARN,
	CTL_TONE_BAD,
	CTL_TONE_DIM,
	CTL_TONE_HEAD,
};

/*
 * ctl_out_text appends text from outside for a terminal: control characters,
 * which could steer it, become "?".
 */
void ctl_out_text(struct sl_buf *out, const char *data, size_t len);

/* ctl_out_print prints one line or part of one in a tone, if stdout is a terminal. */
void ctl_out_print(enum ctl_tone tone, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ctl_out_tone says how a state's word is shown: "healthy" good, "critical" bad, … */
enum ctl_tone ctl_out_tone(const char *word);

/* Appends a count with thousands apart, a number of bytes, a value. */
void ctl_out_count(struct sl_buf *out, int64_t n);
void ctl_out_bytes(struct sl_buf *out, double bytes);
void ctl_out_value(struct sl_buf *out, double value, const char *unit, size_t unit_len);

/* Rows of cells whose columns line up when the table is printed.  All zeroes is empty. */
#define CTL_TABLE_COLUMNS 12
struct ctl_table {
	struct ctl_cell *cell;
	size_t count;
	size_t cap;
	int columns; /* set by the first row */
	int filled;  /* cells of the row that is being added */
};

/*
 * ctl_table_cell adds a cell to the row; a cell whose text begins with a digit
 * or is "-" is aligned to the right.  ctl_table_row ends the row.
 */
void ctl_table_cell(struct ctl_table *table, enum ctl_tone tone, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void ctl_table_head(struct ctl_table *table, const char *const *titles);
void ctl_table_row(struct ctl_table *table);

/* ctl_table_print prints all rows, indented by two, and clears the table. */
void ctl_table_print(struct ctl_table *table);

/* ctl_table_clear forgets all rows. */
void ctl_table_clear(struct ctl_table *table);

#endif
