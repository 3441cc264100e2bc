/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks, replaceable in tests. Wall and monotonic time never mix. */
#ifndef SL_CLOCK_H
#define SL_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define SL_NS_PER_US 1000LL
#define SL_NS_PER_MS 1000000LL
#define SL_NS_PER_S  1000000000LL

/* sl_clock_wall_ns returns CLOCK_REALTIME in nanoseconds since the epoch. */
int64_t sl_clock_wall_ns(void);

/* sl_clock_mono_ns returns CLOCK_MONOTONIC in nanoseconds. */
int64_t sl_clock_mono_ns(void);

/*
 * sl_clock_fake makes both clocks stand still at the given times until the
 * next call; sl_clock_real gives the system's clocks back.  Tests only, from
 * one thread.
 */
void sl_clock_fake(int64_t wall_ns, int64_t mono_ns);
void sl_clock_real(void);

/* Size of a buffer for sl_clock_format: "2026-01-02T03:04:05.678Z" and NUL. */
#define SL_CLOCK_TEXT 32

/*
 * sl_clock_format writes RFC 3339 UTC with milliseconds into out and returns
 * its length.  Times outside the years 0 to 9999 are clamped.
 */
int sl_clock_format(int64_t wall_ns, char out[SL_CLOCK_TEXT]);

/*
 * sl_clock_parse reads an RFC 3339 time (any offset, up to nine digits of a
 * second) of exactly len bytes.  Returns 0 or SL_EMALFORMED; a time outside
 * what nanoseconds in 64 bits can say is malformed, too.
 */
int sl_clock_parse(const char *text, size_t len, int64_t *wall_ns);

#endif
