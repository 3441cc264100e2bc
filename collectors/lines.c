/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <string.h>

char *col_lines_room(struct col_lines *lines, size_t n)
{
	sl_buf_drop(&lines->text, lines->begin);
	lines->scanned -= lines->begin;
	lines->begin = 0;
	return sl_buf_reserve(&lines->text, n);
}

void col_lines_put(struct col_lines *lines, size_t n)
{
	lines->text.len += n;
}

/* Passes over what is there of a line that was too long. */
static void skip(struct col_lines *lines)
{
	const char *data = lines->text.data + lines->begin;
	size_t len = lines->text.len - lines->begin;
	const char *end = memchr(data, '\n', len);

	lines->skipping = end == NULL;
	lines->begin += end != NULL ? (size_t)(end - data) + 1 : len;
	lines->scanned = lines->begin;
}

/* The length of a line without the "\r" of its end. */
static size_t bare(const struct col_lines *lines, size_t len)
{
	return len - (len > 0 && lines->text.data[lines->begin + len - 1] == '\r');
}

static bool give_overlong(struct col_lines *lines, struct sl_slice *line)
{
	lines->overlong++;
	*line = (struct sl_slice){lines->text.data + lines->begin, lines->max};
	skip(lines);
	return lines->cut;
}

bool col_lines_next(struct col_lines *lines, struct sl_slice *line)
{
	for (;;) {
		if (lines->skipping)
			skip(lines);
		if (lines->scanned == lines->text.len)
			return false;
		const char *data = lines->text.data;
		const char *end =
		    memchr(data + lines->scanned, '\n', lines->text.len - lines->scanned);
		size_t at = end != NULL ? (size_t)(end - data) : lines->text.len;
		size_t len = bare(lines, at - lines->begin);

		lines->scanned = at;
		if (len > lines->max) {
			if (give_overlong(lines, line))
				return true;
			continue;
		}
		if (end == NULL)
			return false;
		*line = (struct sl_slice){data + lines->begin, len};
		lines->begin = lines->scanned = at + 1;
		return true;
	}
}

bool col_lines_rest(struct col_lines *lines, struct sl_slice *line)
{
	size_t len = lines->text.len - lines->begin;

	if (lines->skipping || len == 0)
		return false;
	*line = (struct sl_slice){lines->text.data + lines->begin, bare(lines, len)};
	lines->begin = lines->scanned = lines->text.len;
	return true;
}

void col_lines_trim(struct col_lines *lines)
{
	struct sl_buf open = {0};

	sl_buf_add(
	    &open, lines->text.data + lines->begin, lines->text.len - lines->begin);
	sl_buf_clear(&lines->text);
	lines->text = open;
	lines->scanned -= lines->begin;
	lines->begin = 0;
}

void col_lines_reset(struct col_lines *lines)
{
	sl_buf_reset(&lines->text);
	lines->begin = lines->scanned = 0;
	lines->skipping = false;
}

void col_lines_clear(struct col_lines *lines)
{
	sl_buf_clear(&lines->text);
	col_lines_reset(lines);
}
