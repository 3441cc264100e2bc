/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  A filter is read into parts: comparisons, and joins of other
 * parts, each with its canonical text from the moment that it is made.  Joins
 * take up joins of their own kind, sort by text and drop what is there twice, so
 * that the text of the outermost part is the same for all ways to write it.
 * "ne" becomes the negation of an equality, and several operators on one path
 * one comparison with two bounds.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "filter_part.h"
#include "json_out.h"

struct form {
	char *error;
	unsigned tests;
	unsigned values;
	size_t bytes; /* of paths and strings so far */
};

static int refuse(struct form *f, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct form *f, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->error, GW_FILTER_ERROR, fmt, ap);
	va_end(ap);
	return code;
}

/* ---- paths and values --------------------------------------------------------- */

static bool is_member(const char *name, size_t len)
{
	static const char *const members[] = {
	    "id", "type", "time", "priority", "module", "source", "audience", "payload"};

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (strlen(members[i]) == len && memcmp(members[i], name, len) == 0)
			return true;
	}
	return false;
}

/* Looked at before it is copied: each join has the text of its parts once more. */
static int count_bytes(struct form *f, size_t len)
{
	f->bytes += len;
	if (f->bytes <= GW_FILTER_TEXT_MAX)
		return SL_OK;
	return refuse(f, SL_ETOOBIG, "filter: longer than %d bytes", GW_FILTER_TEXT_MAX);
}

static int write_path(struct form *f, const char *path, struct sl_buf *out)
{
	struct sl_buf whole = {0};
	size_t segments = 1;
	int error = count_bytes(f, strlen(path));

	if (error)
		return error;
	if (!is_member(path, strcspn(path, ".")))
		sl_buf_adds(&whole, "payload.");
	sl_buf_adds(&whole, path);
	const char *text = sl_buf_text(&whole);
	bool gap = *path == '\0' || *path == '.';
	for (const char *dot = strchr(text, '.'); dot; dot = strchr(dot + 1, '.')) {
		segments++;
		gap |= dot[1] == '.' || dot[1] == '\0';
	}
	sl_json_out_quote(out, whole.data, whole.len);
	sl_buf_clear(&whole);
	if (gap)
		return refuse(f, SL_EMALFORMED,
		    "filter: \"%.64s\" is no path: names joined by single dots", path);
	if (segments > GW_FILTER_SEGMENTS_MAX)
		return refuse(f, SL_ETOOBIG, "filter: \"%.64s\" has more than %d names",
		    path, GW_FILTER_SEGMENTS_MAX);
	return SL_OK;
}

static int write_value(
    struct form *f, const char *path, const json_t *value, struct sl_buf *out)
{
	struct sl_json_out w;

	if (++f->values > GW_FILTER_VALUES_MAX)
		return refuse(
		    f, SL_ETOOBIG, "filter: more than %d values", GW_FILTER_VALUES_MAX);
	sl_json_out_init(&w, out);
	switch (json_typeof(value)) {
	case JSON_STRING:
		if (count_bytes(f, json_string_length(value)))
			return SL_ETOOBIG;
		sl_json_out_string(
		    &w, json_string_value(value), json_string_length(value));
		return SL_OK;
	case JSON_INTEGER:
		sl_json_out_int(&w, json_integer_value(value));
		return SL_OK;
	case JSON_REAL: {
		double d = json_real_value(value);
		/* 2.0 and 2 are one number. */
		if (fabs(d) < 9e15 && floor(d) == d)
			sl_json_out_int(&w, (int64_t)d);
		else
			sl_json_out_double(&w, d);
		return SL_OK;
	}
	case JSON_TRUE:
	case JSON_FALSE:
		sl_json_out_bool(&w, json_is_true(value));
		return SL_OK;
	case JSON_NULL:
		sl_json_out_null(&w);
		return SL_OK;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return refuse(f, SL_EMALFORMED,
	    "filter: \"%.64s\" is compared with an object or a list: only strings, "
	    "numbers, true, false and null can be",
	    path);
}

/* Begins a comparison's text: {"path": */
static int begin_test(struct form *f, const char *path, struct gw_filter_part *part)
{
	*part = (struct gw_filter_part){.kind = GW_FILTER_TEST};
	if (++f->tests > GW_FILTER_TESTS_MAX)
		return refuse(f, SL_ETOOBIG, "filter: more than %d comparisons",
		    GW_FILTER_TESTS_MAX);
	sl_buf_addc(&part->text, '{');
	int error = write_path(f, path, &part->text);
	sl_buf_addc(&part->text, ':');
	return error;
}

/* ---- comparisons ---------------------------------------------------------------- */

static int make_equal(
    struct form *f, const char *path, const json_t *value, struct gw_filter_part *part)
{
	int error = begin_test(f, path, part);

