/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), the checksum of what we keep in files. */
#ifndef SL_CRC32C_H
#define SL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * sl_crc32c returns the checksum of n bytes, going on from crc (0 to begin).
 * Chosen over zlib's CRC-32 because x86-64 and ARMv8 compute it by an
 * instruction (some 10 GB/s), so that it costs less than the copy beside it;
 * it finds every error burst of up to 32 bits.  Falls back to a table.
 */
uint32_t sl_crc32c(uint32_t crc, const void *data, size_t n);

/* sl_crc32c_portable is the fallback; tests compare the two. */
uint32_t sl_crc32c_portable(uint32_t crc, const void *data, size_t n);

#endif
