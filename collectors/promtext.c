/* SPDX-License-Identifier: Apache-2.0 */
#include "promtext.h"

#include <string.h>
#include <strings.h>

#include "error.h"
#include "promnumber.h"

/*
 * Design notes.  One pass from left to right over the line, no copy: what comes
 * out points into it.  A scrape is mostly lines that were there the last time,
 * so the caller looks up the text of a series and rarely looks at its labels;
 * that is why escapes stay as they are here.
 */

struct cursor {
	const char *at, *end;
	const char *problem;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && is_blank(*cursor->at))
		cursor->at++;
}

static int fail(struct cursor *cursor, const char *problem)
{
	cursor->problem = problem;
	return SL_EMALFORMED;
}

/* ---- labels --------------------------------------------------------------------- */

static struct sl_slice take_name(struct cursor *cursor, bool colons)
{
	const char *begin = cursor->at;

	if (cursor->at < cursor->end &&
	    (is_letter(*cursor->at) || (colons && *cursor->at == ':')))
		for (cursor->at++; cursor->at < cursor->end &&
				   (is_letter(*cursor->at) || is_digit(*cursor->at) ||
				       (colons && *cursor->at == ':'));)
			cursor->at++;
	return (struct sl_slice){begin, (size_t)(cursor->at - begin)};
}

/* What stands before the closing quote; the cursor is behind the opening one. */
static int take_value(struct cursor *cursor, struct col_promtext_label *label)
{
	const char *begin = cursor->at;

	label->escaped = false;
	for (; cursor->at < cursor->end; cursor->at++) {
		if (*cursor->at == '"') {
			label->value =
			    (struct sl_slice){begin, (size_t)(cursor->at - begin)};
			cursor->at++;
			return 0;
		}
		if (*cursor->at != '\\')
			continue;
		label->escaped = true;
		if (++cursor->at == cursor->end)
			break;
	}
	return fail(cursor, "has a label value without its closing quote");
}

static int take_label(struct cursor *cursor, struct col_promtext_label *label)
{
	label->key = take_name(cursor, false);
	if (label->key.len == 0)
		return fail(cursor, "has a label without a name");
	skip_blanks(cursor);
	if (cursor->at == cursor->end || *cursor->at != '=')
		return fail(cursor, "has a label without \"=\"");
	cursor->at++;
	skip_blanks(cursor);
	if (cursor->at == cursor->end || *cursor->at != '"')
		return fail(cursor, "has a label value without quotes");
	cursor->at++;
	return take_value(cursor, label);
}

/* "{a="b", c="d",}", of which the cursor is at the brace; room may be 0 to 64. */
static int take_labels(
    struct cursor *cursor, struct col_promtext_label *label, size_t room, size_t *count)
{
	*count = 0;
	cursor->at++;
	for (;;) {
		skip_blanks(cursor);
		if (cursor->at < cursor->end && *cursor->at == '}') {
			cursor->at++;
			return 0;
		}
		if (*count == room)
			return fail(cursor, "has more than 64 labels");
		int rc = take_label(cursor, &label[(*count)++]);
		if (rc != 0)
			return rc;
		skip_blanks(cursor);
		if (cursor->at < cursor->end && *cursor->at == ',')
			cursor->at++;
		else if (cursor->at == cursor->end || *cursor->at != '}')
			return fail(cursor, "has labels without \",\" or \"}\"");
	}
}

/* ---- lines ------------------------------------------------------------------------ */

/* The next run of what is not blank. */
static struct sl_slice take_word(struct cursor *cursor)
{
	skip_blanks(cursor);
	const char *begin = cursor->at;
	while (cursor->at < cursor->end && !is_blank(*cursor->at))
		cursor->at++;
	return (struct sl_slice){begin, (size_t)(cursor->at - begin)};
}

/* "# {labels} value [time]" behind a sample (OpenMetrics, "Exemplars"). */
static int pass_exemplar(struct cursor *cursor)
{
	struct col_promtext_label label[COL_PROMTEXT_LABELS_MAX];
	size_t count;
	double number;

	skip_blanks(cursor);
	if (cursor->at == cursor->end || *cursor->at != '{')
		return fail(cursor, "has an exemplar without labels");
	int rc = take_labels(cursor, label, COL_PROMTEXT_LABELS_MAX, &count);
	if (rc != 0)
		return rc;
	if (col_promnumber_read(take_word(cursor), &number) != 0)
		return fail(cursor, "has an exemplar without a value");
	struct sl_slice time = take_word(cursor);
	skip_blanks(cursor);
	if ((time.len > 0 && col_promnumber_read(time, &number) != 0) ||
	    cursor->at != cursor->end)
		return fail(cursor, "has an exemplar with something behind its value");
	return 0;
}

static int read_time(enum col_promtext_form form, struct sl_slice text, int64_t *time_ns)
{
	return form == COL_PROMTEXT_OPEN ? col_promnumber_seconds(text, time_ns)
					 : col_promnumber_milliseconds(text, time_ns);
}

