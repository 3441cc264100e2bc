/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ctl_cell {
	char *text;
	enum ctl_tone tone;
};

static const char *const escapes[] = {
    [CTL_TONE_GOOD] = "\033[32m",
    [CTL_TONE_WARN] = "\033[33m",
    [CTL_TONE_BAD] = "\033[31;1m",
    [CTL_TONE_DIM] = "\033[2m",
    [CTL_TONE_HEAD] = "\033[1m",
};

/* https://no-color.org */
static bool colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && no[0]);
}

static void put_toned(enum ctl_tone tone, const char *text)
{
	if (tone != CTL_TONE_PLAIN && colours())
		printf("%s%s\033[0m", escapes[tone], text);
	else
		fputs(text, stdout);
}

void ctl_out_print(enum ctl_tone tone, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_toned(tone, text);
}

void ctl_out_text(struct sl_buf *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		/* U+0080 to U+009F, the second half of the control characters. */
		bool c1 = c == 0xc2 && i + 1 < len && (unsigned char)data[i + 1] < 0xa0;

		sl_buf_addc(out, c < 0x20 || c == 0x7f || c1 ? '?' : data[i]);
		i += c1;
	}
}

enum ctl_tone ctl_out_tone(const char *word)
{
	static const struct {
		const char *word;
		enum ctl_tone tone;
	} tones[] = {
	    {"healthy", CTL_TONE_GOOD},
	    {"ready", CTL_TONE_GOOD},
	    {"attached", CTL_TONE_GOOD},
	    {"running", CTL_TONE_GOOD},
	    {"ok", CTL_TONE_GOOD},
	    {"resolved", CTL_TONE_GOOD},
	    {"acknowledged", CTL_TONE_DIM},
	    {"warning", CTL_TONE_WARN},
	    {"stale", CTL_TONE_WARN},
	    {"paused", CTL_TONE_WARN},
	    {"starting", CTL_TONE_WARN},
	    {"draining", CTL_TONE_WARN},
	    {"pending", CTL_TONE_WARN},
	    {"critical", CTL_TONE_BAD},
	    {"firing", CTL_TONE_BAD},
	    {"silent", CTL_TONE_BAD},
	    {"full", CTL_TONE_BAD},
	    {"gone", CTL_TONE_BAD},
	};

	for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++)
		if (strcmp(tones[i].word, word) == 0)
			return tones[i].tone;
	return CTL_TONE_PLAIN;
}

void ctl_out_count(struct sl_buf *out, int64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			sl_buf_addc(out, ',');
		sl_buf_addc(out, digits[i]);
	}
}

void ctl_out_bytes(struct sl_buf *out, double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	int unit = 0;

	while (bytes >= 1024 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	sl_buf_addf(out, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void ctl_out_value(struct sl_buf *out, double value, const char *unit, size_t unit_len)
{
	if (isnan(value)) {
		sl_buf_addc(out, '-');
		return;
	}
	if (unit_len >= 5 && memcmp(unit, "bytes", 5) == 0) {
		ctl_out_bytes(out, value);
		if (unit_len > 5)
			sl_buf_adds(out, "/s");
		return;
	}
	if (value == floor(value) && fabs(value) < 1e15)
		ctl_out_count(out, (int64_t)value);
	else
		sl_buf_addf(out, fabs(value) < 1000 ? "%.2f" : "%.1f", value);
	if (unit_len == 7 && memcmp(unit, "percent", 7) == 0) {
		sl_buf_adds(out, " %");
	} else if (unit_len > 0) {
		sl_buf_addc(out, ' ');
		ctl_out_text(out, unit, unit_len);
	}
}

/* ---- tables ---- */

void ctl_table_cell(struct ctl_table *table, enum ctl_tone tone, const char *fmt, ...)
{
	struct sl_buf safe = {0};
	char text[1024];
	va_list args;

	assert(table->filled < CTL_TABLE_COLUMNS);
	if (table->count == table->cap) {
		table->cap = table->cap ? table->cap * 2 : 64;
		table->cell = realloc(table->cell, table->cap * sizeof(*table->cell));
		if (!table->cell)
			abort();
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ctl_out_text(&safe, text, strlen(text));
	table->cell[table->count].text = strdup(sl_buf_text(&safe));
	if (!table->cell[table->count].text)
		abort();
	table->cell[table->count++].tone = tone;
	table->filled++;
	sl_buf_clear(&safe);
}

void ctl_table_row(struct ctl_table *table)
{
	if (table->columns == 0)
		table->columns = table->filled;
	assert(table->filled == table->columns);
	table->filled = 0;
}

void ctl_table_head(struct ctl_table *table, const char *const *titles)
{
	for (; *titles; titles++)
		ctl_table_cell(table, CTL_TONE_HEAD, "%s", *titles);
	ctl_table_row(table);
}

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool is_number(const char *text)
{
	return isdigit((unsigned char)text[0]) || strcmp(text, "-") == 0 ||
	       (text[0] == '-' && isdigit((unsigned char)text[1]));
}

/* A column with a number below its head is aligned to the right, its head, too. */
static bool is_right(const struct ctl_table *table, size_t column)
{
	size_t columns = (size_t)table->columns;
	bool any = false;

	for (size_t i = columns + column; i < table->count; i += columns) {
		if (!is_number(table->cell[i].text))
			return false;
		any = true;
	}
	return any;
}

void ctl_table_print(struct ctl_table *table)
{
	size_t columns = (size_t)table->columns;
	int widths[CTL_TABLE_COLUMNS] = {0};
	bool right[CTL_TABLE_COLUMNS] = {0};

	for (size_t i = 0; i < table->count; i++) {
		int width = width_of(table->cell[i].text);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t c = 0; c < columns; c++)
		right[c] = is_right(table, c);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % columns;
		int pad = widths[column] - width_of(table->cell[i].text);

		printf("  %*s", right[column] ? pad : 0, "");
		put_toned(table->cell[i].tone, table->cell[i].text);
		if (column + 1 < columns)
			printf("%*s", right[column] ? 0 : pad, "");
		else
			putchar('\n');
	}
	ctl_table_clear(table);
}

void ctl_table_clear(struct ctl_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cell[i].text);
	free(table->cell);
	*table = (struct ctl_table){0};
}
