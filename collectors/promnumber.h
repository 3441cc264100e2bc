/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and times as Prometheus's formats write them.  Pure. */
#ifndef COL_PROMNUMBER_H
#define COL_PROMNUMBER_H

#include <stdint.h>

#include "entry.h"

/*
 * col_promnumber_read reads a decimal number of less than 128 characters, NaN
 * or an infinity, in any case of letters; no hexadecimal, no space.  Returns 0
 * or SL_EMALFORMED.
 */
int col_promnumber_read(struct sl_slice text, double *out);

/*
 * Both read a time since the epoch: a whole number of milliseconds, or a number
 * of seconds.  SL_EMALFORMED, too, for one that 64 bits of nanoseconds cannot say.
 */
int col_promnumber_milliseconds(struct sl_slice text, int64_t *time_ns);
int col_promnumber_seconds(struct sl_slice text, int64_t *time_ns);

#endif
