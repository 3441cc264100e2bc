/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring's reader over arbitrary memory.  Input: head (8 bytes), tail to
 * start from (8 bytes), then the bytes of the ring, repeated to its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "shm/layout.h"
#include "shm/ring.h"

volatile unsigned fuzz_ring_sink; /* external: reads that feed it are not dropped */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte of a slice, so that a sanitizer sees where it lies. */
static unsigned touch(struct sl_slice slice)
{
	unsigned sum = 0;

	for (size_t i = 0; i < slice.len; i++)
		sum += (unsigned char)slice.data[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_segment segment;
	struct sl_ring_sample samples[8];
	struct sl_ring_reader reader;
	struct sl_ring_record record;
	uint64_t cursors[2];
	int err;

	if (segment.ring == NULL &&
	    sl_segment_create(&segment, "fuzz", SL_LAYOUT_RING_MIN) < 0)
		abort();
	if (size < sizeof(cursors) + 8)
		return 0;
	memcpy(cursors, data, sizeof(cursors));
	data += sizeof(cursors);
	size -= sizeof(cursors);
	for (size_t at = 0; at < segment.ring_bytes; at += size)
		memcpy(segment.ring + at, data,
		    size < segment.ring_bytes - at ? size : segment.ring_bytes - at);
	atomic_store(&segment.header->head, cursors[0]);
	sl_ring_reader_init(&reader, &segment);
	if (sl_ring_seek(&reader, cursors[1]) < 0)
		cursors[1] = 0;
	/* On the heap and of the exact size: a byte too far is seen. */
	unsigned char *buf = malloc(SL_RING_RECORD_MAX);
	do {
		uint64_t before = sl_ring_tail(&reader);
		size_t n = sl_ring_read_samples(&reader, samples, 8);

		if (sl_ring_tail(&reader) != before + n * sizeof(samples[0]))
			abort();
		err = sl_ring_read(&reader, &record, buf);
		if (err == SL_OK && record.type == SL_RING_EVENT)
			fuzz_ring_sink += touch(record.event.type) +
					  touch(record.event.audience_name) +
					  touch(record.event.payload);
		sl_ring_release(&reader);
	} while (err == SL_OK);
	if (err == SL_ECORRUPT && reader.reason[0] == '\0')
		abort();
	free(buf);
	return 0;
}
