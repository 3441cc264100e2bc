/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 validation (RFC 3629), whole or in pieces. */
#ifndef SL_UTF8_H
#define SL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* State between pieces; 0 is both the start and "no character is open". */
#define SL_UTF8_START  0u
#define SL_UTF8_BROKEN 1u

/*
 * sl_utf8_step validates the next piece and returns the new state:
 * SL_UTF8_BROKEN at the first impossible byte (and for ever after).
 */
uint32_t sl_utf8_step(uint32_t state, const char *data, size_t len);

/* sl_utf8_valid says whether len bytes are complete, valid UTF-8. */
bool sl_utf8_valid(const char *data, size_t len);

/*
 * sl_utf8_char returns the length of the valid character at data (1 to 4), or 0
 * if none begins there within len bytes.
 */
int sl_utf8_char(const char *data, size_t len);

#endif
