/* SPDX-License-Identifier: Apache-2.0 */
#include "influx.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "utf8.h"

/*
 * Syntax as in InfluxDB's reference for version 2: a backslash keeps a comma, a
 * blank or an equals sign that would end a name; before anything else it is
 * itself.  In text in quotes it keeps a quote and a backslash.
 */

#define NUMBER_MAX 64

static int fail(struct col_influx *influx, int code, const char *error)
{
	influx->error = error;
	return code;
}

/* The text has room for the whole line: nothing moves while it is read. */
static void take(struct col_influx *influx, struct sl_slice *rest, const char *ends,
    struct sl_slice *out)
{
	size_t begin = influx->text.len;
	size_t i = 0;

	for (; i < rest->len; i++) {
		char c = rest->data[i];
		if (c == '\\' && i + 1 < rest->len &&
		    memchr(",= ", rest->data[i + 1], 3) != NULL)
			c = rest->data[++i];
		else if (strchr(ends, c) != NULL && c != '\0')
			break;
		sl_buf_addc(&influx->text, c);
	}
	*out = (struct sl_slice){influx->text.data + begin, influx->text.len - begin};
	rest->data += i;
	rest->len -= i;
}

static bool eat(struct sl_slice *rest, char c)
{
	if (rest->len == 0 || *rest->data != c)
		return false;
	rest->data++;
	rest->len--;
	return true;
}

static void eat_blanks(struct sl_slice *rest)
{
	while (eat(rest, ' '))
		;
}

static int read_tags(struct col_influx *influx, struct sl_slice *rest)
{
	while (eat(rest, ',')) {
		struct col_mapping_label tag;

		take(influx, rest, ",= ", &tag.key);
		if (!eat(rest, '=') || tag.key.len == 0)
			return fail(influx, SL_EMALFORMED, "a tag has no name and value");
		take(influx, rest, ",= ", &tag.value);
		if (tag.value.len == 0)
			return fail(influx, SL_EMALFORMED, "a tag has no value");
		if (influx->tag_count == COL_MAPPING_LABELS_MAX)
			return fail(influx, SL_ETOOBIG, "it has too many tags");
		influx->tag[influx->tag_count++] = tag;
	}
	return 0;
}

/* Passes over text in quotes; false where it does not end. */
static bool skip_text(struct sl_slice *rest)
{
	for (size_t i = 1; i < rest->len; i++) {
		if (rest->data[i] == '\\' && i + 1 < rest->len) {
			i++;
		} else if (rest->data[i] == '"') {
			rest->data += i + 1;
			rest->len -= i + 1;
			return true;
		}
	}
	return false;
}

static bool is_boolean(const char *text, double *value)
{
	static const char *const yes[] = {"t", "T", "true", "True", "TRUE"};
	static const char *const no[] = {"f", "F", "false", "False", "FALSE"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*value = strcmp(text, yes[i]) == 0;
			return true;
		}
	return false;
}

static bool is_number(char *text, size_t len, double *value)
{
	size_t digits = len;
	bool whole = text[len - 1] == 'i' || text[len - 1] == 'u';
	char *end;

	if (whole)
		text[--digits] = '\0';
	if (digits == 0 ||
	    strspn(text, whole ? "+-0123456789" : "+-.0123456789eE") != digits)
		return false;
	errno = 0;
	*value = strtod(text, &end);
	return end == text + digits && isfinite(*value);
}

static int read_value(struct col_influx *influx, struct sl_slice *rest, double *value)
{
	char text[NUMBER_MAX + 1];
	size_t len = 0;

	while (len < rest->len && len < NUMBER_MAX && rest->data[len] != ',' &&
	       rest->data[len] != ' ')
		len++;
	memcpy(text, rest->data, len);
	text[len] = '\0';
	if (len == 0 || strlen(text) != len ||
	    (!is_boolean(text, value) && !is_number(text, len, value)))
		return fail(influx, SL_EMALFORMED, "a field's value is no number");
	rest->data += len;
	rest->len -= len;
	return 0;
}

static int read_field(struct col_influx *influx, struct sl_slice *rest)
{
	struct col_influx_field field;

	take(influx, rest, ",= ", &field.key);
	if (!eat(rest, '=') || field.key.len == 0)
		return fail(influx, SL_EMALFORMED, "a field has no name and value");
	if (rest->len > 0 && *rest->data == '"') {
		influx->text_count++;
		return skip_text(rest)
			   ? 0
			   : fail(influx, SL_EMALFORMED, "a field's text does not end");
	}
	int rc = read_value(influx, rest, &field.value);
	if (rc != 0)
		return rc;
	if (influx->field_count == COL_INFLUX_FIELDS_MAX)
		return fail(influx, SL_ETOOBIG, "it has too many fields");
	influx->field[influx->field_count++] = field;
	return 0;
}

static int read_time(struct col_influx *influx, struct sl_slice *rest)
{
	char text[NUMBER_MAX + 1];
	char *end;

	eat_blanks(rest);
	while (rest->len > 0 && rest->data[rest->len - 1] == ' ')
		rest->len--;
	if (rest->len == 0)
		return 0;
	if (rest->len > NUMBER_MAX)
		return fail(influx, SL_EMALFORMED, "its time is no number");
	memcpy(text, rest->data, rest->len);
	text[rest->len] = '\0';
	errno = 0;
	influx->time_ns = strtoll(text, &end, 10);
	if (strspn(text, "-0123456789") != rest->len || *end != '\0' || errno != 0)
		return fail(influx, SL_EMALFORMED, "its time is no number");
	influx->has_time = true;
	return 0;
}

int col_influx_parse(struct col_influx *influx, struct sl_slice line)
{
	struct sl_slice rest = line;
	int rc = 0;

	sl_buf_reset(&influx->text);
	sl_buf_reserve(&influx->text, line.len);
	influx->tag_count = influx->field_count = influx->text_count = 0;
	influx->has_time = false;
	influx->error = "";
	eat_blanks(&rest);
	if (rest.len == 0 || *rest.data == '#')
		return 0;
	if (!sl_utf8_valid(line.data, line.len))
		return fail(influx, SL_EMALFORMED, "it is not UTF-8");
	take(influx, &rest, ", ", &influx->measurement);
	if (influx->measurement.len == 0)
		return fail(influx, SL_EMALFORMED, "it has no measurement");
	rc = read_tags(influx, &rest);
	if (rc != 0)
		return rc;
	if (!eat(&rest, ' '))
		return fail(influx, SL_EMALFORMED, "it has no fields");
	eat_blanks(&rest);
	do
		rc = read_field(influx, &rest);
	while (rc == 0 && eat(&rest, ','));
	if (rc == 0 && rest.len > 0 && *rest.data != ' ')
		rc = fail(influx, SL_EMALFORMED, "something stands behind a field");
	return rc != 0 ? rc : read_time(influx, &rest);
}

void col_influx_clear(struct col_influx *influx)
{
	sl_buf_clear(&influx->text);
}
