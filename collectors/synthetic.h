/* SPDX-License-Identifier: Apache-2.0 */
/* A load source: samples and numbered events at given rates. */
#ifndef COL_SYNTHETIC_H
#define COL_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * A pace says how much is due at a rate: after t seconds rate × t things have
 * been due in all.  What a busy machine could not do within a second of its
 * time is given up, so that a pause is not followed by a flood.
 */
struct col_pace {
	double rate;      /* per second */
	int64_t since_ns; /* monotonic: when taken was 0 */
	uint64_t taken;
};

/* col_pace_begin starts a pace at a time of the monotonic clock. */
void col_pace_begin(struct col_pace *pace, double rate, int64_t mono_ns);

/* col_pace_due says how much is due now and has not been taken, at most max. */
uint64_t col_pace_due(struct col_pace *pace, int64_t mono_ns, uint64_t max);

/* col_pace_take counts n as done. */
void col_pace_take(struct col_pace *pace, uint64_t n);

/*
 * col_synthetic_payload replaces *out by the JSON object of an event:
 * {"ts_ns":…,"n":…}, filled up to bytes with a member "pad" where there is
 * room for it.
 */
void col_synthetic_payload(struct sl_buf *out, int64_t ts_ns, uint64_t n, size_t bytes);

/* The position of event n: 16 big-endian bytes. */
void col_synthetic_position(uint64_t n, unsigned char position[16]);
uint64_t col_synthetic_number(const unsigned char position[16]);

/* col_synthetic_main is the program. */
int col_synthetic_main(int argc, char **argv);

#endif
