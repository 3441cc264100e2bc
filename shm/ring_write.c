/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.
 *
 * Publication.  The writer fills records above head and then stores head with
 * release; the reader loads head with acquire and never looks above it.  A
 * writer that is killed at any instruction has either stored head or not, so
 * there is no half-visible record and nothing to repair.
 *
 * Space.  The reader stores tail with release after its last read below it;
 * the writer loads it with acquire before it overwrites.  Each side keeps the
 * last value it saw of the other's cursor and looks again only when that one
 * is used up: otherwise the two would share a line per record, so they share
 * it once per lap.
 *
 * Wrapping.  The ring is mapped twice back to back: a record that begins in
 * the last bytes goes on into the second mapping.  No padding, no split copy.
 *
 * Sleeping.  Writer: store head, load asleep.  Reader: store asleep, load head.
 * All four are seq_cst, so one of the two sees the other's store: either the
 * doorbell rings or the reader does not sleep.  A store that others must see
 * before a load goes on costs more than the push itself, so a registered
 * writer leaves it to the reader's sl_fence_heavy (fence.h).
 *
 * Hostile writers.  Head, frames and lengths are copied once and checked in
 * the copy.  What a correct writer has published does not change until it is
 * released; what a hostile one has may change at any time, which the copy
 * makes harmless.
 */
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "layout.h"

static_assert(
    sizeof(struct sl_ring_sample) == sizeof(struct sl_layout_sample) &&
	offsetof(struct sl_ring_sample, metric) ==
	    offsetof(struct sl_layout_sample, metric) &&
	offsetof(struct sl_ring_sample, value) ==
	    offsetof(struct sl_layout_sample, value) &&
	offsetof(struct sl_ring_sample, time_ns) ==
	    offsetof(struct sl_layout_sample, time_ns) &&
	offsetof(struct sl_ring_sample, seq) == offsetof(struct sl_layout_sample, seq),
    "a sample in the ring and in memory are the same bytes");
static_assert(sizeof(struct sl_layout_event) + SL_RING_TYPE_MAX + SL_RING_AUDIENCE_MAX +
		      SL_RING_PAYLOAD_MAX ==
		  SL_RING_RECORD_MAX,
    "the largest record is the largest event");

#define SAMPLE_BYTES sizeof(struct sl_layout_sample)
#define SAMPLE_FRAME SL_LAYOUT_FRAME(SL_LAYOUT_SAMPLE, SAMPLE_BYTES)

#define unlikely(x) __builtin_expect(!!(x), 0)

void sl_ring_writer_init(
    struct sl_ring_writer *writer, struct sl_segment *segment, int doorbell)
{
	*writer = (struct sl_ring_writer){
	    .header = segment->header,
	    .data = segment->ring,
	    .mask = segment->ring_bytes - 1,
	    .limit = segment->ring_bytes,
	    .fenced = true,
	    .doorbell = doorbell,
	};
}

void sl_ring_writer_set_fenced(struct sl_ring_writer *writer, bool fenced)
{
	writer->fenced = fenced;
}

/* Where the next record goes. */
static inline void *slot(const struct sl_ring_writer *writer)
{
	return writer->data + (writer->head & writer->mask);
}

/*
 * Looks at the consumer's tail again and returns how many bytes are free.  A
 * tail that makes no sense counts as no progress.
 */
static uint64_t refresh_space(struct sl_ring_writer *writer)
{
	uint64_t capacity = writer->mask + 1;
	/* Pairs with the release in sl_ring_release: the reads of everything
	 * below tail are over. */
	uint64_t tail = atomic_load_explicit(&writer->header->tail, memory_order_acquire);

	if (writer->head - tail <= capacity)
		writer->limit = tail + capacity;
	return writer->limit - writer->head;
}

