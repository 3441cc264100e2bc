/* SPDX-License-Identifier: Apache-2.0 */
#include "netdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "name_index.h"
#include "netdata_chart.h"
#include "scan.h"
#include "utf8.h"

#define WORDS_MAX 24
#define ID_BYTES  256 /* of a chart or a dimension */

struct col_netdata {
	col_netdata_fn *fn;
	void *arg;
	size_t charts_max, dimensions_max;
	struct col_netdata_chart **chart;
	size_t chart_count, dimension_count;
	struct sl_name_index index;          /* of charts, by id */
	struct col_netdata_chart *described; /* by the last CHART */
	struct col_netdata_chart *round;     /* since BEGIN */
	int64_t round_elapsed_ns;            /* as BEGIN says; 0: it does not */
	const char *error;
	struct sl_slice word[WORDS_MAX];
	size_t word_count;
	struct sl_buf words; /* what they are slices of */
	struct sl_buf text;
};

static int fail(struct col_netdata *netdata, int code, const char *error)
{
	netdata->error = error;
	return code;
}

struct col_netdata *col_netdata_new(
    size_t charts_max, size_t dimensions_max, col_netdata_fn *fn, void *arg)
{
	struct col_netdata *netdata = calloc(1, sizeof(*netdata));

	if (netdata == NULL)
		abort();
	netdata->charts_max = charts_max;
	netdata->dimensions_max = dimensions_max;
	netdata->fn = fn;
	netdata->arg = arg;
	netdata->error = "";
	return netdata;
}

void col_netdata_free(struct col_netdata *netdata)
{
	if (netdata == NULL)
		return;
	for (size_t i = 0; i < netdata->chart_count; i++)
		col_netdata_chart_free(netdata->chart[i]);
	free(netdata->chart);
	sl_name_index_clear(&netdata->index);
	sl_buf_clear(&netdata->words);
	sl_buf_clear(&netdata->text);
	free(netdata);
}

const char *col_netdata_error(const struct col_netdata *netdata)
{
	return netdata->error;
}

/* ---- words -------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '=';
}

/*
 * Words end at blanks and "="; quotes of either kind keep these, a backslash in
 * them keeps the quote.  words has room for the line, so that nothing moves.
 */
static int split(struct col_netdata *netdata, struct sl_slice line)
{
	size_t i = 0;

	netdata->word_count = 0;
	sl_buf_reset(&netdata->words);
	sl_buf_reserve(&netdata->words, line.len);
	for (;;) {
		while (i < line.len && is_blank(line.data[i]))
			i++;
		if (i == line.len)
			return 0;
		if (netdata->word_count == WORDS_MAX)
			return fail(netdata, SL_ETOOBIG, "it has too many words");
		char quote =
		    line.data[i] == '"' || line.data[i] == '\'' ? line.data[i++] : '\0';
		size_t begin = netdata->words.len;
		for (; i < line.len; i++) {
			char c = line.data[i];
			if (quote != '\0' ? c == quote : is_blank(c))
				break;
			if (quote != '\0' && c == '\\' && i + 1 < line.len)
				c = line.data[++i];
			sl_buf_addc(&netdata->words, c);
		}
		if (quote != '\0' && i++ >= line.len)
			return fail(netdata, SL_EMALFORMED, "a quote does not end");
		netdata->word[netdata->word_count++] = (struct sl_slice){
		    netdata->words.data + begin, netdata->words.len - begin};
	}
}

static struct sl_slice word(const struct col_netdata *netdata, size_t i)
{
	return i < netdata->word_count ? netdata->word[i] : (struct sl_slice){"", 0};
}

static bool has_text(struct sl_slice slice, const char *text)
{
	return memmem(slice.data, slice.len, text, strlen(text)) != NULL;
}

/* Whole or decimal; an absent word leaves *out. */
static bool read_number(struct sl_slice text, double *out)
{
	char copy[64];
	char *end;

	if (text.len == 0)
		return true;
	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (strspn(copy, "+-.0123456789eE") != text.len)
		return false;
	*out = strtod(copy, &end);
	return end == copy + text.len && isfinite(*out);
}

/* ---- definitions -------------------------------------------------------------- */

static struct col_netdata_chart *find_chart(
    const struct col_netdata *netdata, struct sl_slice id)
{
	int64_t at = sl_name_index_get(&netdata->index, id.data, id.len);

	return at >= 0 ? netdata->chart[at] : NULL;
}

