/* SPDX-License-Identifier: Apache-2.0 */
/* A report from the bus: what is read once must pack and read again. */
#include <stdlib.h>

#include "msg.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sl_msg_report report;
	struct sl_msg_report again;
	struct sl_buf out = {0};

	if (sl_msg_report_read(data, size, &report) == 0) {
		sl_msg_report_pack(&out, &report);
		if (sl_msg_report_read(out.data, out.len, &again) != 0)
			abort();
	}
	sl_buf_clear(&out);
	return 0;
}
