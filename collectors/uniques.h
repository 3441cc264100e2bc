/* SPDX-License-Identifier: Apache-2.0 */
/* How many different members a set has, in 4 KiB. */
#ifndef COL_UNIQUES_H
#define COL_UNIQUES_H

#include <stdint.h>

/*
 * Up to COL_UNIQUES_EXACT members are counted one by one; from then on the same
 * memory is a HyperLogLog of 4,096 registers, whose standard error is 1.6 %
 * (Flajolet, Fusy, Gandouet, Meunier 2007, with linear counting below 10,240).
 */
#define COL_UNIQUES_EXACT     256u
#define COL_UNIQUES_SLOTS     512u
#define COL_UNIQUES_REGISTERS 4096u

/* All zeroes is an empty set. */
struct col_uniques {
	uint32_t count; /* while they are counted one by one */
	uint32_t estimated;
	union {
		uint64_t member[COL_UNIQUES_SLOTS]; /* hashes; 0: free */
		uint8_t reg[COL_UNIQUES_REGISTERS];
	} u;
};

/* col_uniques_add adds a member by its hash, of which all 64 bits have to be good. */
void col_uniques_add(struct col_uniques *set, uint64_t hash);

/* col_uniques_count returns how many different members were added. */
double col_uniques_count(const struct col_uniques *set);

#endif
