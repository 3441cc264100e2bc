/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_part.h"

#include <stdlib.h>
#include <string.h>

void gw_filter_part_clear(struct gw_filter_part *part)
{
	sl_buf_clear(&part->text);
	gw_filter_parts_clear(&part->sub);
}

void gw_filter_parts_clear(struct gw_filter_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		gw_filter_part_clear(&parts->item[i]);
	free(parts->item);
	*parts = (struct gw_filter_parts){0};
}

void gw_filter_part_push(struct gw_filter_parts *parts, struct gw_filter_part part)
{
	parts->item =
	    realloc(parts->item, (parts->count + 1) * sizeof(struct gw_filter_part));
	if (!parts->item)
		abort();
	parts->item[parts->count++] = part;
}

static int by_text(const void *left, const void *right)
{
	const struct sl_buf *a = &((const struct gw_filter_part *)left)->text;
	const struct sl_buf *b = &((const struct gw_filter_part *)right)->text;
	int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Sorts and drops what is there twice. */
void gw_filter_part_tidy(struct gw_filter_parts *parts)
{
	size_t kept = 0;

	qsort(parts->item, parts->count, sizeof *parts->item, by_text);
	for (size_t i = 0; i < parts->count; i++) {
		if (kept > 0 && by_text(&parts->item[kept - 1], &parts->item[i]) == 0)
			gw_filter_part_clear(&parts->item[i]);
		else
			parts->item[kept++] = parts->item[i];
	}
	parts->count = kept;
}

void gw_filter_part_list(struct sl_buf *out, const struct gw_filter_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		sl_buf_addc(out, i == 0 ? '[' : ',');
		sl_buf_add(out, parts->item[i].text.data, parts->item[i].text.len);
	}
	sl_buf_addc(out, ']');
}

/* Makes one part of several, which it takes over; there is at least one. */
struct gw_filter_part gw_filter_part_join(
    enum gw_filter_op kind, struct gw_filter_parts *from)
{
	struct gw_filter_part whole = {.kind = kind};

	for (size_t i = 0; i < from->count; i++) {
		struct gw_filter_part *p = &from->item[i];
		if (p->kind != kind) {
			gw_filter_part_push(&whole.sub, *p);
			continue;
		}
		for (size_t j = 0; j < p->sub.count; j++)
			gw_filter_part_push(&whole.sub, p->sub.item[j]);
		p->sub.count = 0;
		gw_filter_part_clear(p);
	}
	from->count = 0;
	gw_filter_parts_clear(from);
	gw_filter_part_tidy(&whole.sub);
	for (size_t i = 0; i < whole.sub.count; i++) {
		if (whole.sub.item[i].depth >= whole.depth)
			whole.depth = whole.sub.item[i].depth + 1;
	}
	if (whole.sub.count == 1) {
		struct gw_filter_part only = whole.sub.item[0];
		free(whole.sub.item);
		return only;
	}
	sl_buf_adds(&whole.text, kind == GW_FILTER_AND ? "{\"and\":" : "{\"or\":");
	gw_filter_part_list(&whole.text, &whole.sub);
	sl_buf_addc(&whole.text, '}');
	return whole;
}

struct gw_filter_part gw_filter_part_negate(struct gw_filter_part part)
{
	struct gw_filter_part not = {.kind = GW_FILTER_NOT, .depth = part.depth + 1};

	if (part.kind == GW_FILTER_NOT) {
		not = part.sub.item[0];
		part.sub.count = 0;
		gw_filter_part_clear(&part);
		return not ;
	}
	sl_buf_addf(&not .text, "{\"not\":%s}", sl_buf_text(&part.text));
	gw_filter_part_push(&not .sub, part);
	return not ;
}
