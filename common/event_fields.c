/* SPDX-License-Identifier: Apache-2.0 */
#include "event_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json_walk.h"

/* 5, 5.0 and 5e3 are integers, as in JSON Schema; 5.5 is none. */
static bool is_integer(const struct sl_slice *text)
{
	char number[64];

	if (!memchr(text->data, '.', text->len) && !memchr(text->data, 'e', text->len) &&
	    !memchr(text->data, 'E', text->len))
		return true;
	if (text->len >= sizeof number)
		return false;
	memcpy(number, text->data, text->len);
	number[text->len] = '\0';
	double value = strtod(number, NULL);
	return isfinite(value) && trunc(value) == value;
}

static bool is_time(const struct sl_slice *text)
{
	int64_t wall_ns;

	return sl_clock_parse(text->data, text->len, &wall_ns) == 0;
}

static bool has_type(const struct sl_json_member *member, enum sl_field_type type)
{
	switch (type) {
	case SL_FIELD_ANY:
		return true;
	case SL_FIELD_STRING:
		return member->type == SL_JSON_STRING;
	case SL_FIELD_NUMBER:
		return member->type == SL_JSON_NUMBER;
	case SL_FIELD_INTEGER:
		return member->type == SL_JSON_NUMBER && is_integer(&member->value);
	case SL_FIELD_BOOLEAN:
		return member->type == SL_JSON_BOOLEAN;
	case SL_FIELD_TIME:
		return member->type == SL_JSON_STRING && is_time(&member->value);
	case SL_FIELD_OBJECT:
		return member->type == SL_JSON_OBJECT;
	case SL_FIELD_ARRAY:
		return member->type == SL_JSON_ARRAY;
	}
	return false;
}

static bool is_right(
    const struct sl_json_member *member, const struct sl_catalog_field *field)
{
	if (member->type == SL_JSON_NULL && field->optional)
		return true;
	return has_type(member, field->type);
}

const struct sl_catalog_field *sl_event_fields_check(
    const struct sl_catalog_event *type, const char *payload, size_t len)
{
	struct sl_json_walk walk;
	struct sl_json_member member;
	uint64_t seen = 0;

	if (type->field_count == 0)
		return NULL;
	sl_json_walk_init(&walk, payload, len);
	while (sl_json_walk_next(&walk, &member))
		for (size_t i = 0; i < type->field_count; i++) {
			if (!sl_json_walk_is(&member, type->field[i].name))
				continue;
			if (!is_right(&member, &type->field[i]))
				return &type->field[i];
			seen |= UINT64_C(1) << i;
			break;
		}
	for (size_t i = 0; i < type->field_count; i++)
		if (!type->field[i].optional && !(seen & UINT64_C(1) << i))
			return &type->field[i];
	return NULL;
}

void sl_event_fields_say(
    const struct sl_catalog_field *field, char out[SL_EVENT_FIELDS_TEXT])
{
	snprintf(out, SL_EVENT_FIELDS_TEXT, "its field \"%.64s\" is %s%s%s", field->name,
	    field->optional ? "not of type " : "missing",
	    field->optional || field->type == SL_FIELD_ANY ? "" : " or not of type ",
	    !field->optional && field->type == SL_FIELD_ANY
		? ""
		: sl_field_type_name(field->type));
}