	if (!error)
		error = write_value(f, path, value, &part->text);
	sl_buf_addc(&part->text, '}');
	return error;
}

static int make_any(
    struct form *f, const char *path, const json_t *list, struct gw_filter_part *part)
{
	struct gw_filter_parts values = {0};
	int error = begin_test(f, path, part);

	if (!error && json_array_size(list) == 0)
		error =
		    refuse(f, SL_EMALFORMED, "filter: \"%.64s\" has an empty list", path);
	for (size_t i = 0; !error && i < json_array_size(list); i++) {
		struct gw_filter_part value = {.kind = GW_FILTER_TEST};
		error = write_value(f, path, json_array_get(list, i), &value.text);
		gw_filter_part_push(&values, value);
	}
	if (!error) {
		gw_filter_part_tidy(&values);
		if (values.count == 1)
			sl_buf_addf(&part->text, "%s", sl_buf_text(&values.item[0].text));
		else
			gw_filter_part_list(&part->text, &values);
	}
	gw_filter_parts_clear(&values);
	sl_buf_addc(&part->text, '}');
	return error;
}

/* One bound, of the operators "gt" and "gte" or "lt" and "lte". */
static int write_bound(struct form *f, const char *path, const json_t *ops,
    const char *open, const char *closed, bool second, struct gw_filter_part *part)
{
	const json_t *value = json_object_get(ops, open);

	if (value && json_object_get(ops, closed))
		return refuse(f, SL_EMALFORMED,
		    "filter: \"%.64s\" has both \"%s\" and \"%s\"", path, open, closed);
	const char *name = value ? open : closed;
	if (!value)
		value = json_object_get(ops, closed);
	if (!value)
		return SL_OK;
	if (!json_is_number(value) && !json_is_string(value))
		return refuse(f, SL_EMALFORMED,
		    "filter: \"%.64s\": \"%s\" needs a number or a string", path, name);
	sl_buf_addf(&part->text, "%s\"%s\":", second ? "," : "", name);
	return write_value(f, path, value, &part->text);
}

static int make_range(
    struct form *f, const char *path, const json_t *ops, struct gw_filter_part *part)
{
	const json_t *low = json_object_get(ops, "gt");
	const json_t *high = json_object_get(ops, "lt");
	int error = begin_test(f, path, part);

	low = low ? low : json_object_get(ops, "gte");
	high = high ? high : json_object_get(ops, "lte");
	if (!error && low && high && json_is_string(low) != json_is_string(high))
		error = refuse(
		    f, SL_EMALFORMED, "filter: \"%.64s\" has bounds of two types", path);
	sl_buf_addc(&part->text, '{');
	if (!error)
		error = write_bound(f, path, ops, "gt", "gte", false, part);
	if (!error)
		error = write_bound(f, path, ops, "lt", "lte", low != NULL, part);
	sl_buf_adds(&part->text, "}}");
	return error;
}

static int check_operators(struct form *f, const char *path, const json_t *ops)
{
	const char *name;
	const json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)ops, name, value) {
		static const char *const known[] = {"gt", "gte", "lt", "lte", "ne"};
		size_t i = 0;
		while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			return refuse(f, SL_EMALFORMED,
			    "filter: \"%.64s\" has no operator \"%.32s\": gt, gte, lt, "
			    "lte, ne",
			    path, name);
	}
	if (json_object_size(ops) == 0)
		return refuse(f, SL_EMALFORMED,
		    "filter: \"%.64s\" has no operator: gt, gte, lt, lte, ne", path);
	return SL_OK;
}

