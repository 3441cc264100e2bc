/* SPDX-License-Identifier: Apache-2.0 */
/* A request from the bus: what is read once must pack and read again. */
#include <stdlib.h>

#include "msg.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sl_msg_request request;
	struct sl_msg_request again;
	struct sl_buf out = {0};

	if (sl_msg_request_read(data, size, &request) == 0) {
		sl_msg_request_pack(&out, &request);
		if (sl_msg_request_read(out.data, out.len, &again) != 0)
			abort();
	}
	sl_buf_clear(&out);
	return 0;
}
