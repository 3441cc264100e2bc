/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: parsed, and evaluated over a few series where they parse. */
#include <stddef.h>
#include <stdint.h>

#include "aggregator/expr_eval.h"
#include "aggregator/expr_parse.h"
#include "aggregator/recent.h"

#define S 1000000000LL

static struct agg_recent *memory(void)
{
	static struct agg_recent *recent;
	static struct agg_label host[] = {
	    {{"host", 4}, {"a", 1}}, {{"mode", 4}, {"u", 1}}};
	const char *names[] = {"cpu", "a", "ok"};

	if (recent)
		return recent;
	recent = agg_recent_new(NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		agg_recent_want(recent, names[i]);
		for (size_t labels = 0; labels <= 2; labels++) {
			uint32_t series = agg_recent_open(recent, "default", names[i],
			    &(struct agg_labels){host, labels});

			for (int s = 0; s < 100; s++)
				agg_recent_push(recent, series, (1000 + s) * S, s % 17);
		}
	}
	return recent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agg_recent_view view = {memory(), "default"};
	struct agg_expr_source source;
	struct agg_expr_limits limits = {.steps = 100000};
	struct agg_expr_error error;
	struct agg_expr_result result;
	struct agg_expr *expr;

	agg_recent_source(&view, &source);
	if (agg_expr_parse((const char *)data, size, &expr, &error)) {
		if (error.position > size || !error.text[0])
			__builtin_trap();
		return 0;
	}
	if (!agg_expr_eval(expr, &source, 1100 * S, &limits, &result, &error))
		agg_expr_result_clear(&result);
	agg_expr_free(expr);
	return 0;
}
