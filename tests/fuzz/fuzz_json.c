/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator and jansson agree on every input, what the walk finds in an
 * object is what jansson finds, and what the writer makes of any bytes is valid.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_check.h"
#include "json_in.h"
#include "json_out.h"
#include "json_walk.h"

/* jansson refuses numbers past its types, and repeated keys: the validator does not. */
static bool expected_difference(const struct sl_json_in_error *error)
{
	return strstr(error->text, "too big") || strstr(error->text, "too small") ||
	       strstr(error->text, "overflow") || strstr(error->text, "duplicate");
}

static bool same_type(const json_t *value, enum sl_json_type type)
{
	switch (type) {
	case SL_JSON_NULL:
		return json_is_null(value);
	case SL_JSON_BOOLEAN:
		return json_is_boolean(value);
	case SL_JSON_NUMBER:
		return json_is_number(value);
	case SL_JSON_STRING:
		return json_is_string(value);
	case SL_JSON_ARRAY:
		return json_is_array(value);
	case SL_JSON_OBJECT:
		return json_is_object(value);
	}
	return false;
}

/* tree: what jansson made of an object; NULL: only that nothing is read beyond it. */
static void walk(const char *text, size_t len, json_t *tree)
{
	struct sl_json_walk at;
	struct sl_json_member member;
	size_t count = 0;

	sl_json_walk_init(&at, text, len);
	for (; sl_json_walk_next(&at, &member); count++) {
		const char *key;
		json_t *value;
		bool found = !tree;
		json_object_foreach (tree, key, value)
			if (sl_json_walk_is(&member, key))
				found = same_type(value, member.type);
		if (!found)
			abort();
	}
	if (tree && count != json_object_size(tree))
		abort();
}

static void compare(const char *text, size_t len)
{
	struct sl_json_in_error error = {0};
	json_t *tree = sl_json_in_parse(text, len, &error);
	bool checked = sl_json_check_value(text, len) == 0;
	bool object = sl_json_check_object(text, len) == 0;

	if (tree ? !checked || object != json_is_object(tree)
		 : checked && !expected_difference(&error))
		abort();
	walk(text, len, object ? tree : NULL);
	json_decref(tree);
}

static void write(const uint8_t *data, size_t size)
{
	struct sl_buf buf = {0};
	struct sl_json_out w;
	double value = 0;

	memcpy(&value, data, size < sizeof value ? size : sizeof value);
	sl_json_out_init(&w, &buf);
	sl_json_out_object_begin(&w);
	sl_json_out_keyn(&w, "k", 1);
	sl_json_out_string(&w, (const char *)data, size);
	sl_json_out_key(&w, "d");
	sl_json_out_double(&w, value);
	sl_json_out_object_end(&w);
	/* The one thing the validator refuses that the writer may write. */
	if (!memchr(data, 0, size) && sl_json_check_object(buf.data, buf.len) != 0)
		abort();
	char text[SL_JSON_OUT_DOUBLE];
	sl_json_out_format_double(value, text);
	if (isfinite(value) && strtod(text, NULL) != value)
		abort();
	sl_buf_clear(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	char *copy = malloc(size);
	memcpy(copy, data, size);
	compare(copy, size);
	write((const uint8_t *)copy, size);
	free(copy);
	return 0;
}
