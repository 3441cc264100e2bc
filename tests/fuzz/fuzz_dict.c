/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dictionary's reader over arbitrary memory.  Input: number of bytes said
 * to be used (8 bytes), then the bytes of the dictionary.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "shm/dict.h"
#include "shm/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A definition that was read is one that can be written. */
static void write_again(const struct sl_dict_def *def)
{
	static struct sl_segment segment;
	struct sl_dict_writer writer;
	uint32_t handle;

	if (segment.dict == NULL &&
	    sl_segment_create(&segment, "fuzz", SL_LAYOUT_RING_MIN) < 0)
		abort();
	sl_dict_writer_init(&writer, &segment);
	if (sl_dict_add(&writer, def, &handle) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_segment segment;
	static struct sl_dict_reader reader;
	struct sl_dict_def def;
	uint64_t used;
	int err;

	if (segment.dict == NULL &&
	    sl_segment_create(&segment, "fuzz", SL_LAYOUT_RING_MIN) < 0)
		abort();
	if (size < sizeof(used) || size > segment.dict_bytes)
		return 0;
	memcpy(&used, data, sizeof(used));
	memset(segment.dict, 0, 4096);
	memcpy(segment.dict, data + sizeof(used), size - sizeof(used));
	atomic_store(&segment.header->dict_used, used);
	sl_dict_reader_init(&reader, &segment);
	for (uint32_t n = 0; n < 1000; n++) {
		err = sl_dict_read(&reader, &def);
		if (err == SL_EAGAIN || err == SL_ECORRUPT)
			break;
		if (reader.next != n + 1 || def.handle != n)
			abort();
		if (err == SL_OK)
			write_again(&def);
	}
	return 0;
}
