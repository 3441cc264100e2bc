/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "logpattern.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JIT_STACK_FIRST (32 * 1024)
#define JIT_STACK_MAX   (256 * 1024)
#define HEAP_LIMIT_KIB  1024
#define DEPTH_SHARE     10

struct group {
	char *name;
	uint32_t number;
};

struct col_logpattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct sl_slice line; /* of the last match */
	struct group group[COL_LOGPATTERN_GROUPS];
	size_t group_count;
};

static int by_number(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* PCRE2's table has the names by the alphabet, behind a big-endian number each. */
static int read_names(struct col_logpattern *pattern, char error[COL_LOGPATTERN_ERROR])
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR table = NULL;

	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
	if (count > COL_LOGPATTERN_GROUPS) {
		snprintf(error, COL_LOGPATTERN_ERROR,
		    "it has %u named groups, %d are allowed", count,
		    COL_LOGPATTERN_GROUPS);
		return -1;
	}
	for (uint32_t i = 0; i < count; i++) {
		const unsigned char *row = table + (size_t)i * size;
		char *name = strdup((const char *)row + 2);

		if (name == NULL)
			abort();
		pattern->group[pattern->group_count++] =
		    (struct group){name, (uint32_t)row[0] << 8 | row[1]};
	}
	qsort(pattern->group, pattern->group_count, sizeof(pattern->group[0]), by_number);
	return 0;
}

static void prepare(struct col_logpattern *pattern, uint32_t match_limit)
{
	uint32_t depth = match_limit / DEPTH_SHARE;

	pattern->data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	pattern->context = pcre2_match_context_create(NULL);
	if (pattern->data == NULL || pattern->context == NULL)
		abort();
	pcre2_set_match_limit(pattern->context, match_limit);
	pcre2_set_depth_limit(pattern->context, depth > 0 ? depth : 1);
	pcre2_set_heap_limit(pattern->context, HEAP_LIMIT_KIB);
	/* Without a compiler for this machine, pcre2_match interprets. */
	if (pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) != 0)
		return;
	pattern->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, NULL);
	if (pattern->stack == NULL)
		abort();
	pcre2_jit_stack_assign(pattern->context, NULL, pattern->stack);
}

struct col_logpattern *col_logpattern_new(
    const char *expression, uint32_t match_limit, char error[COL_LOGPATTERN_ERROR])
{
	struct col_logpattern *pattern = calloc(1, sizeof(*pattern));
	int code;
	PCRE2_SIZE at;

	if (pattern == NULL)
		abort();
	pattern->code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
	    PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &at,
	    NULL);
	if (pattern->code == NULL) {
		unsigned char text[160];

		pcre2_get_error_message(code, text, sizeof(text));
		snprintf(error, COL_LOGPATTERN_ERROR, "%s, at character %zu",
		    (const char *)text, at);
		free(pattern);
		return NULL;
	}
	prepare(pattern, match_limit);
	if (read_names(pattern, error) != 0) {
		col_logpattern_free(pattern);
		return NULL;
	}
	return pattern;
}

void col_logpattern_free(struct col_logpattern *pattern)
{
	if (pattern == NULL)
		return;
	for (size_t i = 0; i < pattern->group_count; i++)
		free(pattern->group[i].name);
	pcre2_jit_stack_free(pattern->stack);
	pcre2_match_context_free(pattern->context);
	pcre2_match_data_free(pattern->data);
	pcre2_code_free(pattern->code);
	free(pattern);
}

const char *col_logpattern_name(const struct col_logpattern *pattern, size_t group)
{
	return group < pattern->group_count ? pattern->group[group].name : NULL;
}

int col_logpattern_find(const struct col_logpattern *pattern, const char *name)
{
	for (size_t i = 0; i < pattern->group_count; i++)
		if (strcmp(pattern->group[i].name, name) == 0)
			return (int)i;
	return -1;
}

enum col_logpattern_result col_logpattern_match(
    struct col_logpattern *pattern, struct sl_slice line)
{
	pattern->line = line;
	int rc = pcre2_match(pattern->code, (PCRE2_SPTR)line.data, line.len, 0, 0,
	    pattern->data, pattern->context);
	if (rc >= 0)
		return COL_LOGPATTERN_MATCH;
	return rc == PCRE2_ERROR_NOMATCH ? COL_LOGPATTERN_NO : COL_LOGPATTERN_LIMIT;
}

bool col_logpattern_group(
    const struct col_logpattern *pattern, size_t group, struct sl_slice *out)
{
	const PCRE2_SIZE *range = pcre2_get_ovector_pointer(pattern->data);
	uint32_t number = pattern->group[group].number;

	if (number >= pcre2_get_ovector_count(pattern->data) ||
	    range[2 * number] == PCRE2_UNSET || range[2 * number + 1] < range[2 * number])
		return false;
	*out = (struct sl_slice){pattern->line.data + range[2 * number],
	    range[2 * number + 1] - range[2 * number]};
	return true;
}
