/* SPDX-License-Identifier: Apache-2.0 */
#include "wildcard.h"

#include <stdint.h>
#include <string.h>

/*
 * No star crosses a dot, so the parts between dots are matched one by one, and
 * within a part it is enough to go back to the last star: whatever an earlier
 * one could give up, the last one can take.
 */

static void remember(
    struct col_wildcard_match *match, size_t i, const char *data, size_t len)
{
	if (i < COL_WILDCARD_PIECES)
		match->piece[i] = (struct sl_slice){data, len};
}

static bool match_part(
    struct sl_slice pattern, struct sl_slice text, struct col_wildcard_match *match)
{
	size_t p = 0, t = 0;
	size_t behind_star = SIZE_MAX, star_at = 0, star_len = 0;

	while (t < text.len || p < pattern.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			behind_star = ++p;
			star_at = t;
			star_len = 0;
			remember(match, match->count++, text.data + t, 0);
		} else if (p < pattern.len && t < text.len &&
			   pattern.data[p] == text.data[t]) {
			p++;
			t++;
		} else if (behind_star != SIZE_MAX && star_at + star_len < text.len) {
			/* The star takes a byte more; what follows it starts again. */
			remember(
			    match, match->count - 1, text.data + star_at, ++star_len);
			p = behind_star;
			t = star_at + star_len;
		} else {
			return false;
		}
	}
	return true;
}

/* Takes what stands before the next dot; more says whether there was one. */
static struct sl_slice take_part(struct sl_slice *rest, bool *more)
{
	const char *dot = rest->len > 0 ? memchr(rest->data, '.', rest->len) : NULL;
	size_t len = dot != NULL ? (size_t)(dot - rest->data) : rest->len;
	struct sl_slice part = {rest->data, len};

	*more = dot != NULL;
	rest->data += len + *more;
	rest->len -= len + *more;
	return part;
}

bool col_wildcard_match(
    const char *pattern, struct sl_slice text, struct col_wildcard_match *match)
{
	struct sl_slice pattern_rest = {pattern, strlen(pattern)};
	struct col_wildcard_match own;
	bool more_pattern = true, more_text = true;

	if (match == NULL)
		match = &own;
	match->count = 0;
	while (more_pattern && more_text) {
		if (pattern_rest.len == 1 && *pattern_rest.data == '>') {
			remember(match, match->count++, text.data, text.len);
			return text.len > 0;
		}
		struct sl_slice part = take_part(&text, &more_text);
		if (!match_part(take_part(&pattern_rest, &more_pattern), part, match))
			return false;
	}
	return more_pattern == more_text;
}

void col_wildcard_expand(
    const char *text, const struct col_wildcard_match *match, struct sl_buf *out)
{
	for (; *text != '\0'; text++) {
		if (text[0] != '$' || text[1] < '1' || text[1] > '9') {
			sl_buf_addc(out, *text);
			continue;
		}
		size_t i = (size_t)(*++text - '1');
		if (i < match->count && i < COL_WILDCARD_PIECES)
			sl_buf_add(out, match->piece[i].data, match->piece[i].len);
	}
}
