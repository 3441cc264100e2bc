/* SPDX-License-Identifier: Apache-2.0 */
#include "prombody.h"

#include <stdio.h>
#include <string.h>

#include "error.h"

void col_prombody_begin(struct col_prombody *body, enum col_promtext_form form,
    col_prombody_fn *fn, void *arg)
{
	sl_buf_reset(&body->rest);
	sl_buf_reset(&body->family);
	body->type = COL_PROMTEXT_OTHER;
	body->form = form;
	body->fn = fn;
	body->arg = arg;
	body->line = 0;
	body->ended = false;
	body->code = 0;
	body->error[0] = '\0';
}

static int fail(struct col_prombody *body, int code, const char *problem)
{
	snprintf(body->error, sizeof(body->error), "line %zu %s", body->line, problem);
	body->code = code;
	return code;
}

static int take_line(struct col_prombody *body, struct sl_slice line)
{
	struct col_promtext_sample sample;
	const char *problem;

	body->line++;
	if (body->ended)
		return fail(body, SL_EMALFORMED, "comes after \"# EOF\"");
	int kind = col_promtext_parse(body->form, line, &sample, &problem);
	if (kind < 0)
		return fail(body, kind, problem);
	body->ended = kind == COL_PROMTEXT_END;
	if (kind == COL_PROMTEXT_TYPE) {
		sl_buf_reset(&body->family);
		sl_buf_add(&body->family, sample.name.data, sample.name.len);
		body->type = sample.type;
	}
	if (kind != COL_PROMTEXT_SAMPLE)
		return 0;
	sample.family = (struct sl_slice){body->family.data, body->family.len};
	sample.type = body->type;
	sample.cumulative =
	    col_promtext_is_cumulative(sample.name, sample.family, sample.type);
	body->code = body->fn(body->arg, &sample, body->error);
	return body->code;
}

/* Keeps the beginning of a line until its end comes. */
static int keep(struct col_prombody *body, const char *data, size_t len)
{
	if (body->rest.len + len > COL_PROMBODY_LINE_MAX) {
		body->line++;
		return fail(body, SL_ETOOBIG, "is longer than 65536 bytes");
	}
	sl_buf_add(&body->rest, data, len);
	return 0;
}

int col_prombody_feed(struct col_prombody *body, const char *data, size_t len)
{
	const char *at = data, *end = data + len;

	while (body->code == 0 && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop != NULL ? stop : end) - at);

		if (stop == NULL)
			return keep(body, at, n);
		if (body->rest.len == 0 && n <= COL_PROMBODY_LINE_MAX) {
			take_line(body, (struct sl_slice){at, n});
		} else if (keep(body, at, n) == 0) {
			take_line(
			    body, (struct sl_slice){body->rest.data, body->rest.len});
			sl_buf_reset(&body->rest);
		}
		at = stop + 1;
	}
	return body->code;
}

int col_prombody_end(struct col_prombody *body)
{
	if (body->code != 0)
		return body->code;
	/* The newline behind "# EOF" may be missing. */
	if (body->form == COL_PROMTEXT_OPEN && body->rest.len > 0) {
		take_line(body, (struct sl_slice){body->rest.data, body->rest.len});
		sl_buf_reset(&body->rest);
		if (body->code != 0)
			return body->code;
	}
	if (body->rest.len > 0) {
		body->line++;
		return fail(body, SL_EMALFORMED, "has no end: the answer was cut off");
	}
	if (body->form == COL_PROMTEXT_OPEN && !body->ended)
		return fail(body, SL_EMALFORMED,
		    "is the last one and not \"# EOF\": the answer was cut off");
	return 0;
}

void col_prombody_clear(struct col_prombody *body)
{
	sl_buf_clear(&body->rest);
	sl_buf_clear(&body->family);
}
