/* SPDX-License-Identifier: Apache-2.0 */
#include "pgvisible.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

void col_pgvisible_note(struct col_pgvisible *visible, uint32_t xid)
{
	visible->xid[visible->count++ % COL_PGVISIBLE_MAX] = xid;
}

/* Transaction ids go round: the nearer way tells which one is newer. */
static bool not_before(uint32_t xid, uint32_t limit)
{
	return xid - limit < UINT32_C(0x80000000);
}

static bool remembers(const struct col_pgvisible *visible, uint32_t xid)
{
	size_t count =
	    visible->count < COL_PGVISIBLE_MAX ? visible->count : COL_PGVISIBLE_MAX;

	for (size_t i = 0; i < count; i++)
		if (visible->xid[i] == xid)
			return true;
	return false;
}

static bool all_before(const struct col_pgvisible *visible, uint32_t limit)
{
	size_t count =
	    visible->count < COL_PGVISIBLE_MAX ? visible->count : COL_PGVISIBLE_MAX;

	for (size_t i = 0; i < count; i++)
		if (not_before(visible->xid[i], limit))
			return false;
	return true;
}

/* A whole number and what ends it; *at moves behind both. */
static int read_id(const char **at, const char *ends, uint64_t *id)
{
	char *end;

	if (**at < '0' || **at > '9')
		return SL_EMALFORMED;
	*id = strtoull(*at, &end, 10);
	if (*end != '\0' && strchr(ends, *end) == NULL)
		return SL_EMALFORMED;
	*at = *end == '\0' ? end : end + 1;
	return 0;
}

int col_pgvisible_check(const struct col_pgvisible *visible, const char *snapshot)
{
	const char *at = snapshot;
	uint64_t xmin, xmax, xip;

	if (read_id(&at, ":", &xmin) || *at == '\0' || read_id(&at, ":", &xmax))
		return SL_EMALFORMED;
	bool all = all_before(visible, (uint32_t)xmax);
	while (*at != '\0') {
		if (read_id(&at, ",", &xip))
			return SL_EMALFORMED;
		all &= !remembers(visible, (uint32_t)xip);
	}
	return all;
}
