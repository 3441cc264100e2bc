/* SPDX-License-Identifier: Apache-2.0 */
/* Both messages of the attach handshake; what parses must pack to what was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shm/attach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char packed[SL_ATTACH_MESSAGE_MAX];
	struct sl_attach_hello hello;
	struct sl_attach_answer answer, again;

	if (sl_attach_parse_hello(data, size, &hello) == 0) {
		size_t len = sl_attach_pack_hello(packed, &hello);

		if (len != size || memcmp(packed, data, size) != 0)
			abort();
	}
	if (sl_attach_parse_answer(data, size, &answer) == 0) {
		size_t len = sl_attach_pack_answer(packed, &answer);

		if (len != size || sl_attach_parse_answer(packed, len, &again) != 0 ||
		    memcmp(&answer, &again, sizeof(answer)) != 0)
			abort();
	}
	return 0;
}
