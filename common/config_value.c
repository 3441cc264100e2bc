/* SPDX-License-Identifier: Apache-2.0 */
#include "config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "error.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest first, as the writer tries them in this order. */
static const struct unit durations[] = {
    {"d", 86400000},
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
};
static const struct unit sizes[] = {
    {"GiB", 1 << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"G", 1 << 30},
    {"M", 1 << 20},
    {"K", 1 << 10},
    {"B", 1},
    {"", 1},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Reads "digits unit"; a number without a unit counts in bare. */
static int parse_units(const char *text, const char *bare, const struct unit *unit,
    size_t count, int64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return SL_EINVAL;
	errno = 0;
	int64_t number = strtoll(text, &end, 10);
	if (errno)
		return SL_ETOOBIG;
	const char *name = *end ? end : bare;
	if (number == 0 && !*end) {
		*out = 0;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(unit[i].name, name) == 0)
			return __builtin_mul_overflow(number, unit[i].factor, out)
				   ? SL_ETOOBIG
				   : 0;
	return SL_EINVAL;
}

int sl_config_parse_duration(const char *text, const char *bare, int64_t *ms)
{
	return parse_units(text, bare, durations, COUNT(durations), ms);
}

int sl_config_parse_size(const char *text, int64_t *bytes)
{
	return parse_units(text, "", sizes, COUNT(sizes), bytes);
}

int sl_config_parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < COUNT(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*value = strcasecmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return SL_EINVAL;
}

static int parse_int(const char *text, int64_t *out)
{
	char *end;

	if (*text != '-' && (*text < '0' || *text > '9'))
		return SL_EINVAL;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno || *end ? SL_EINVAL : 0;
}

static int parse_number(const char *text, double *out)
{
	char *end;

	if (!*text) {
		*out = NAN;
		return 0;
	}
	if (!strchr("-.0123456789", *text) || strpbrk(text, "xX"))
		return SL_EINVAL;
	*out = strtod(text, &end);
	return *end || !isfinite(*out) ? SL_EINVAL : 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *p = choices;; p++) {
		size_t n = strcspn(p, "|");

		if (n == len && strncmp(p, text, n) == 0)
			return true;
		p += n;
		if (!*p)
			return false;
	}
}

static char *copy(const char *text, size_t len)
{
	char *out = strndup(text, len);

	if (!out)
		abort();
	return out;
}

static void clear_names(struct sl_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct sl_names){0};
}

/*
 * Takes the next name of a list, to the comma that no backslash stands before,
 * without its blanks and backslashes.
 */
static char *next_name(const char **rest, size_t *len)
{
	const char *p = *rest + strspn(*rest, " ,");
	char *name = copy(p, strlen(p));
	size_t kept = 0; /* up to the last character that is no bare blank */

	*len = 0;
	for (; *p && *p != ','; p++) {
		bool escaped = *p == '\\' && p[1];

		p += escaped;
		name[(*len)++] = *p;
		if (escaped || *p != ' ')
			kept = *len;
	}
	name[ *len = kept] = '\0';
	*rest = p;
	return name;
}

static int parse_list(
    const struct sl_option *option, const char *text, struct sl_names *out)
{
	struct sl_names names = {0};

	for (const char *p = text; *p;) {
		size_t len;
		char *name = next_name(&p, &len);

		if (len == 0 || len > (size_t)option->max) {
			free(name);
			if (len == 0)
				continue;
			clear_names(&names);
			return SL_EINVAL;
		}
		names.name =
		    reallocarray(names.name, names.count + 1, sizeof *names.name);
		if (!names.name)
			abort();
		names.name[names.count++] = name;
	}
	*out = names;
	return 0;
}

void sl_config_value_name(struct sl_buf *out, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (strchr(",\\", name[i]) ||
		    (name[i] == ' ' && (i == 0 || i == len - 1)))
			sl_buf_addc(out, '\\');
		sl_buf_addc(out, name[i]);
	}
}

static bool within(const struct sl_option *option, double value)
{
	return value >= option->min && value <= option->max;
}

static int store_integer(
    const struct sl_option *option, const char *text, const char *bare, int64_t *out)
{
	int64_t value;
	int rc;

	if (option->type == SL_OPTION_INT)
		rc = parse_int(text, &value);
	else if (option->type == SL_OPTION_SIZE)
		rc = sl_config_parse_size(text, &value);
	else
		rc = sl_config_parse_duration(text, bare, &value);
	if (rc || !within(option, (double)value))
		return SL_EINVAL;
	*out = value;
	return 0;
}

