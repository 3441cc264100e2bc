/* SPDX-License-Identifier: Apache-2.0 */
#include "derived_order.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

__attribute__((format(printf, 3, 4))) static int refuse(char error[AGG_DERIVED_ERROR_MAX],
    const struct agg_derived_item *item, const char *fmt, ...)
{
	int len = snprintf(error, AGG_DERIVED_ERROR_MAX,
	    "metric \"%.128s.%.128s\": ", item->module, item->name);
	va_list args;

	va_start(args, fmt);
	vsnprintf(error + len, (size_t)(AGG_DERIVED_ERROR_MAX - len), fmt, args);
	va_end(args);
	return SL_EINVAL;
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static bool reads(const struct agg_derived_item *item, const char *metric)
{
	for (size_t i = 0; item->expr && i < agg_expr_metric_count(item->expr); i++)
		if (!strcmp(agg_expr_metric(item->expr, i), metric))
			return true;
	return false;
}

/* Does an expression mean this derived metric? */
static bool depends(
    const struct agg_derived_item *item, const struct agg_derived_item *on)
{
	return !on->shadowed && reads(item, on->name);
}

static int parse(
    struct agg_derived_item *item, const char *text, char error[AGG_DERIVED_ERROR_MAX])
{
	struct agg_expr_error why;

	if (!text)
		return refuse(error, item, "has no expression");
	if (agg_expr_parse(text, strlen(text), &item->expr, &why))
		return refuse(error, item, "expression, character %zu: %s",
		    why.position + 1, why.text);
	item->clock_driven = agg_expr_clock_driven(item->expr);
	return 0;
}

/* One that reads its own name cannot mean itself, so nobody means it. */
static void find_shadowed(struct agg_derived_order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		struct agg_derived_item *item = &order->items[i];

		for (size_t n = 0; n < order->count && !item->shadowed; n++)
			item->shadowed = !strcmp(order->items[n].name, item->name) &&
					 reads(&order->items[n], item->name);
	}
}

/*
 * Moves the next item that depends on no item behind it to place from.  Where
 * there is none, what is left holds a cycle.
 */
static int pick(
    struct agg_derived_order *order, size_t from, char error[AGG_DERIVED_ERROR_MAX])
{
	for (size_t i = from; i < order->expr_count; i++) {
		bool free_of = true;

		for (size_t n = from; n < order->expr_count && free_of; n++)
			free_of = !depends(&order->items[i], &order->items[n]);
		if (!free_of)
			continue;
		struct agg_derived_item item = order->items[i];
		memmove(&order->items[from + 1], &order->items[from],
		    (i - from) * sizeof(item));
		order->items[from] = item;
		return 0;
	}

	/* Following dependencies as often as there are items ends inside a cycle. */
	size_t at = from;
	for (size_t steps = from; steps < order->expr_count; steps++)
		for (size_t n = from; n < order->expr_count; n++)
			if (depends(&order->items[at], &order->items[n])) {
				at = n;
				break;
			}
	return refuse(error, &order->items[at], "its expression depends on itself");
}

static int item_order(const void *a, const void *b)
{
	const struct agg_derived_item *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->spec < y->spec ? -1 : x->spec > y->spec;
}

int agg_derived_order_make(const struct agg_derived_spec *specs, size_t count,
    struct agg_derived_order *order, char error[AGG_DERIVED_ERROR_MAX])
{
	*order = (struct agg_derived_order){
	    .items = must(calloc(count + 1, sizeof(*order->items))),
	    .count = count,
	};
	for (size_t i = 0; i < count; i++)
		order->items[i] = (struct agg_derived_item){
		    .spec = i,
		    .module = must(strdup(specs[i].module)),
		    .name = must(strdup(specs[i].name)),
		    .kind = specs[i].kind,
		    .fold = specs[i].fold,
		};
	for (size_t i = 0; i < count; i++)
		if (specs[i].kind == AGG_DERIVED_EXPR &&
		    parse(&order->items[i], specs[i].expr, error))
			return SL_EINVAL;
	find_shadowed(order);
	qsort(order->items, count, sizeof(*order->items), item_order);
	while (order->expr_count < count &&
	       order->items[order->expr_count].kind == AGG_DERIVED_EXPR)
		order->expr_count++;
	for (size_t i = 0; i < order->expr_count; i++)
		if (pick(order, i, error))
			return SL_EINVAL;
	return 0;
}

void agg_derived_order_clear(struct agg_derived_order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		free(order->items[i].module);
		free(order->items[i].name);
		agg_expr_free(order->items[i].expr);
	}
	free(order->items);
	*order = (struct agg_derived_order){0};
}

size_t agg_derived_order_readers(const struct agg_derived_order *order,
    const char *module, const char *metric, uint32_t **readers)
{
	size_t count = 0;

	*readers = NULL;
	for (size_t i = 0; i < order->count; i++)
		if (order->items[i].shadowed && !strcmp(order->items[i].name, metric) &&
		    !strcmp(order->items[i].module, module))
			return 0;
	for (size_t i = 0; i < order->expr_count; i++) {
		if (!reads(&order->items[i], metric))
			continue;
		*readers = must(realloc(*readers, (count + 1) * sizeof(**readers)));
		(*readers)[count++] = (uint32_t)i;
	}
	return count;
}
