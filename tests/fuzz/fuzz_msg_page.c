/* SPDX-License-Identifier: Apache-2.0 */
/* A page of entries from the bus: what is read once must pack and read again. */
#include <stdlib.h>

#include "msg.h"

static int on_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	if (entry->seq == 0)
		abort();
	sl_msg_page_add(arg, packed.data, packed.len);
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sl_msg_page_head head = {0};
	struct sl_msg_list_writer w;
	struct sl_buf out = {0};

	if (sl_msg_page_read(data, size, &head, NULL, NULL) == 0) {
		sl_msg_page_begin(&w, &out, &head);
		sl_msg_page_read(data, size, &head, on_entry, &w);
		sl_msg_list_end(&w);
		if (sl_msg_page_read(out.data, out.len, &head, NULL, NULL) != 0)
			abort();
	}
	sl_buf_clear(&out);
	return 0;
}
