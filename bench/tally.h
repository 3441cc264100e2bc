/* SPDX-License-Identifier: Apache-2.0 */
/* What a load has seen: how much, how old, and with what holes. */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* Ages are kept to the microsecond up to 20 ms, to the millisecond up to 20 s. */
#define TALLY_FINE_US   20000u
#define TALLY_COARSE_MS 20000u

struct tally {
	bool on; /* a measurement is under way */
	uint64_t deliveries, bytes;
	uint64_t holes, repeats, gaps; /* from the first message on */
	int64_t sum_ns;
	uint32_t fine[TALLY_FINE_US], coarse[TALLY_COARSE_MS + 1];
};

/* tally_begin starts a measurement anew; holes, repeats and gaps go on. */
void tally_begin(struct tally *tally);

/* tally_age counts one delivery of this age while a measurement is under way. */
void tally_age(struct tally *tally, int64_t age_ns);

/* tally_order looks whether n follows *last, which then moves; -1: none yet. */
void tally_order(struct tally *tally, int64_t *last, int64_t n);

/* tally_print writes the members of a JSON object, without its braces. */
void tally_print(const struct tally *tally);

#endif
