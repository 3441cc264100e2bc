/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct word {
	const char *text;
	size_t len;
};

static const struct primitive {
	const char *name;
	const char *type;
	const char *format;
} primitives[] = {
    {"string", "string", NULL},
    {"integer", "integer", NULL},
    {"number", "number", NULL},
    {"boolean", "boolean", NULL},
    {"null", "null", NULL},
    {"object", "object", NULL},
    {"time", "string", "date-time"},
    {"uuid", "string", "uuid"},
};

static const struct primitive *find(struct word word)
{
	for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++) {
		if (strlen(primitives[i].name) == word.len &&
		    memcmp(primitives[i].name, word.text, word.len) == 0)
			return &primitives[i];
	}
	return NULL;
}

static bool is(struct word word, const char *text)
{
	return strlen(text) == word.len && memcmp(word.text, text, word.len) == 0;
}

static bool has_suffix(struct word word, const char *two)
{
	return word.len > 2 && memcmp(word.text + word.len - 2, two, 2) == 0;
}

static bool is_constant(struct word word)
{
	return word.text[0] == '\'' || is(word, "null") || is(word, "true");
}

static void member(struct sl_json_out *w, const char *key, const char *value)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, value);
}

static void write_constant(struct sl_json_out *w, struct word word)
{
	if (is(word, "null"))
		sl_json_out_null(w);
	else if (is(word, "true"))
		sl_json_out_bool(w, true);
	else
		sl_json_out_string(w, word.text + 1, word.len - 2);
}

/* A word as one schema. */
static void write_word(struct sl_json_out *w, struct word word)
{
	const struct primitive *primitive = find(word);
	bool array = has_suffix(word, "[]");
	bool map = has_suffix(word, "{}");
	char ref[80];

	if (is(word, "any")) {
		sl_json_out_bool(w, true);
		return;
	}
	sl_json_out_object_begin(w);
	if (array || map) {
		member(w, "type", array ? "array" : "object");
		sl_json_out_key(w, array ? "items" : "additionalProperties");
		write_word(w, (struct word){word.text, word.len - 2});
	} else if (primitive) {
		member(w, "type", primitive->type);
		if (primitive->format)
			member(w, "format", primitive->format);
	} else if (is_constant(word)) {
		sl_json_out_key(w, "const");
		write_constant(w, word);
	} else {
		assert(word.text[0] >= 'A' && word.text[0] <= 'Z');
		snprintf(ref, sizeof ref, "#/components/schemas/%.*s", (int)word.len,
		    word.text);
		member(w, "$ref", ref);
	}
	sl_json_out_object_end(w);
}

#define WORDS_MAX 32

static size_t split(const char *type, size_t len, struct word word[WORDS_MAX])
{
	size_t count = 0;
	const char *end = type + len;

	for (;;) {
		const char *bar = memchr(type, '|', (size_t)(end - type));
		assert(count < WORDS_MAX);
		word[count].text = type;
		word[count++].len = (size_t)((bar ? bar : end) - type);
		if (!bar)
			return count;
		type = bar + 1;
	}
}

void gw_schema_write_type(struct sl_json_out *w, const char *type, size_t len)
{
	struct word word[WORDS_MAX];
	size_t count = split(type, len, word);
	size_t constants = 0;

	for (size_t i = 0; i < count; i++)
		constants += is_constant(word[i]);
	if (count == 1) {
		write_word(w, word[0]);
		return;
	}
	sl_json_out_object_begin(w);
	if (constants == count) {
		sl_json_out_key(w, "enum");
		sl_json_out_array_begin(w);
		for (size_t i = 0; i < count; i++)
			write_constant(w, word[i]);
	} else if (count == 2 && find(word[0]) && is(word[1], "null")) {
		if (find(word[0])->format)
			member(w, "format", find(word[0])->format);
		sl_json_out_key(w, "type");
		sl_json_out_array_begin(w);
		sl_json_out_text(w, find(word[0])->type);
		sl_json_out_text(w, "null");
	} else {
		sl_json_out_key(w, "anyOf");
		sl_json_out_array_begin(w);
		for (size_t i = 0; i < count; i++)
			write_word(w, word[i]);
	}
	sl_json_out_array_end(w);
	sl_json_out_object_end(w);
}

/* ---- fields ---------------------------------------------------------------------- */

struct field {
	struct word name;
	struct word type;
	struct word prose;
	bool optional;
};

/* Reads the next line of a list; false at its end. */
static bool next_field(const char **at, struct field *field)
{
	if (!**at)
		return false;
	const char *end = strchr(*at, '\n');
	const char *space = strchr(*at, ' ');
	assert(end && space && space < end);
	const char *second = memchr(space + 1, ' ', (size_t)(end - space - 1));
	const char *type_end = second ? second : end;
	size_t name_len = (size_t)(space - *at);

	field->optional = space[-1] == '?';
	field->name = (struct word){*at, name_len - (field->optional ? 1 : 0)};
	field->type = (struct word){space + 1, (size_t)(type_end - space - 1)};
	field->prose = (struct word){type_end, (size_t)(end - type_end)};
	if (second)
		field->prose = (struct word){second + 1, (size_t)(end - second - 1)};
	*at = end + 1;
	return true;
}

static void write_field(struct sl_json_out *w, const struct field *field)
{
	sl_json_out_keyn(w, field->name.text, field->name.len);
	if (field->prose.len == 0) {
		gw_schema_write_type(w, field->type.text, field->type.len);
		return;
	}
	/* Beside a $ref anything may stand since draft 2019-09, so nothing is merged. */
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "description");
	sl_json_out_string(w, field->prose.text, field->prose.len);
	sl_json_out_key(w, "allOf");
	sl_json_out_array_begin(w);
	gw_schema_write_type(w, field->type.text, field->type.len);
	sl_json_out_array_end(w);
	sl_json_out_object_end(w);
}

void gw_schema_write_fields(struct sl_json_out *w, const char *prose, const char *fields)
{
	struct field field;
	struct field rest = {.optional = false};
	const char *at = fields;

	sl_json_out_object_begin(w);
	if (prose)
		member(w, "description", prose);
	member(w, "type", "object");
	sl_json_out_key(w, "properties");
	sl_json_out_object_begin(w);
	while (next_field(&at, &field)) {
		if (is(field.name, "*"))
			rest = field;
		else
			write_field(w, &field);
	}
	sl_json_out_object_end(w);
	sl_json_out_key(w, "required");
	sl_json_out_array_begin(w);
	for (at = fields; next_field(&at, &field);) {
		if (!field.optional && !is(field.name, "*"))
			sl_json_out_string(w, field.name.text, field.name.len);
	}
	sl_json_out_array_end(w);
	sl_json_out_key(w, "additionalProperties");
	if (rest.type.len > 0)
		gw_schema_write_type(w, rest.type.text, rest.type.len);
	else
		sl_json_out_bool(w, false);
	sl_json_out_object_end(w);
}

void gw_schema_write_all(struct sl_json_out *w)
{
	const struct gw_schema *schema;

	for (size_t i = 0; (schema = gw_schema_at(i)); i++) {
		sl_json_out_key(w, schema->name);
		if (strncmp(schema->fields, "= ", 2) == 0)
			gw_schema_write_type(
			    w, schema->fields + 2, strlen(schema->fields + 2));
		else
			gw_schema_write_fields(w, schema->prose, schema->fields);
	}
}
