/* SPDX-License-Identifier: Apache-2.0 */
#include "json_in.h"

#include <stdio.h>
#include <string.h>

#include "json_out.h"

/*
 * jansson's own limit of 2048 levels is a constant of its build.  Whatever is
 * malformed may fool this count; jansson then finds the fault.
 */
static bool too_deep(const char *data, size_t len, size_t *where)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = data[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > SL_JSON_IN_DEPTH) {
				*where = i;
				return true;
			}
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

static void locate(struct sl_json_in_error *error, const char *data, size_t position)
{
	error->line = 1;
	error->column = 1;
	error->position = position;
	for (size_t i = 0; i < position; i++) {
		error->column++;
		if (data[i] == '\n') {
			error->line++;
			error->column = 1;
		}
	}
}

json_t *sl_json_in_parse(const char *data, size_t len, struct sl_json_in_error *error)
{
	struct sl_json_in_error ignored;
	json_error_t fault;
	size_t where;

	if (!error)
		error = &ignored;
	if (too_deep(data, len, &where)) {
		locate(error, data, where);
		snprintf(error->text, sizeof error->text, "nested deeper than %d levels",
		    SL_JSON_IN_DEPTH);
		return NULL;
	}
	/* jansson takes a NUL behind the value for the end of the text. */
	const char *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	if (nul) {
		locate(error, data, (size_t)(nul - data));
		snprintf(error->text, sizeof error->text, "NUL byte");
		return NULL;
	}
	json_t *tree =
	    json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	if (!tree) {
		size_t position = fault.position > 0 ? (size_t)fault.position : 0;
		locate(error, data, position < len ? position : len);
		snprintf(error->text, sizeof error->text, "%.90s", fault.text);
	}
	return tree;
}

bool sl_json_in_string(const json_t *obj, const char *key, struct sl_slice *out)
{
	const json_t *value = json_object_get(obj, key);

	if (!json_is_string(value))
		return false;
	*out = (struct sl_slice){json_string_value(value), json_string_length(value)};
	return true;
}

bool sl_json_in_int(const json_t *obj, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(obj, key);

	if (!json_is_integer(value))
		return false;
	*out = json_integer_value(value);
	return true;
}

bool sl_json_in_number(const json_t *obj, const char *key, double *out)
{
	const json_t *value = json_object_get(obj, key);

	if (!json_is_number(value))
		return false;
	*out = json_number_value(value);
	return true;
}

bool sl_json_in_bool(const json_t *obj, const char *key, bool *out)
{
	const json_t *value = json_object_get(obj, key);

	if (!json_is_boolean(value))
		return false;
	*out = json_is_true(value);
	return true;
}

json_t *sl_json_in_path(const json_t *obj, const char *path)
{
	char key[256];

	for (;;) {
		json_t *whole = json_object_get(obj, path);
		const char *dot = strchr(path, '.');
		if (whole || !dot)
			return whole;
		size_t len = (size_t)(dot - path);
		if (len >= sizeof key)
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		obj = json_object_get(obj, key);
		if (!obj)
			return NULL;
		path = dot + 1;
	}
}

/* Depth is bounded: a tree comes from sl_json_in_parse or is made of such. */
static void write_value(struct sl_json_out *w, const json_t *value)
{
	const char *key;
	const json_t *member;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		sl_json_out_object_begin(w);
		json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
			sl_json_out_key(w, key);
			write_value(w, member);
		}
		sl_json_out_object_end(w);
		break;
	case JSON_ARRAY:
		sl_json_out_array_begin(w);
		for (size_t i = 0; i < json_array_size(value); i++)
			write_value(w, json_array_get(value, i));
		sl_json_out_array_end(w);
		break;
	case JSON_STRING:
		sl_json_out_string(
		    w, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		sl_json_out_int(w, json_integer_value(value));
		break;
	case JSON_REAL:
		sl_json_out_double(w, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		sl_json_out_bool(w, json_is_true(value));
		break;
	case JSON_NULL:
		sl_json_out_null(w);
		break;
	}
}

/* Not by jansson, which would write 0.1 as 0.10000000000000001. */
void sl_json_in_write(const json_t *tree, struct sl_buf *out)
{
	struct sl_json_out w;

	if (!tree)
		return;
	sl_json_out_init(&w, out);
	write_value(&w, tree);
}