static int store_text(const struct sl_option *option, const char *text, char **out)
{
	if (option->type == SL_OPTION_CHOICE && !is_choice(option->unit, text))
		return SL_EINVAL;
	if (option->type == SL_OPTION_STRING && !within(option, (double)strlen(text)))
		return SL_EINVAL;
	*out = copy(text, strlen(text));
	return 0;
}

int sl_config_value_store(
    const struct sl_option *option, const char *text, const char *bare, void *base)
{
	void *member = (char *)base + option->offset;
	double number;

	switch (option->type) {
	case SL_OPTION_BOOL:
		return sl_config_parse_bool(text, member);
	case SL_OPTION_INT:
	case SL_OPTION_SIZE:
	case SL_OPTION_DURATION:
		return store_integer(option, text, bare, member);
	case SL_OPTION_NUMBER:
		if (parse_number(text, &number) ||
		    (!isnan(number) && !within(option, number)))
			return SL_EINVAL;
		memcpy(member, &number, sizeof number);
		return 0;
	case SL_OPTION_STRING:
	case SL_OPTION_CHOICE:
		return store_text(option, text, member);
	case SL_OPTION_LIST:
		return parse_list(option, text, member);
	}
	return SL_EINVAL;
}

void sl_config_value_clear(const struct sl_option *option, void *base)
{
	void *member = (char *)base + option->offset;

	if (option->type == SL_OPTION_STRING || option->type == SL_OPTION_CHOICE)
		free(*(char **)member);
	else if (option->type == SL_OPTION_LIST)
		clear_names(member);
}

static void add_units(struct sl_buf *out, int64_t value, const struct unit *unit)
{
	while (value % unit->factor != 0)
		unit++;
	if (value == 0)
		sl_buf_adds(out, "0");
	else
		sl_buf_addf(out, "%" PRId64 "%s", value / unit->factor, unit->name);
}

void sl_config_value_text(
    const struct sl_option *option, const void *base, struct sl_buf *out)
{
	const void *member = (const char *)base + option->offset;
	const struct sl_names *names = member;

	switch (option->type) {
	case SL_OPTION_BOOL:
		sl_buf_adds(out, *(const bool *)member ? "true" : "false");
		break;
	case SL_OPTION_INT:
		sl_buf_addf(out, "%" PRId64, *(const int64_t *)member);
		break;
	case SL_OPTION_NUMBER:
		if (!isnan(*(const double *)member))
			sl_buf_addf(out, "%.15g", *(const double *)member);
		break;
	case SL_OPTION_SIZE:
		add_units(out, *(const int64_t *)member, sizes);
		break;
	case SL_OPTION_DURATION:
		add_units(out, *(const int64_t *)member, durations);
		break;
	case SL_OPTION_STRING:
	case SL_OPTION_CHOICE:
		sl_buf_adds(out, *(char *const *)member);
		break;
	case SL_OPTION_LIST:
		for (size_t i = 0; i < names->count; i++) {
			sl_buf_adds(out, i ? ", " : "");
			sl_config_value_name(out, names->name[i]);
		}
		break;
	}
}

void sl_config_value_allowed(const struct sl_option *option, struct sl_buf *out)
{
	switch (option->type) {
	case SL_OPTION_BOOL:
		sl_buf_adds(out, "true or false");
		return;
	case SL_OPTION_INT:
		sl_buf_addf(
		    out, "a whole number from %.0f to %.0f", option->min, option->max);
		return;
	case SL_OPTION_NUMBER:
		sl_buf_addf(out, "a number from %g to %g", option->min, option->max);
		return;
	case SL_OPTION_SIZE:
		sl_buf_adds(out, "a size such as 512KiB or 4MiB from ");
		add_units(out, (int64_t)option->min, sizes);
		sl_buf_adds(out, " to ");
		add_units(out, (int64_t)option->max, sizes);
		return;
	case SL_OPTION_DURATION:
		sl_buf_adds(out, "a duration such as 500ms, 30s or 1h from ");
		add_units(out, (int64_t)option->min, durations);
		sl_buf_adds(out, " to ");
		add_units(out, (int64_t)option->max, durations);
		return;
	case SL_OPTION_CHOICE:
		sl_buf_addf(out, "one of %s", option->unit);
		return;
	case SL_OPTION_STRING:
	case SL_OPTION_LIST:
		sl_buf_addf(out, "%s of %.0f to %.0f bytes",
		    option->type == SL_OPTION_LIST ? "names" : "text", option->min,
		    option->max);
		return;
	}
}
