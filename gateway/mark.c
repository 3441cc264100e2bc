/* SPDX-License-Identifier: Apache-2.0 */
#include "mark.h"

#include <stdlib.h>
#include <string.h>

#include "already.h"

struct gw_mark *gw_mark_ref(struct gw_mark *mark)
{
	if (mark)
		mark->refs++;
	return mark;
}

void gw_mark_unref(struct gw_mark *mark)
{
	if (!mark || --mark->refs > 0)
		return;
	gw_already_clear(&mark->past);
	free(mark);
}

struct gw_mark *gw_mark_get(struct gw_mark **newest, const uint64_t next[SL_STREAM_COUNT])
{
	struct gw_mark *mark = *newest;

	if (mark && memcmp(mark->next, next, sizeof mark->next) == 0)
		return gw_mark_ref(mark);
	gw_mark_unref(mark);
	mark = malloc(sizeof *mark);
	if (!mark)
		abort();
	mark->refs = 1;
	mark->past = NULL;
	memcpy(mark->next, next, sizeof mark->next);
	*newest = gw_mark_ref(mark);
	return mark;
}
