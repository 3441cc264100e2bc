/* SPDX-License-Identifier: Apache-2.0 */
#include "pgplace.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

static void pack(uint64_t value, unsigned char *out)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)(value >> (56 - 8 * i));
}

static uint64_t unpack(const unsigned char *in)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | in[i];
	return value;
}

void col_pgplace_pack(struct col_pgplace place, unsigned char out[16])
{
	pack(place.lsn, out);
	pack(place.index, out + 8);
}

struct col_pgplace col_pgplace_unpack(const unsigned char position[16])
{
	return (struct col_pgplace){unpack(position), unpack(position + 8)};
}

bool col_pgplace_after(struct col_pgplace a, struct col_pgplace b)
{
	return a.lsn != b.lsn ? a.lsn > b.lsn : a.index > b.index;
}

int col_pgplace_parse_lsn(const char *text, uint64_t *lsn)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t high = strspn(text, hex);
	size_t low = text[high] == '/' ? strspn(text + high + 1, hex) : 0;

	if (high == 0 || high > 8 || low == 0 || low > 8 || text[high + 1 + low] != '\0')
		return SL_EMALFORMED;
	*lsn = strtoull(text, NULL, 16) << 32 | strtoull(text + high + 1, NULL, 16);
	return 0;
}

uint64_t col_pgplace_line(const char *system, const char *timeline, const char *slot)
{
	const char *part[] = {system, timeline, slot};
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		for (const char *c = part[i];; c++) {
			hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
			if (*c == '\0')
				break;
		}
	return hash;
}

void col_pgplace_add(
    struct col_pgplace_pending *pending, struct col_pgplace last, uint64_t end_lsn)
{
	size_t at = (pending->first + pending->count) % COL_PGPLACE_PENDING;

	if (pending->count == COL_PGPLACE_PENDING)
		at = (at + COL_PGPLACE_PENDING - 1) % COL_PGPLACE_PENDING;
	else
		pending->count++;
	pending->entry[at].last = last;
	pending->entry[at].end_lsn = end_lsn;
}

void col_pgplace_durable(struct col_pgplace_pending *pending, struct col_pgplace durable)
{
	while (pending->count > 0 &&
	       !col_pgplace_after(pending->entry[pending->first].last, durable)) {
		if (pending->entry[pending->first].end_lsn > pending->confirmed_lsn)
			pending->confirmed_lsn = pending->entry[pending->first].end_lsn;
		pending->first = (pending->first + 1) % COL_PGPLACE_PENDING;
		pending->count--;
	}
}

void col_pgplace_idle(struct col_pgplace_pending *pending, uint64_t lsn)
{
	if (pending->count == 0 && lsn > pending->confirmed_lsn)
		pending->confirmed_lsn = lsn;
}
