/* SPDX-License-Identifier: Apache-2.0 */
/* A batch from the bus: what is read once must pack and read again. */
#include <stdlib.h>
#include <string.h>

#include "msg.h"

static volatile char sink_byte;

static void touch(struct sl_slice slice)
{
	for (size_t i = 0; i < slice.len; i++)
		sink_byte = slice.data[i];
}

static int on_def(void *arg, const struct sl_msg_metric_def *def)
{
	touch(def->tenant);
	touch(def->name);
	sl_msg_batch_add_def(arg, def);
	return 0;
}

static int on_metric(void *arg, const struct sl_msg_metric *metric)
{
	sl_msg_batch_add_metric(arg, metric);
	return 0;
}

static int on_entry(void *arg, const struct sl_entry *entry, struct sl_slice packed)
{
	struct sl_entry again;

	touch(entry->body);
	if (sl_msg_entry_read(packed.data, packed.len, &again) != 0)
		abort();
	sl_msg_batch_add_entry(arg, packed.data, packed.len);
	return 0;
}

static int on_control(void *arg, const struct sl_msg_control *control)
{
	touch(control->body);
	sl_msg_batch_add_control(arg, control);
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct sl_msg_batch_head head;
	static const struct sl_msg_batch_sink check_only;
	struct sl_msg_batch_sink sink = {NULL, on_def, on_metric, on_entry, on_control};
	struct sl_msg_batch_writer w;
	struct sl_buf out = {0};

	sl_msg_batch_begin(&w, &out, &head);
	if (sl_msg_batch_read(data, size, &sink, &w) == 0) {
		sl_msg_batch_end(&w);
		if (sl_msg_batch_read(out.data, out.len, &check_only, NULL) != 0)
			abort();
	}
	sl_buf_clear(&out);
	return 0;
}
