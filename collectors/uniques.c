/* SPDX-License-Identifier: Apache-2.0 */
#include "uniques.h"

#include <math.h>
#include <string.h>

#define INDEX_BITS 12

static void estimate(uint8_t *reg, uint64_t hash)
{
	uint64_t index = hash >> (64 - INDEX_BITS);
	/* The bit that is set ends the run of zeroes at 52. */
	uint64_t rest = hash << INDEX_BITS | (uint64_t)1 << (INDEX_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

	if (rank > reg[index])
		reg[index] = rank;
}

static void become_estimated(struct col_uniques *set)
{
	uint64_t member[COL_UNIQUES_SLOTS];

	memcpy(member, set->u.member, sizeof(member));
	memset(&set->u, 0, sizeof(set->u));
	set->estimated = 1;
	for (uint32_t i = 0; i < COL_UNIQUES_SLOTS; i++)
		if (member[i] != 0)
			estimate(set->u.reg, member[i]);
}

void col_uniques_add(struct col_uniques *set, uint64_t hash)
{
	if (set->estimated) {
		estimate(set->u.reg, hash);
		return;
	}
	hash += hash == 0; /* 0 is a free slot */
	uint32_t at = (uint32_t)hash & (COL_UNIQUES_SLOTS - 1);
	while (set->u.member[at] != 0 && set->u.member[at] != hash)
		at = (at + 1) & (COL_UNIQUES_SLOTS - 1);
	if (set->u.member[at] == hash)
		return;
	set->u.member[at] = hash;
	if (++set->count > COL_UNIQUES_EXACT)
		become_estimated(set);
}

double col_uniques_count(const struct col_uniques *set)
{
	const double m = COL_UNIQUES_REGISTERS;
	double sum = 0;
	unsigned empty = 0;

	if (!set->estimated)
		return set->count;
	for (uint32_t i = 0; i < COL_UNIQUES_REGISTERS; i++) {
		sum += ldexp(1, -set->u.reg[i]);
		empty += set->u.reg[i] == 0;
	}
	double count = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	if (count <= 2.5 * m && empty > 0)
		count = m * log(m / empty);
	return round(count);
}