static int add_operators(
    struct form *f, const char *path, const json_t *ops, struct gw_filter_parts *out)
{
	const json_t *other = json_object_get(ops, "ne");
	int error = check_operators(f, path, ops);
	struct gw_filter_part part;

	if (!error && json_object_size(ops) > (other ? 1u : 0u)) {
		error = make_range(f, path, ops, &part);
		gw_filter_part_push(out, part);
	}
	if (!error && other) {
		error = make_equal(f, path, other, &part);
		gw_filter_part_push(out, error ? part : gw_filter_part_negate(part));
	}
	return error;
}

static int add_field(
    struct form *f, const char *path, const json_t *value, struct gw_filter_parts *out)
{
	struct gw_filter_part part;

	if (json_is_object(value))
		return add_operators(f, path, value, out);
	int error = json_is_array(value) ? make_any(f, path, value, &part)
					 : make_equal(f, path, value, &part);
	gw_filter_part_push(out, part);
	return error;
}

/* ---- joins ------------------------------------------------------------------------ */

static int add_members(struct form *f, const json_t *object, struct gw_filter_parts *out);

/* The filter of one object as one part. */
static int add_whole(
    struct form *f, const json_t *object, const char *where, struct gw_filter_parts *out)
{
	struct gw_filter_parts all = {0};

	if (!json_is_object(object) || json_object_size(object) == 0)
		return refuse(f, SL_EMALFORMED,
		    "filter: \"%s\" needs an object that is not empty", where);
	int error = add_members(f, object, &all);
	if (error)
		gw_filter_parts_clear(&all);
	else
		gw_filter_part_push(out, gw_filter_part_join(GW_FILTER_AND, &all));
	return error;
}

static int add_joined(struct form *f, enum gw_filter_op kind, const json_t *list,
    struct gw_filter_parts *out)
{
	const char *name = kind == GW_FILTER_AND ? "and" : "or";
	struct gw_filter_parts all = {0};
	int error = SL_OK;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return refuse(f, SL_EMALFORMED,
		    "filter: \"%s\" needs a list of filters that is not empty", name);
	for (size_t i = 0; !error && i < json_array_size(list); i++)
		error = add_whole(f, json_array_get(list, i), name, &all);
	if (error)
		gw_filter_parts_clear(&all);
	else
		gw_filter_part_push(out, gw_filter_part_join(kind, &all));
	return error;
}

static int add_members(struct form *f, const json_t *object, struct gw_filter_parts *out)
{
	const char *name;
	const json_t *value;
	int error = SL_OK;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		if (strcmp(name, "and") == 0)
			error = add_joined(f, GW_FILTER_AND, value, out);
		else if (strcmp(name, "or") == 0)
			error = add_joined(f, GW_FILTER_OR, value, out);
		else if (strcmp(name, "not") == 0)
			error = add_whole(f, value, name, out);
		else
			error = add_field(f, name, value, out);
		if (error)
			return error;
		if (strcmp(name, "not") == 0)
			out->item[out->count - 1] =
			    gw_filter_part_negate(out->item[out->count - 1]);
	}
	return SL_OK;
}

int gw_filter_form(const json_t *json, struct sl_buf *out, char error[GW_FILTER_ERROR])
{
	struct form f = {.error = error};
	struct gw_filter_parts all = {0};

	error[0] = '\0';
	if (!json_is_object(json))
		return refuse(&f, SL_EMALFORMED, "filter: must be an object");
	if (json_object_size(json) == 0)
		return SL_OK;
	int code = add_members(&f, json, &all);
	if (code) {
		gw_filter_parts_clear(&all);
		return code;
	}
	struct gw_filter_part whole = gw_filter_part_join(GW_FILTER_AND, &all);
	if (whole.depth > GW_FILTER_DEPTH_MAX)
		code = refuse(&f, SL_ETOOBIG, "filter: nested more than %d deep",
		    GW_FILTER_DEPTH_MAX);
	else if (whole.text.len > GW_FILTER_TEXT_MAX)
		code = refuse(
		    &f, SL_ETOOBIG, "filter: longer than %d bytes", GW_FILTER_TEXT_MAX);
	else
		sl_buf_add(out, whole.text.data, whole.text.len);
	gw_filter_part_clear(&whole);
	return code;
}
