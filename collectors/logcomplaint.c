/* SPDX-License-Identifier: Apache-2.0 */
#include "logcomplaint.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static size_t find(const struct col_logcomplaints *complaints, const char *path)
{
	size_t i = 0;

	while (i < complaints->count && strcmp(complaints->item[i].path, path) != 0)
		i++;
	return i;
}

static void forget(struct col_logcomplaints *complaints, size_t i)
{
	free(complaints->item[i].path);
	complaints->item[i] = complaints->item[--complaints->count];
	complaints->full = false;
}

/* Of those that are still found nothing is forgotten: each scan would say them again. */
static bool make_room(struct col_logcomplaints *complaints, unsigned scan)
{
	size_t i = 0;

	if (complaints->count < COL_LOGCOMPLAINTS_MAX)
		return true;
	while (i < complaints->count && scan - complaints->item[i].scan <= 1)
		i++;
	if (i < complaints->count) {
		forget(complaints, i);
		return true;
	}
	if (!complaints->full)
		sl_log_warn("file", "more than %d cannot be read: not naming the others",
		    COL_LOGCOMPLAINTS_MAX);
	complaints->full = true;
	return false;
}

void col_logcomplaints_add(struct col_logcomplaints *complaints, unsigned scan,
    const char *path, const char *reason)
{
	size_t i = find(complaints, path);

	if (i < complaints->count) {
		complaints->item[i].scan = scan;
		return;
	}
	if (!make_room(complaints, scan))
		return;
	complaints->total++;
	sl_log_warn(
	    "file", "cannot read, trying again path=\"%s\" reason=\"%s\"", path, reason);
	i = complaints->count++;
	complaints->item =
	    reallocarray(complaints->item, complaints->count, sizeof(*complaints->item));
	if (complaints->item == NULL)
		abort();
	complaints->item[i] = (struct col_logcomplaint){strdup(path), scan};
	if (complaints->item[i].path == NULL)
		abort();
}

void col_logcomplaints_drop(struct col_logcomplaints *complaints, const char *path)
{
	size_t i = find(complaints, path);

	if (i == complaints->count)
		return;
	sl_log_info("file", "readable again path=\"%s\"", path);
	forget(complaints, i);
}

void col_logcomplaints_clear(struct col_logcomplaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		free(complaints->item[i].path);
	free(complaints->item);
	*complaints = (struct col_logcomplaints){0};
}
