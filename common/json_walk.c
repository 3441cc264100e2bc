/* SPDX-License-Identifier: Apache-2.0 */
#include "json_walk.h"

#include <string.h>

#include "buf.h"
#include "json_in.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_between(char c)
{
	return is_space(c) || c == ',' || c == ':' || c == '{';
}

/* p is behind the opening quote; gives the place of the closing one, or end. */
static const char *string_end(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' && end - p > 1 ? 2 : 1;
	return p;
}

/* p is at an opening bracket; gives the place behind the closing one, or end. */
static const char *nested_end(const char *p, const char *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		if (*p == '"') {
			p = string_end(p + 1, end);
			if (p == end)
				return end;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if ((*p == '}' || *p == ']') && --depth == 0) {
			return p + 1;
		}
	}
	return end;
}

static const char *plain_end(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != '}' && !is_space(*p))
		p++;
	return p;
}

static enum sl_json_type type_of(char first)
{
	switch (first) {
	case '"':
		return SL_JSON_STRING;
	case '{':
		return SL_JSON_OBJECT;
	case '[':
		return SL_JSON_ARRAY;
	case 't':
	case 'f':
		return SL_JSON_BOOLEAN;
	case 'n':
		return SL_JSON_NULL;
	default:
		return SL_JSON_NUMBER;
	}
}

void sl_json_walk_init(struct sl_json_walk *walk, const char *data, size_t len)
{
	*walk = (struct sl_json_walk){.at = data, .end = data + len};
}

bool sl_json_walk_next(struct sl_json_walk *walk, struct sl_json_member *member)
{
	const char *p = walk->at, *end = walk->end, *stop;

	while (p < end && is_between(*p))
		p++;
	if (p == end || *p != '"')
		return false;
	stop = string_end(++p, end);
	member->key = (struct sl_slice){.data = p, .len = (size_t)(stop - p)};
	p = stop < end ? stop + 1 : end;
	while (p < end && is_between(*p) && *p != '{')
		p++;
	if (p == end)
		return false;
	member->type = type_of(*p);
	if (member->type == SL_JSON_STRING) {
		stop = string_end(++p, end);
		walk->at = stop < end ? stop + 1 : end;
	} else if (member->type == SL_JSON_OBJECT || member->type == SL_JSON_ARRAY) {
		walk->at = stop = nested_end(p, end);
	} else {
		walk->at = stop = plain_end(p, end);
	}
	member->value = (struct sl_slice){.data = p, .len = (size_t)(stop - p)};
	return true;
}

/* Keys with escapes are rare enough for the parser. */
static bool is_decoded(const struct sl_slice *key, const char *name)
{
	struct sl_buf quoted = {0};

	sl_buf_addf(&quoted, "\"%.*s\"", (int)key->len, key->data);
	json_t *text = sl_json_in_parse(quoted.data, quoted.len, NULL);
	bool is = text && json_is_string(text) && !strcmp(json_string_value(text), name);
	json_decref(text);
	sl_buf_clear(&quoted);
	return is;
}

bool sl_json_walk_is(const struct sl_json_member *member, const char *name)
{
	const struct sl_slice *key = &member->key;

	if (memchr(key->data, '\\', key->len))
		return is_decoded(key, name);
	return strlen(name) == key->len && memcmp(name, key->data, key->len) == 0;
}
