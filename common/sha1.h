/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1, which only the WebSocket handshake needs. */
#ifndef SL_SHA1_H
#define SL_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SL_SHA1_BYTES 20

/* sl_sha1 hashes len bytes. */
void sl_sha1(const void *data, size_t len, uint8_t out[SL_SHA1_BYTES]);

#endif
