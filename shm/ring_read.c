/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer's half of the ring; the design notes are in ring_write.c. */
#include "ring.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "layout.h"

static_assert((int)SL_RING_SAMPLE == SL_LAYOUT_SAMPLE &&
		  (int)SL_RING_EVENT == SL_LAYOUT_EVENT &&
		  (int)SL_RING_POSITION == SL_LAYOUT_POSITION,
    "types in the ring and in memory are the same");

#define SAMPLE_BYTES sizeof(struct sl_layout_sample)
#define SAMPLE_FRAME SL_LAYOUT_FRAME(SL_LAYOUT_SAMPLE, SAMPLE_BYTES)

/* Samples copied at once, so that little is copied in vain before an event. */
#define COPY_SAMPLES 16

void sl_ring_reader_init(struct sl_ring_reader *reader, const struct sl_segment *segment)
{
	*reader = (struct sl_ring_reader){
	    .header = segment->header,
	    .data = segment->ring,
	    .mask = segment->ring_bytes - 1,
	};
}

uint64_t sl_ring_tail(const struct sl_ring_reader *reader)
{
	return reader->tail;
}

__attribute__((format(printf, 2, 3))) static int corrupt(
    struct sl_ring_reader *reader, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reader->reason, sizeof(reader->reason), fmt, ap);
	va_end(ap);
	reader->corrupt = true;
	reader->head = reader->tail;
	return SL_ECORRUPT;
}

/* Looks at the producer's head again and checks it against what was seen. */
static int refresh_head(struct sl_ring_reader *reader)
{
	/* Pairs with the release in publish: the records below are complete. */
	uint64_t head = atomic_load_explicit(&reader->header->head, memory_order_acquire);

	if (head == reader->head)
		return SL_OK;
	if (head < reader->head)
		return corrupt(reader, "head went back from %llu to %llu",
		    (unsigned long long)reader->head, (unsigned long long)head);
	if (head - reader->tail > reader->mask + 1)
		return corrupt(reader, "head %llu is more than a ring above tail %llu",
		    (unsigned long long)head, (unsigned long long)reader->tail);
	if (head % 8 != 0)
		return corrupt(
		    reader, "head %llu is not aligned", (unsigned long long)head);
	reader->head = head;
	return SL_OK;
}

int sl_ring_seek(struct sl_ring_reader *reader, uint64_t tail)
{
	uint64_t head = atomic_load_explicit(&reader->header->head, memory_order_acquire);

	if (reader->corrupt || tail > head || tail % 8 != 0 || head % 8 != 0 ||
	    head - tail > reader->mask + 1)
		return SL_EINVAL;
	reader->tail = tail;
	reader->head = head;
	return SL_OK;
}

/*
 * Copies out of the segment.  The fence keeps the compiler from looking at the
 * shared bytes again instead of the copy.
 */
static inline void copy_out(void *to, const unsigned char *from, size_t n)
{
	memcpy(to, from, n);
	atomic_signal_fence(memory_order_seq_cst);
}

size_t sl_ring_read_samples(
    struct sl_ring_reader *reader, struct sl_ring_sample *out, size_t max)
{
	if (reader->corrupt ||
	    (reader->head - reader->tail < SAMPLE_BYTES && refresh_head(reader) < 0))
		return 0;
	size_t known = (reader->head - reader->tail) / SAMPLE_BYTES;
	size_t n = known < max ? known : max;
	size_t good = 0;

	for (bool run = true; run && good < n;) {
		size_t chunk = n - good < COPY_SAMPLES ? n - good : COPY_SAMPLES;

		copy_out(out + good, reader->data + (reader->tail & reader->mask),
		    chunk * SAMPLE_BYTES);
		size_t end = good + chunk;
		while (good < end && out[good].frame == SAMPLE_FRAME) {
			reader->tail += SAMPLE_BYTES;
			good++;
		}
		run = good == end;
	}
	return good;
}

/* The takers-apart below work on bytes that are a private copy. */

static int take_sample(struct sl_ring_reader *reader, struct sl_ring_record *record,
    const unsigned char *buf, size_t bytes)
{
	if (bytes != SAMPLE_BYTES)
		return corrupt(reader, "sample of %zu bytes", bytes);
	memcpy(&record->sample, buf, SAMPLE_BYTES);
	return SL_OK;
}

