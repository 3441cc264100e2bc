/* SPDX-License-Identifier: Apache-2.0 */
/* A reply from the bus: what is read once must pack and read again. */
#include <stdlib.h>

#include "msg.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sl_msg_reply reply;
	struct sl_msg_reply again;
	struct sl_buf out = {0};

	if (sl_msg_reply_read(data, size, &reply) == 0) {
		sl_msg_reply_pack(&out, &reply);
		if (sl_msg_reply_read(out.data, out.len, &again) != 0)
			abort();
	}
	sl_buf_clear(&out);
	return 0;
}
