/* SPDX-License-Identifier: Apache-2.0 */
/* Reading msgpack from untrusted bytes, one expected value per call. */
#ifndef SL_UNPACK_H
#define SL_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"

/*
 * A reader of bytes that somebody else owns.  The first fault stays in error
 * and every later call returns 0, false or an empty slice without reading on,
 * so that a message is read straight through and judged once by
 * sl_unpack_end.  SL_EMALFORMED: wrong type, value out of its range, or the
 * bytes end too soon; SL_ETOOBIG: longer than its bound.  Nothing allocates.
 */
struct sl_unpack {
	const unsigned char *at;
	const unsigned char *end;
	int error;
};

void sl_unpack_init(struct sl_unpack *u, const void *data, size_t len);

/*
 * sl_unpack_array returns the count of the array that begins here.  It is at
 * most max and at most the bytes that are left, as every value takes one.
 */
uint32_t sl_unpack_array(struct sl_unpack *u, uint32_t max);

/* sl_unpack_fields expects an array of exactly n values. */
void sl_unpack_fields(struct sl_unpack *u, uint32_t n);

/* sl_unpack_uint returns an unsigned integer of min..max. */
uint64_t sl_unpack_uint(struct sl_unpack *u, uint64_t min, uint64_t max);
int64_t sl_unpack_int(struct sl_unpack *u);
bool sl_unpack_bool(struct sl_unpack *u);
double sl_unpack_double(struct sl_unpack *u);

/* Text and bytes of at most max: slices into the bytes that are read. */
struct sl_slice sl_unpack_str(struct sl_unpack *u, size_t max);
struct sl_slice sl_unpack_bin(struct sl_unpack *u, size_t max);

/* sl_unpack_fail notes a fault that the caller found; the first one stays. */
void sl_unpack_fail(struct sl_unpack *u, int error);

/* sl_unpack_end returns the first fault; bytes that are left are one. */
int sl_unpack_end(struct sl_unpack *u);

#endif
