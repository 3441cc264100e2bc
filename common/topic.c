/* SPDX-License-Identifier: Apache-2.0 */
#include "topic.h"

#include <string.h>

static bool segment_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* The end of the segment that begins at text[at]. */
static size_t segment_end(const char *text, size_t len, size_t at)
{
	const char *dot = memchr(text + at, '.', len - at);

	return dot ? (size_t)(dot - text) : len;
}

static bool valid(const char *text, size_t len, bool wildcards)
{
	size_t segments = 0;

	if (len == 0 || len > SL_TOPIC_MAX)
		return false;
	for (size_t at = 0;;) {
		size_t end = segment_end(text, len, at);

		if (end == at || ++segments > SL_TOPIC_SEGMENTS_MAX)
			return false;
		if (end - at == 1 && (text[at] == '*' || text[at] == '>')) {
			if (!wildcards || (text[at] == '>' && end != len))
				return false;
		} else {
			for (size_t i = at; i < end; i++)
				if (!segment_char(text[i]))
					return false;
		}
		if (end == len)
			return true;
		at = end + 1;
		if (at == len) /* a dot at the end */
			return false;
	}
}

bool sl_topic_valid(const char *text, size_t len)
{
	return valid(text, len, false);
}

bool sl_pattern_valid(const char *text, size_t len)
{
	return valid(text, len, true);
}

static bool is_wild(const char *text, size_t at, size_t end, char wild)
{
	return end - at == 1 && text[at] == wild;
}

bool sl_pattern_overlap(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i = 0, j = 0;

	for (;;) {
		size_t i_end = segment_end(a, a_len, i);
		size_t j_end = segment_end(b, b_len, j);

		/* Both have a segment left here, so ">" always finds one to stand for. */
		if (is_wild(a, i, i_end, '>') || is_wild(b, j, j_end, '>'))
			return true;
		if (!is_wild(a, i, i_end, '*') && !is_wild(b, j, j_end, '*') &&
		    (i_end - i != j_end - j || memcmp(a + i, b + j, i_end - i) != 0))
			return false;
		if (i_end == a_len || j_end == b_len)
			return i_end == a_len && j_end == b_len;
		i = i_end + 1;
		j = j_end + 1;
	}
}

bool sl_pattern_match(
    const char *pattern, size_t pattern_len, const char *topic, size_t topic_len)
{
	/* A topic is a pattern without wildcards: it stands only for itself. */
	return sl_pattern_overlap(pattern, pattern_len, topic, topic_len);
}

/* Appends text to a pattern; false when it grows too long. */
static bool append(char out[SL_TOPIC_MAX + 1], size_t *n, const char *text, size_t len)
{
	size_t dot = *n > 0 ? 1 : 0;

	if (*n + dot + len > SL_TOPIC_MAX)
		return false;
	if (dot)
		out[(*n)++] = '.';
	memcpy(out + *n, text, len);
	*n += len;
	return true;
}

size_t sl_pattern_meet(
    const char *a, size_t a_len, const char *b, size_t b_len, char out[SL_TOPIC_MAX + 1])
{
	size_t i = 0, j = 0, n = 0;
	bool fits = true;

	if (!sl_pattern_overlap(a, a_len, b, b_len))
		return 0;
	/* Segment by segment, the narrower one; after a ">" the rest of the other. */
	for (;;) {
		size_t i_end = segment_end(a, a_len, i);
		size_t j_end = segment_end(b, b_len, j);

		if (is_wild(a, i, i_end, '>')) {
			fits &= append(out, &n, b + j, b_len - j);
			break;
		}
		if (is_wild(b, j, j_end, '>')) {
			fits &= append(out, &n, a + i, a_len - i);
			break;
		}
		if (is_wild(a, i, i_end, '*'))
			fits &= append(out, &n, b + j, j_end - j);
		else
			fits &= append(out, &n, a + i, i_end - i);
		if (i_end == a_len)
			break;
		i = i_end + 1;
		j = j_end + 1;
	}
	out[n] = '\0';
	return fits ? n : 0;
}