static int add_chart(struct col_netdata *netdata, struct sl_slice id)
{
	if (netdata->chart_count == netdata->charts_max)
		return fail(netdata, SL_ETOOBIG, "there are too many charts");
	struct col_netdata_chart **grown =
	    reallocarray(netdata->chart, netdata->chart_count + 1, sizeof(*grown));
	if (grown == NULL)
		abort();
	netdata->chart = grown;
	netdata->described = grown[netdata->chart_count] = col_netdata_chart_new(id);
	sl_name_index_put(&netdata->index, netdata->described->id, id.len,
	    (uint32_t)netdata->chart_count++);
	return 0;
}

/* CHART type.id name title units family context type priority every options … */
static int on_chart(struct col_netdata *netdata)
{
	struct sl_slice id = word(netdata, 1);
	const char *dot = id.len > 0 ? memchr(id.data, '.', id.len) : NULL;

	netdata->described = NULL;
	if (id.len > ID_BYTES)
		return fail(netdata, SL_ETOOBIG, "a chart's id is too long");
	if (dot == NULL || dot == id.data || dot == id.data + id.len - 1)
		return fail(netdata, SL_EMALFORMED, "a chart's id is not type.id");
	netdata->described = find_chart(netdata, id);
	if (netdata->described == NULL)
		return add_chart(netdata, id);
	/* The same again may have other labels; its counters go on. */
	col_netdata_chart_unlabel(netdata->described);
	return 0;
}

static bool read_algorithm(struct sl_slice text, enum col_netdata_algorithm *out)
{
	static const char *const names[] = {
	    [COL_NETDATA_ABSOLUTE] = "absolute",
	    [COL_NETDATA_INCREMENTAL] = "incremental",
	    [COL_NETDATA_ROW_SHARE] = "percentage-of-absolute-row",
	    [COL_NETDATA_INCREMENTAL_SHARE] = "percentage-of-incremental-row",
	};

	*out = COL_NETDATA_ABSOLUTE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (col_scan_is(text, names[i])) {
			*out = (enum col_netdata_algorithm)i;
			return true;
		}
	return text.len == 0;
}

/* DIMENSION id name algorithm multiplier divisor options */
static int on_dimension(struct col_netdata *netdata)
{
	struct col_netdata_chart *chart = netdata->described;
	struct sl_slice id = word(netdata, 1);
	struct col_netdata_dimension given = {.multiplier = 1, .divisor = 1};

	if (chart == NULL || id.len == 0)
		return fail(
		    netdata, SL_EMALFORMED, "a dimension needs a chart and an id");
	if (id.len > ID_BYTES)
		return fail(netdata, SL_ETOOBIG, "a dimension's id is too long");
	if (!read_algorithm(word(netdata, 3), &given.algorithm))
		return fail(netdata, SL_EMALFORMED, "nobody knows its algorithm");
	if (!read_number(word(netdata, 4), &given.multiplier) ||
	    !read_number(word(netdata, 5), &given.divisor) || given.divisor == 0)
		return fail(netdata, SL_EMALFORMED, "multiplier or divisor is no number");
	given.hidden = has_text(word(netdata, 6), "hidden");
	struct col_netdata_dimension *dimension = col_netdata_chart_find(chart, id);
	if (dimension == NULL && netdata->dimension_count == netdata->dimensions_max)
		return fail(netdata, SL_ETOOBIG, "there are too many dimensions");
	if (dimension == NULL) {
		dimension = col_netdata_chart_add(chart, id);
		netdata->dimension_count++;
	}
	dimension->algorithm = given.algorithm;
	dimension->multiplier = given.multiplier;
	dimension->divisor = given.divisor;
	dimension->hidden = given.hidden;
	return 0;
}

/* CLABEL key value source */
static int on_label(struct col_netdata *netdata)
{
	struct sl_slice key = word(netdata, 1), value = word(netdata, 2);

	if (netdata->described == NULL || key.len == 0)
		return fail(netdata, SL_EMALFORMED, "a label needs a chart and a name");
	if (key.len > SIGHTLINE_LABEL_KEY_MAX || value.len > SIGHTLINE_LABEL_VALUE_MAX)
		return fail(netdata, SL_ETOOBIG, "a label is too long");
	if (col_netdata_chart_label(netdata->described, key, value) != 0)
		return fail(netdata, SL_ETOOBIG, "a chart has too many labels");
	return 0;
}

