/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"
#include "msg_wire.h"

/* The head's five fields and the list of entries. */
#define PAGE_FIELDS 6

void sl_msg_page_begin(
    struct sl_msg_list_writer *w, struct sl_buf *out, const struct sl_msg_page_head *head)
{
	sl_buf_reset(out);
	sl_msg_wire_begin(out, SL_MSG_PAGE, PAGE_FIELDS);
	sl_pack_uint(out, head->aggregator);
	sl_pack_uint(out, head->epoch);
	sl_pack_uint(out, head->stream);
	sl_pack_uint(out, head->oldest);
	sl_pack_uint(out, head->next);
	sl_msg_wire_list(w, out);
}

void sl_msg_page_add(struct sl_msg_list_writer *w, const void *packed, size_t len)
{
	sl_buf_add(w->out, packed, len);
	w->count++;
}

static int read_page(const void *data, size_t len, struct sl_msg_page_head *head,
    int (*deliver)(void *arg, const struct sl_entry *entry, struct sl_slice packed),
    void *arg)
{
	struct sl_unpack u;
	struct sl_entry entry;
	struct sl_slice packed;
	uint64_t last = 0;

	sl_msg_wire_open(&u, data, len, SL_MSG_PAGE, PAGE_FIELDS);
	head->aggregator = sl_unpack_uint(&u, 0, UINT64_MAX);
	head->epoch = sl_unpack_uint(&u, 0, UINT64_MAX);
	head->stream = (enum sl_stream)sl_unpack_uint(&u, 0, SL_STREAM_COUNT - 1);
	head->oldest = sl_unpack_uint(&u, 0, UINT64_MAX);
	head->next = sl_unpack_uint(&u, 1, UINT64_MAX);
	for (uint32_t n = sl_unpack_array(&u, UINT32_MAX); n > 0 && !u.error; n--) {
		sl_msg_wire_entry(&u, &entry, &packed);
		if (entry.stream != head->stream || entry.seq <= last ||
		    entry.seq >= head->next)
			sl_unpack_fail(&u, SL_EMALFORMED);
		last = entry.seq;
		if (u.error == 0 && deliver)
			sl_unpack_fail(&u, deliver(arg, &entry, packed));
	}
	return sl_unpack_end(&u);
}

int sl_msg_page_read(const void *data, size_t len, struct sl_msg_page_head *head,
    int (*entry)(void *arg, const struct sl_entry *entry, struct sl_slice packed),
    void *arg)
{
	int rc = read_page(data, len, head, NULL, NULL);

	return rc ? rc : read_page(data, len, head, entry, arg);
}
