/* SPDX-License-Identifier: Apache-2.0 */
#include "sha1.h"

#include <openssl/sha.h>

void sl_sha1(const void *data, size_t len, uint8_t out[SL_SHA1_BYTES])
{
	SHA1(data, len, out);
}
