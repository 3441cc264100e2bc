/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "filter_program.h"

static struct gw_filter *find(
    struct gw_table *home, uint64_t hash, const struct sl_buf *text)
{
	for (struct gw_table_node *node = gw_table_first(home, hash); node;
	     node = gw_table_next(node)) {
		struct gw_filter *f = GW_TABLE_OBJECT(node, struct gw_filter, node);
		if (f->text.len == text->len &&
		    memcmp(f->text.data, text->data, text->len) == 0)
			return gw_filter_ref(f);
	}
	return NULL;
}

/* Takes the canonical text over. */
static struct gw_filter *intern(struct gw_table *home, struct sl_buf *text)
{
	uint64_t hash = gw_table_hash(0, text->data, text->len);
	struct gw_filter *f = find(home, hash, text);

	if (f) {
		sl_buf_clear(text);
		return f;
	}
	f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->home = home;
	f->refs = 1;
	f->text = *text;
	f->tree = sl_json_in_parse(text->data, text->len, NULL);
	if (!f->tree)
		abort();
	gw_filter_compile(f);
	gw_table_add(home, &f->node, hash);
	return f;
}

int gw_filter_make(struct gw_table *home, const json_t *json, struct gw_filter **out,
    char error[GW_FILTER_ERROR])
{
	struct sl_buf text = {0};
	int code = gw_filter_form(json, &text, error);

	if (!code)
		*out = text.len > 0 ? intern(home, &text) : NULL;
	return code;
}

int gw_filter_parse(struct gw_table *home, const char *text, size_t len,
    struct gw_filter **out, char error[GW_FILTER_ERROR])
{
	struct sl_json_in_error why;
	json_t *json = sl_json_in_parse(text, len, &why);

	if (!json) {
		snprintf(error, GW_FILTER_ERROR, "filter: line %d, column %d: %s",
		    why.line, why.column, why.text);
		return SL_EMALFORMED;
	}
	int code = gw_filter_make(home, json, out, error);
	json_decref(json);
	return code;
}

struct gw_filter *gw_filter_ref(struct gw_filter *filter)
{
	if (filter)
		filter->refs++;
	return filter;
}

void gw_filter_unref(struct gw_filter *filter)
{
	if (!filter || --filter->refs > 0)
		return;
	gw_table_remove(filter->home, &filter->node);
	json_decref(filter->tree);
	sl_buf_clear(&filter->text);
	free(filter->value);
	free(filter->test);
	free(filter->path);
	free(filter->step);
	free(filter);
}

struct sl_slice gw_filter_text(const struct gw_filter *filter)
{
	return (struct sl_slice){filter->text.data, filter->text.len};
}

bool gw_filter_match(const struct gw_filter *filter, const char *event, size_t len)
{
	uint64_t found = gw_filter_walk(filter, event, len);
	bool stack[GW_FILTER_TESTS_MAX];
	size_t top = 0;

	for (uint16_t i = 0; i < filter->steps; i++) {
		struct gw_filter_step step = filter->step[i];
		bool all = true;
		bool any = false;
		switch ((enum gw_filter_op)step.op) {
		case GW_FILTER_TEST:
			stack[top++] = found >> step.arg & 1;
			break;
		case GW_FILTER_NOT:
			stack[top - 1] = !stack[top - 1];
			break;
		case GW_FILTER_AND:
		case GW_FILTER_OR:
			for (uint16_t n = 0; n < step.arg; n++) {
				top--;
				all &= stack[top];
				any |= stack[top];
			}
			stack[top++] = step.op == GW_FILTER_AND ? all : any;
			break;
		}
	}
	return stack[0];
}
