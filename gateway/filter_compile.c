/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "filter_program.h"

/* Each array grows by one item at a time: a filter is small and made once. */
static void *grown(void *array, uint16_t *count, size_t size)
{
	array = realloc(array, (*count + 1u) * size);
	if (!array)
		abort();
	++*count;
	return array;
}

static uint16_t add_path(struct gw_filter *f, struct sl_slice name)
{
	f->path = grown(f->path, &f->paths, sizeof *f->path);
	f->path[f->paths - 1] = (struct gw_filter_path){.name = name,
	    .child = GW_FILTER_NONE,
	    .sibling = GW_FILTER_NONE,
	    .test = GW_FILTER_NONE};
	return (uint16_t)(f->paths - 1);
}

static uint16_t child_of(struct gw_filter *f, uint16_t parent, struct sl_slice name)
{
	for (uint16_t c = f->path[parent].child; c != GW_FILTER_NONE;
	     c = f->path[c].sibling) {
		const struct sl_slice *have = &f->path[c].name;
		if (have->len == name.len && memcmp(have->data, name.data, name.len) == 0)
			return c;
	}
	uint16_t c = add_path(f, name);
	f->path[c].sibling = f->path[parent].child;
	f->path[parent].child = c;
	f->path[parent].children++;
	return c;
}

static uint16_t find_path(struct gw_filter *f, const char *path)
{
	uint16_t at = 0;

	for (;;) {
		size_t len = strcspn(path, ".");
		at = child_of(f, at, (struct sl_slice){path, len});
		if (path[len] == '\0')
			return at;
		path += len + 1;
	}
}

static void add_value(struct gw_filter *f, const json_t *json)
{
	struct gw_filter_value value = {.type = json_typeof(json)};

	switch (value.type) {
	case JSON_STRING:
		value.string =
		    (struct sl_slice){json_string_value(json), json_string_length(json)};
		break;
	case JSON_INTEGER:
		value.number.whole = true;
		value.number.i = json_integer_value(json);
		value.number.d = (double)value.number.i;
		break;
	case JSON_REAL:
		value.type = JSON_INTEGER;
		value.number.d = json_real_value(json);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	f->value = grown(f->value, &f->values, sizeof *f->value);
	f->value[f->values - 1] = value;
}

static void add_bounds(
    struct gw_filter *f, const json_t *bounds, struct gw_filter_test *test)
{
	const json_t *gt = json_object_get(bounds, "gt");
	const json_t *gte = json_object_get(bounds, "gte");
	const json_t *lt = json_object_get(bounds, "lt");
	const json_t *lte = json_object_get(bounds, "lte");

	test->is_range = true;
	test->has_low = gt || gte;
	test->low_open = gt != NULL;
	test->has_high = lt || lte;
	test->high_open = lt != NULL;
	if (test->has_low)
		add_value(f, gt ? gt : gte);
	if (test->has_high)
		add_value(f, lt ? lt : lte);
}

static void add_step(struct gw_filter *f, enum gw_filter_op op, size_t arg)
{
	f->step = grown(f->step, &f->steps, sizeof *f->step);
	f->step[f->steps - 1] =
	    (struct gw_filter_step){.op = (uint8_t)op, .arg = (uint16_t)arg};
}

static void add_test(struct gw_filter *f, const char *path, const json_t *with)
{
	struct gw_filter_test test = {.first = f->values};
	uint16_t at = find_path(f, path);

	if (json_is_object(with)) {
		add_bounds(f, with, &test);
	} else if (json_is_array(with)) {
		for (size_t i = 0; i < json_array_size(with); i++)
			add_value(f, json_array_get(with, i));
	} else {
		add_value(f, with);
	}
	test.count = (uint16_t)(f->values - test.first);
	test.next = f->path[at].test;
	f->path[at].test = f->tests;
	f->test = grown(f->test, &f->tests, sizeof *f->test);
	f->test[f->tests - 1] = test;
	add_step(f, GW_FILTER_TEST, f->tests - 1u);
}

static void compile(struct gw_filter *f, const json_t *part)
{
	void *member = json_object_iter((json_t *)(uintptr_t)part);
	const char *name = json_object_iter_key(member);
	const json_t *value = json_object_iter_value(member);
	bool is_and = strcmp(name, "and") == 0;

	if (is_and || strcmp(name, "or") == 0) {
		for (size_t i = 0; i < json_array_size(value); i++)
			compile(f, json_array_get(value, i));
		add_step(
		    f, is_and ? GW_FILTER_AND : GW_FILTER_OR, json_array_size(value));
	} else if (strcmp(name, "not") == 0) {
		compile(f, value);
		add_step(f, GW_FILTER_NOT, 0);
	} else {
		add_test(f, name, value);
	}
}

void gw_filter_compile(struct gw_filter *filter)
{
	add_path(filter, (struct sl_slice){"", 0});
	compile(filter, filter->tree);
}