static int take_event(struct sl_ring_reader *reader, struct sl_ring_record *record,
    const unsigned char *buf, size_t bytes)
{
	struct sl_ring_event *event = &record->event;
	struct sl_layout_event head;

	if (bytes < sizeof(head))
		return corrupt(reader, "event of %zu bytes", bytes);
	memcpy(&head, buf, sizeof(head));
	size_t parts = sizeof(head) + (size_t)head.type_bytes + head.audience_bytes +
		       head.payload_bytes;
	if (parts != bytes)
		return corrupt(
		    reader, "event of %zu bytes, its parts have %zu", bytes, parts);
	const char *at = (const char *)buf + sizeof(head);
	*event = (struct sl_ring_event){
	    .time_ns = head.time_ns,
	    .has_position = (head.flags & SL_LAYOUT_HAS_POSITION) != 0,
	    .type = {at, head.type_bytes},
	    .audience = head.audience,
	    .audience_name = {at + head.type_bytes, head.audience_bytes},
	    .payload = {at + head.type_bytes + head.audience_bytes, head.payload_bytes},
	};
	memcpy(event->id, head.id, sizeof(event->id));
	memcpy(event->position, head.position, sizeof(event->position));
	if (sl_ring_check_event(event) < 0)
		return corrupt(reader,
		    "event with type of %u, audience %u of %u, payload of %u bytes",
		    head.type_bytes, head.audience, head.audience_bytes,
		    head.payload_bytes);
	return SL_OK;
}

static int take_position(struct sl_ring_reader *reader, struct sl_ring_record *record,
    const unsigned char *buf, size_t bytes)
{
	struct sl_layout_position position;

	if (bytes != sizeof(position))
		return corrupt(reader, "position of %zu bytes", bytes);
	memcpy(&position, buf, sizeof(position));
	memcpy(record->position, position.position, sizeof(record->position));
	return SL_OK;
}

static int take(struct sl_ring_reader *reader, struct sl_ring_record *record,
    uint32_t frame, const unsigned char *buf)
{
	record->type = SL_LAYOUT_TYPE(frame);
	switch (SL_LAYOUT_TYPE(frame)) {
	case SL_LAYOUT_SAMPLE:
		return take_sample(reader, record, buf, SL_LAYOUT_BYTES(frame));
	case SL_LAYOUT_EVENT:
		return take_event(reader, record, buf, SL_LAYOUT_BYTES(frame));
	case SL_LAYOUT_POSITION:
		return take_position(reader, record, buf, SL_LAYOUT_BYTES(frame));
	default:
		return corrupt(
		    reader, "record of unknown type %u", SL_LAYOUT_TYPE(frame));
	}
}

int sl_ring_read(struct sl_ring_reader *reader, struct sl_ring_record *record,
    unsigned char buf[SL_RING_RECORD_MAX])
{
	uint32_t frame;

	if (reader->corrupt || (reader->head == reader->tail && refresh_head(reader) < 0))
		return SL_ECORRUPT;
	uint64_t known = reader->head - reader->tail; /* a multiple of 8 */
	if (known == 0)
		return SL_EAGAIN;
	const unsigned char *from = reader->data + (reader->tail & reader->mask);
	copy_out(&frame, from, sizeof(frame));
	size_t bytes = SL_LAYOUT_BYTES(frame);
	if (bytes < sizeof(frame) || SL_LAYOUT_PADDED(bytes) > known ||
	    bytes > SL_RING_RECORD_MAX || bytes > (reader->mask + 1) / 4)
		return corrupt(reader, "record of %zu bytes where %llu are written",
		    bytes, (unsigned long long)known);
	copy_out(buf, from, bytes);
	memcpy(buf, &frame, sizeof(frame)); /* what was checked, not what is there now */
	int err = take(reader, record, frame, buf);
	if (err == SL_OK)
		reader->tail += SL_LAYOUT_PADDED(bytes);
	return err;
}

void sl_ring_release(struct sl_ring_reader *reader)
{
	/* Pairs with the acquire in refresh_space: our reads are over. */
	atomic_store_explicit(&reader->header->tail, reader->tail, memory_order_release);
}

uint64_t sl_ring_backlog(const struct sl_ring_reader *reader)
{
	return reader->head - reader->tail;
}

void sl_ring_get_drops(const struct sl_ring_reader *reader, struct sl_ring_drops *drops)
{
	/* Relaxed: figures for status, nothing is ordered by them. */
	drops->samples =
	    atomic_load_explicit(&reader->header->samples_dropped, memory_order_relaxed);
	drops->events =
	    atomic_load_explicit(&reader->header->events_dropped, memory_order_relaxed);
}

void sl_ring_sleep_declare(struct sl_ring_reader *reader)
{
	/* seq_cst, here and in the check: pairs with publish. */
	atomic_store_explicit(&reader->header->asleep, 1, memory_order_seq_cst);
}

bool sl_ring_sleep_check(const struct sl_ring_reader *reader)
{
	return !reader->corrupt && reader->tail == reader->head &&
	       atomic_load_explicit(&reader->header->head, memory_order_seq_cst) ==
		   reader->head;
}

void sl_ring_wake(struct sl_ring_reader *reader)
{
	/* Relaxed: at worst the producer rings once too often. */
	atomic_store_explicit(&reader->header->asleep, 0, memory_order_relaxed);
}
