/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  One pass over an event's text with the tree of paths at hand:
 * where a member has no path in the tree its value is skipped, where it has,
 * its comparisons are made on the bytes as they stand.  A comparison that has
 * held once holds: an array stands for its elements.  Every function takes and
 * returns the place where reading goes on; NULL ends the pass: everything is
 * known, or the text is no JSON.
 */
#include <string.h>

#include "filter_program.h"

/* Deeper than any event can be. */
#define GW_FILTER_WALK_DEPTH 64

struct walk {
	const struct gw_filter *filter;
	const char *end;
	uint64_t found;
	uint64_t wanted;
	int depth;
};

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* p is at the opening quote; the place behind the closing one. */
static const char *read_string(const char *p, const char *end, struct sl_slice *out)
{
	const char *begin = ++p;

	while (p < end) {
		const char *quote = memchr(p, '"', (size_t)(end - p));
		if (!quote)
			return NULL;
		const char *back = quote;
		while (back > begin && back[-1] == '\\')
			back--;
		if ((quote - back) % 2 == 0) {
			*out = (struct sl_slice){begin, (size_t)(quote - begin)};
			return quote + 1;
		}
		p = quote + 1;
	}
	return NULL;
}

/* p is at the opening bracket. */
static const char *skip_container(const char *p, const char *end)
{
	struct sl_slice string;
	int open = 0;

	while (p && p < end) {
		switch (*p) {
		case '"':
			p = read_string(p, end, &string);
			continue;
		case '{':
		case '[':
			open++;
			break;
		case '}':
		case ']':
			if (--open == 0)
				return p + 1;
			break;
		default:
			break;
		}
		p++;
	}
	return NULL;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' &&
	       *p != '\n' && *p != '\t' && *p != '\r')
		p++;
	return p;
}

/* Makes the comparisons of a path; false once all that there are have held. */
static bool judge(struct walk *w, uint16_t path, const struct gw_filter_scalar *s)
{
	const struct gw_filter *f = w->filter;

	for (uint16_t t = f->path[path].test; t != GW_FILTER_NONE; t = f->test[t].next) {
		if (!(w->found >> t & 1) && gw_filter_holds(f, &f->test[t], s))
			w->found |= UINT64_C(1) << t;
	}
	return w->found != w->wanted;
}

/* ---- the pass ---------------------------------------------------------------------- */

static const char *visit(struct walk *w, const char *p, uint16_t path, bool last);

static uint16_t find_child(const struct gw_filter *f, uint16_t path, struct sl_slice name)
{
	uint16_t c = f->path[path].child;

	while (c != GW_FILTER_NONE && !gw_filter_same(name, f->path[c].name))
		c = f->path[c].sibling;
	return c;
}

/*
 * last: nothing outside of this object is waited for, so that the pass is over
 * once each of its paths has been met (members are unique).
 */
static const char *visit_object(struct walk *w, const char *p, uint16_t path, bool last)
{
	uint16_t left = w->filter->path[path].children;
	struct sl_slice name;

	p = skip_space(p + 1, w->end);
	if (p < w->end && *p == '}')
		return p + 1;
	while (p < w->end && *p == '"') {
		p = read_string(p, w->end, &name);
		p = p ? skip_space(p, w->end) : w->end;
		if (p == w->end || *p != ':')
			return NULL;
		p = skip_space(p + 1, w->end);
		uint16_t child = find_child(w->filter, path, name);
		if (child != GW_FILTER_NONE && left > 0)
			left--;
		p = visit(w, p, child, last && left == 0);
		if (!p || (last && left == 0))
			return NULL;
		p = skip_space(p, w->end);
		if (p < w->end && *p == '}')
			return p + 1;
		if (p == w->end || *p != ',')
			return NULL;
		p = skip_space(p + 1, w->end);
	}
	return NULL;
}

static const char *visit_array(struct walk *w, const char *p, uint16_t path)
{
	p = skip_space(p + 1, w->end);
	if (p < w->end && *p == ']')
		return p + 1;
	while (p && p < w->end) {
		p = visit(w, p, path, false);
		if (!p)
			return NULL;
		p = skip_space(p, w->end);
		if (p < w->end && *p == ']')
			return p + 1;
		if (p == w->end || *p != ',')
			return NULL;
		p = skip_space(p + 1, w->end);
	}
	return NULL;
}

static const char *visit_scalar(struct walk *w, const char *p, uint16_t path)
{
	struct gw_filter_scalar s = {0};
	const char *after;

	if (*p == '"') {
		s.type = JSON_STRING;
		after = read_string(p, w->end, &s.raw);
	} else {
		after = skip_word(p, w->end);
		s.raw = (struct sl_slice){p, (size_t)(after - p)};
		s.type = *p == 't'   ? JSON_TRUE
			 : *p == 'f' ? JSON_FALSE
			 : *p == 'n' ? JSON_NULL
				     : JSON_INTEGER;
	}
	if (!after || path == GW_FILTER_NONE ||
	    w->filter->path[path].test == GW_FILTER_NONE)
		return after;
	if (s.type == JSON_INTEGER)
		s.number = gw_filter_number(s.raw);
	return judge(w, path, &s) ? after : NULL;
}

static const char *visit(struct walk *w, const char *p, uint16_t path, bool last)
{
	if (p >= w->end)
		return NULL;
	if (*p != '{' && *p != '[')
		return visit_scalar(w, p, path);
	if (path == GW_FILTER_NONE || (*p == '{' && w->filter->path[path].children == 0))
		return skip_container(p, w->end);
	if (++w->depth > GW_FILTER_WALK_DEPTH)
		return NULL;
	p = *p == '{' ? visit_object(w, p, path, last) : visit_array(w, p, path);
	w->depth--;
	return p;
}

uint64_t gw_filter_walk(const struct gw_filter *filter, const char *event, size_t len)
{
	struct walk w = {
	    .filter = filter,
	    .end = event + len,
	    .wanted = UINT64_MAX >> (64 - filter->tests),
	};

	visit(&w, skip_space(event, w.end), 0, true);
	return w.found;
}