/* ---- rounds ------------------------------------------------------------------- */

/* BEGIN type.id microseconds */
static int on_begin(struct col_netdata *netdata)
{
	double elapsed_us = 0;

	netdata->round = find_chart(netdata, word(netdata, 1));
	if (netdata->round == NULL)
		return fail(netdata, SL_EMALFORMED, "its chart was not described");
	col_netdata_chart_forget(netdata->round);
	if (!read_number(word(netdata, 2), &elapsed_us) || elapsed_us < 0 ||
	    elapsed_us > 1e15) {
		netdata->round = NULL;
		return fail(netdata, SL_EMALFORMED, "its microseconds are no number");
	}
	netdata->round_elapsed_ns = (int64_t)(elapsed_us * 1000);
	return 0;
}

/* SET id = value */
static int on_set(struct col_netdata *netdata)
{
	double given = NAN;

	if (netdata->round == NULL)
		return fail(netdata, SL_EMALFORMED, "SET without BEGIN");
	struct col_netdata_dimension *dimension =
	    col_netdata_chart_find(netdata->round, word(netdata, 1));
	if (dimension == NULL)
		return fail(netdata, SL_EMALFORMED, "its dimension was not described");
	if (!read_number(word(netdata, 2), &given))
		return fail(netdata, SL_EMALFORMED, "its value is no number");
	/* SET without a value says that there is none. */
	dimension->is_set = !isnan(given);
	dimension->given = given;
	return 0;
}

static int on_end(struct col_netdata *netdata, int64_t now_ns)
{
	struct col_netdata_chart *chart = netdata->round;

	if (chart == NULL)
		return fail(netdata, SL_EMALFORMED, "END without BEGIN");
	int64_t elapsed_ns = netdata->round_elapsed_ns;
	if (elapsed_ns == 0 && chart->last_ns != 0)
		elapsed_ns = now_ns - chart->last_ns;
	col_netdata_chart_end(
	    chart, elapsed_ns, &netdata->text, netdata->fn, netdata->arg);
	chart->last_ns = now_ns;
	netdata->round = NULL;
	return 0;
}

/* ---- lines -------------------------------------------------------------------- */

/* What says nothing about values of this machine's charts. */
static bool is_passed_over(struct sl_slice command)
{
	static const char *const names[] = {"CLABEL_COMMIT", "VARIABLE", "LABEL",
	    "OVERWRITE", "FUNCTION", "FUNCTION_PAYLOAD", "FUNCTION_PROGRESS",
	    "REPORT_JOB_STATUS", "DELETE_JOB", "CONFIG", "TRUST_DURATIONS", "HOST_DEFINE",
	    "HOST_DEFINE_END", "HOST_LABEL", "HOST", "JSON"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (col_scan_is(command, names[i]))
			return true;
	return false;
}

int col_netdata_line(struct col_netdata *netdata, struct sl_slice line, int64_t now_ns)
{
	struct sl_slice command;

	netdata->error = "";
	if (!sl_utf8_valid(line.data, line.len) ||
	    (line.len > 0 && memchr(line.data, '\0', line.len) != NULL))
		return fail(netdata, SL_EMALFORMED, "it is not UTF-8");
	if (line.len == 0 || *line.data == '#')
		return 0;
	int rc = split(netdata, line);
	if (rc != 0)
		return rc;
	command = word(netdata, 0);
	if (col_scan_is(command, "SET"))
		return on_set(netdata);
	if (col_scan_is(command, "BEGIN"))
		return on_begin(netdata);
	if (col_scan_is(command, "END"))
		return on_end(netdata, now_ns);
	if (col_scan_is(command, "CHART"))
		return on_chart(netdata);
	if (col_scan_is(command, "DIMENSION"))
		return on_dimension(netdata);
	if (col_scan_is(command, "CLABEL"))
		return on_label(netdata);
	if (col_scan_is(command, "FLUSH")) {
		netdata->round = NULL;
		return 0;
	}
	if (col_scan_is(command, "DISABLE") || col_scan_is(command, "EXIT"))
		return SL_ECLOSED;
	if (command.len == 0 || is_passed_over(command))
		return 0;
	return fail(netdata, SL_EMALFORMED, "no word of the protocol begins it");
}
