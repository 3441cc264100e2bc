/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs of version 7: they sort by the time of their making. */
#ifndef SL_UUID_H
#define SL_UUID_H

#include <stddef.h>
#include <stdint.h>

#define SL_UUID_BYTES 16
#define SL_UUID_TEXT  37 /* with the NUL */

/*
 * sl_uuid_make writes a new id.  Within a thread each is greater than the one
 * before, also within a millisecond and when the clock goes back.  Aborts if
 * the kernel has no randomness to give.
 */
void sl_uuid_make(uint8_t out[SL_UUID_BYTES]);

/* sl_uuid_format writes the lower-case form with dashes. */
void sl_uuid_format(const uint8_t id[SL_UUID_BYTES], char out[SL_UUID_TEXT]);

/* sl_uuid_parse reads that form, either case; returns 0 or SL_EMALFORMED. */
int sl_uuid_parse(const char *text, size_t len, uint8_t out[SL_UUID_BYTES]);

#endif