/* What follows the labels: value, time, exemplar. */
static int take_rest(
    struct cursor *cursor, enum col_promtext_form form, struct col_promtext_sample *out)
{
	struct sl_slice word = take_word(cursor);
	if (word.len == 0)
		return fail(cursor, "has no value");
	if (col_promnumber_read(word, &out->value) != 0)
		return fail(cursor, "has a value that is no number");
	word = take_word(cursor);
	bool exemplar = form == COL_PROMTEXT_OPEN && word.len == 1 && *word.data == '#';
	if (word.len > 0 && !exemplar) {
		if (read_time(form, word, &out->time_ns) != 0)
			return fail(cursor, "has a time that is none");
		out->has_time = true;
		word = take_word(cursor);
		exemplar =
		    form == COL_PROMTEXT_OPEN && word.len == 1 && *word.data == '#';
	}
	if (exemplar)
		return pass_exemplar(cursor);
	return word.len > 0 ? fail(cursor, "goes on behind its value") : 0;
}

static int take_sample(
    struct cursor *cursor, enum col_promtext_form form, struct col_promtext_sample *out)
{
	const char *begin = cursor->at;

	out->has_time = false;
	out->label_count = 0;
	out->name = take_name(cursor, true);
	if (out->name.len == 0)
		return fail(cursor, "does not begin with a name");
	out->series = (struct sl_slice){begin, out->name.len};
	skip_blanks(cursor);
	if (cursor->at < cursor->end && *cursor->at == '{') {
		int rc = take_labels(
		    cursor, out->label, COL_PROMTEXT_LABELS_MAX, &out->label_count);
		if (rc != 0)
			return rc;
		out->series.len = (size_t)(cursor->at - begin);
	} else if (cursor->at == begin + out->name.len && cursor->at < cursor->end) {
		return fail(cursor, "has a name with other characters than a-z, A-Z, "
				    "0-9, _ and :");
	} else {
		cursor->at = begin + out->name.len;
	}
	return take_rest(cursor, form, out);
}

static bool is_word(struct sl_slice text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* A comment, which may be one of the types; the cursor is at its "#". */
static int take_comment(struct cursor *cursor, struct col_promtext_sample *out)
{
	cursor->at++;
	if (!is_word(take_word(cursor), "TYPE"))
		return COL_PROMTEXT_NOTHING;
	out->name = take_word(cursor);
	struct sl_slice type = take_word(cursor);
	if (is_word(type, "counter"))
		out->type = COL_PROMTEXT_COUNTER;
	else if (is_word(type, "histogram"))
		out->type = COL_PROMTEXT_HISTOGRAM;
	else if (is_word(type, "summary"))
		out->type = COL_PROMTEXT_SUMMARY;
	else
		out->type = COL_PROMTEXT_OTHER;
	return COL_PROMTEXT_TYPE;
}

int col_promtext_parse(enum col_promtext_form form, struct sl_slice line,
    struct col_promtext_sample *out, const char **problem)
{
	struct cursor cursor = {.at = line.data, .end = line.data + line.len};

	if (form == COL_PROMTEXT_OPEN && is_word(line, "# EOF"))
		return COL_PROMTEXT_END;
	skip_blanks(&cursor);
	if (cursor.at == cursor.end)
		return COL_PROMTEXT_NOTHING;
	if (*cursor.at == '#')
		return take_comment(&cursor, out);
	int rc = take_sample(&cursor, form, out);
	if (rc == 0)
		return COL_PROMTEXT_SAMPLE;
	*problem = cursor.problem;
	return rc;
}

bool col_promtext_is_cumulative(
    struct sl_slice name, struct sl_slice family, enum col_promtext_type type)
{
	if (type == COL_PROMTEXT_OTHER || family.len == 0 || name.len < family.len ||
	    memcmp(name.data, family.data, family.len) != 0)
		return false;
	struct sl_slice rest = {name.data + family.len, name.len - family.len};
	if (type == COL_PROMTEXT_COUNTER)
		return rest.len == 0 || is_word(rest, "_total");
	return is_word(rest, "_bucket") || is_word(rest, "_sum") ||
	       is_word(rest, "_count");
}

void col_promtext_unescape(const struct col_promtext_label *label, struct sl_buf *out)
{
	const char *at = label->value.data, *end = at + label->value.len;

	for (; at < end; at++) {
		char next = at + 1 < end ? at[1] : '\0';
		if (*at == '\\' && (next == '\\' || next == '"' || next == 'n')) {
			sl_buf_addc(out, next == 'n' ? '\n' : next);
			at++;
		} else {
			sl_buf_addc(out, *at);
		}
	}
}

enum col_promtext_form col_promtext_form_of(const char *content_type)
{
	static const char open[] = "application/openmetrics-text";
	size_t len = sizeof(open) - 1;

	if (content_type == NULL || strncasecmp(content_type, open, len) != 0)
		return COL_PROMTEXT_PLAIN;
	char next = content_type[len];
	return next == '\0' || next == ';' || is_blank(next) ? COL_PROMTEXT_OPEN
							     : COL_PROMTEXT_PLAIN;
}