static void ring_doorbell(struct sl_ring_writer *writer)
{
	uint64_t one = 1;
	ssize_t n;

	/* The exchange makes one doorbell out of many records; its partner is
	 * the store in sl_ring_sleep_declare. */
	if (atomic_exchange_explicit(&writer->header->asleep, 0, memory_order_acq_rel) ==
	    0)
		return;
	do
		n = write(writer->doorbell, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	writer->doorbells++;
}

/* Makes everything below writer->head visible. */
static inline void publish(struct sl_ring_writer *writer)
{
	struct sl_layout_header *header = writer->header;
	bool asleep;

	/* The store of head pairs with the acquire in refresh_head.  It has to
	 * come before the load of asleep for the reader as well. */
	if (unlikely(writer->fenced)) {
		/* Pairs with the seq_cst store and load of the reader. */
		atomic_store_explicit(&header->head, writer->head, memory_order_seq_cst);
		asleep = atomic_load_explicit(&header->asleep, memory_order_seq_cst) != 0;
	} else {
		/* The reader's sl_fence_heavy keeps the order in the processor,
		 * the signal fence in the compiler. */
		atomic_store_explicit(&header->head, writer->head, memory_order_release);
		atomic_signal_fence(memory_order_seq_cst);
		asleep = atomic_load_explicit(&header->asleep, memory_order_relaxed) != 0;
	}
	if (unlikely(asleep))
		ring_doorbell(writer);
}

void sl_ring_drop_samples(struct sl_ring_writer *writer, size_t n)
{
	writer->seq += n;
	writer->samples_dropped += n;
	/* Relaxed: a figure for status, nothing is ordered by it. */
	atomic_store_explicit(&writer->header->samples_dropped, writer->samples_dropped,
	    memory_order_relaxed);
}

void sl_ring_drop_event(struct sl_ring_writer *writer)
{
	writer->events_dropped++;
	atomic_store_explicit(&writer->header->events_dropped, writer->events_dropped,
	    memory_order_relaxed);
}

int sl_ring_push(
    struct sl_ring_writer *writer, uint32_t metric, double value, int64_t time_ns)
{
	if (unlikely(writer->limit - writer->head < SAMPLE_BYTES) &&
	    refresh_space(writer) < SAMPLE_BYTES) {
		sl_ring_drop_samples(writer, 1);
		return SL_EFULL;
	}
	*(struct sl_ring_sample *)slot(writer) = (struct sl_ring_sample){
	    .frame = SAMPLE_FRAME,
	    .metric = metric,
	    .value = value,
	    .time_ns = time_ns,
	    .seq = ++writer->seq,
	};
	writer->head += SAMPLE_BYTES;
	publish(writer);
	return SL_OK;
}

struct sl_ring_sample *sl_ring_claim(struct sl_ring_writer *writer, size_t n, size_t *got)
{
	uint64_t free_slots = (writer->limit - writer->head) / SAMPLE_BYTES;

	if (unlikely(free_slots < n))
		free_slots = refresh_space(writer) / SAMPLE_BYTES;
	/* At most a lap, so it ends within the second mapping. */
	*got = free_slots < n ? free_slots : n;
	return slot(writer);
}

void sl_ring_commit(struct sl_ring_writer *writer, size_t n)
{
	struct sl_ring_sample *samples = slot(writer);

	for (size_t i = 0; i < n; i++) {
		samples[i].frame = SAMPLE_FRAME;
		samples[i].seq = writer->seq + 1 + i;
	}
	writer->seq += n;
	writer->head += n * SAMPLE_BYTES;
	if (n > 0)
		publish(writer);
}

/* Space for one record of so many bytes: SL_OK, SL_EFULL or SL_ETOOBIG. */
static int make_room(struct sl_ring_writer *writer, uint64_t bytes)
{
	uint64_t padded = SL_LAYOUT_PADDED(bytes);

	if (bytes > (writer->mask + 1) / 4)
		return SL_ETOOBIG;
	if (writer->limit - writer->head < padded && refresh_space(writer) < padded)
		return SL_EFULL;
	return SL_OK;
}

int sl_ring_check_event(const struct sl_ring_event *event)
{
	bool everyone = event->audience == SL_AUDIENCE_ALL;

	if (!everyone && event->audience != SL_AUDIENCE_SUB &&
	    event->audience != SL_AUDIENCE_ROLE)
		return SL_EINVAL;
	if (event->type.len == 0 || everyone != (event->audience_name.len == 0))
		return SL_EINVAL;
	if (event->type.len > SL_RING_TYPE_MAX ||
	    event->payload.len > SL_RING_PAYLOAD_MAX ||
	    event->audience_name.len > SL_RING_AUDIENCE_MAX)
		return SL_ETOOBIG;
	return SL_OK;
}

static unsigned char *append(unsigned char *at, struct sl_slice text)
{
	if (text.len > 0)
		memcpy(at, text.data, text.len);
	return at + text.len;
}

int sl_ring_push_event(struct sl_ring_writer *writer, const struct sl_ring_event *event)
{
	int err = sl_ring_check_event(event);
	uint64_t bytes = sizeof(struct sl_layout_event) + event->type.len +
			 event->audience_name.len + event->payload.len;

	if (err == SL_OK)
		err = make_room(writer, bytes);
	if (err < 0)
		return err;

	struct sl_layout_event *head = slot(writer);
	*head = (struct sl_layout_event){
	    .frame = SL_LAYOUT_FRAME(SL_LAYOUT_EVENT, bytes),
	    .flags = event->has_position ? SL_LAYOUT_HAS_POSITION : 0,
	    .time_ns = event->time_ns,
	    .payload_bytes = (uint32_t)event->payload.len,
	    .type_bytes = (uint16_t)event->type.len,
	    .audience_bytes = (uint16_t)event->audience_name.len,
	    .audience = event->audience,
	};
	memcpy(head->id, event->id, sizeof(head->id));
	if (event->has_position)
		memcpy(head->position, event->position, sizeof(head->position));
	unsigned char *at = append((unsigned char *)(head + 1), event->type);
	at = append(at, event->audience_name);
	append(at, event->payload);
	writer->head += SL_LAYOUT_PADDED(bytes);
	publish(writer);
	return SL_OK;
}

int sl_ring_push_position(
    struct sl_ring_writer *writer, const uint8_t position[SL_RING_POSITION_BYTES])
{
	struct sl_layout_position record = {
	    .frame = SL_LAYOUT_FRAME(SL_LAYOUT_POSITION, sizeof(record)),
	    .flags = SL_LAYOUT_HAS_POSITION,
	};
	int err = make_room(writer, sizeof(record));

	if (err < 0)
		return err;
	memcpy(record.position, position, sizeof(record.position));
	memcpy(slot(writer), &record, sizeof(record));
	writer->head += sizeof(record);
	publish(writer);
	return SL_OK;
}

int sl_ring_event_bytes(const struct sl_ring_writer *writer,
    const struct sl_ring_event *event, uint64_t *bytes)
{
	int err = sl_ring_check_event(event);
	uint64_t size = sizeof(struct sl_layout_event) + event->type.len +
			event->audience_name.len + event->payload.len;

	if (err == SL_OK && size > (writer->mask + 1) / 4)
		err = SL_ETOOBIG;
	*bytes = SL_LAYOUT_PADDED(size);
	return err;
}

int sl_ring_room(struct sl_ring_writer *writer, uint64_t bytes)
{
	if (bytes > writer->mask + 1)
		return SL_ETOOBIG;
	if (writer->limit - writer->head < bytes && refresh_space(writer) < bytes)
		return SL_EFULL;
	return SL_OK;
}

bool sl_ring_drained(const struct sl_ring_writer *writer)
{
	/* Relaxed: the answer orders nothing. */
	return atomic_load_explicit(&writer->header->tail, memory_order_relaxed) ==
	       writer->head;
}
