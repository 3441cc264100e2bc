/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of a segment: one producer writes records, one consumer reads them. */
#ifndef SL_RING_H
#define SL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "segment.h"

#define SL_RING_POSITION_BYTES 16u

/* Limits of an event; a record is also at most a quarter of the ring. */
#define SL_RING_TYPE_MAX     128u
#define SL_RING_AUDIENCE_MAX 256u
#define SL_RING_PAYLOAD_MAX  65536u
#define SL_RING_RECORD_MAX                                                               \
	(64u + SL_RING_TYPE_MAX + SL_RING_AUDIENCE_MAX + SL_RING_PAYLOAD_MAX)

/* One sample, as it lies in the ring. */
struct sl_ring_sample {
	uint32_t frame; /* set by the writer, checked by the reader */
	uint32_t metric;
	double value;
	int64_t time_ns;
	uint64_t seq; /* set by the writer: a hole of n says that n were dropped */
};

/*
 * One event.  Given to the writer, slices belong to the caller; from the
 * reader they point into the buffer given to sl_ring_read.
 */
struct sl_ring_event {
	int64_t time_ns;
	uint8_t id[16];
	bool has_position;
	uint8_t position[SL_RING_POSITION_BYTES];
	struct sl_slice type;
	enum sl_audience audience;
	struct sl_slice audience_name;
	struct sl_slice payload;
};

/*
 * sl_ring_check_event checks an event against the limits above, on both sides:
 * SL_OK, SL_EINVAL or SL_ETOOBIG.
 */
int sl_ring_check_event(const struct sl_ring_event *event);

/* ---- writer ----------------------------------------------------------------- */

/*
 * The producer's handle, owned by its user; one thread.  Nothing here blocks
 * or allocates.  The first line of members is what a push touches.
 */
struct sl_ring_writer {
	struct sl_layout_header *header;
	unsigned char *data;
	uint64_t mask;
	uint64_t head;
	uint64_t limit; /* writing is free below: last tail seen + ring_bytes */
	uint64_t seq;
	bool fenced; /* see sl_ring_writer_set_fenced */
	int doorbell;
	uint64_t samples_dropped;
	uint64_t events_dropped;
	uint64_t doorbells;
};

/*
 * sl_ring_writer_init starts writing an empty segment.  doorbell is an
 * eventfd (non-blocking) that the caller keeps open meanwhile.
 */
void sl_ring_writer_init(
    struct sl_ring_writer *writer, struct sl_segment *segment, int doorbell);

/*
 * sl_ring_writer_set_fenced chooses how a push finds out that the consumer
 * sleeps.  true (the start): a full fence in every push.  false: none, because
 * this process is registered for the consumer's sl_fence_heavy; only while the
 * attached consumer has promised to use it.
 */
void sl_ring_writer_set_fenced(struct sl_ring_writer *writer, bool fenced);

/*
 * sl_ring_push writes one sample and makes it visible.  SL_EFULL if there is
 * no space: the sample is dropped and counted.
 */
int sl_ring_push(
    struct sl_ring_writer *writer, uint32_t metric, double value, int64_t time_ns);

/*
 * sl_ring_claim gives the places of up to n samples in the ring; *got tells
 * how many there is space for.  The caller fills metric, value and time_ns of
 * each and calls sl_ring_commit with the number it filled, which makes them
 * visible together.  Nothing else may be written in between; a claim that is
 * not committed has no effect.  Pointers live until the commit.
 */
struct sl_ring_sample *sl_ring_claim(
    struct sl_ring_writer *writer, size_t n, size_t *got);
void sl_ring_commit(struct sl_ring_writer *writer, size_t n);

/* sl_ring_drop_samples counts n samples that the caller could not place. */
void sl_ring_drop_samples(struct sl_ring_writer *writer, size_t n);

/*
 * sl_ring_push_event writes one event and makes it visible.  SL_EFULL if there
 * is no space now (not counted: the caller may wait and try again), SL_ETOOBIG
 * if it can never fit, SL_EINVAL if a field is outside its limits.
 */
int sl_ring_push_event(struct sl_ring_writer *writer, const struct sl_ring_event *event);

/*
 * sl_ring_event_bytes gives the space that an event takes, and the errors of
 * sl_ring_push_event but for SL_EFULL.  sl_ring_room says whether so much is
 * free: 0, SL_EFULL, or SL_ETOOBIG if it never will be.
 */
int sl_ring_event_bytes(const struct sl_ring_writer *writer,
    const struct sl_ring_event *event, uint64_t *bytes);
int sl_ring_room(struct sl_ring_writer *writer, uint64_t bytes);

/* sl_ring_push_position writes a bare position; SL_EFULL as with events. */
int sl_ring_push_position(
    struct sl_ring_writer *writer, const uint8_t position[SL_RING_POSITION_BYTES]);

/* sl_ring_drop_event counts an event that the caller gave up on. */
void sl_ring_drop_event(struct sl_ring_writer *writer);

/* sl_ring_drained tells whether the consumer has released all that was written. */
bool sl_ring_drained(const struct sl_ring_writer *writer);

/* ---- reader ----------------------------------------------------------------- */

/*
 * The consumer's handle, owned by its user; one thread.  The producer is
 * hostile: every byte is copied out of the segment before it is looked at, and
 * nothing in it is believed.  A reader that has found the ring corrupt stays so.
 * Nothing here blocks or allocates.
 */
struct sl_ring_reader {
	struct sl_layout_header *header;
	const unsigned char *data;
	uint64_t mask;
	uint64_t tail; /* private truth; header->tail is advice for the producer */
	uint64_t head; /* last one seen and checked */
	bool corrupt;
	char reason[SL_SEGMENT_REASON]; /* once corrupt: why, one line */
};

enum sl_ring_type {
	SL_RING_SAMPLE = 1,
	SL_RING_EVENT = 2,
	SL_RING_POSITION = 3,
};

/* One record of any type; the member that belongs to type is set. */
struct sl_ring_record {
	enum sl_ring_type type;
	struct sl_ring_sample sample;
	struct sl_ring_event event;
	uint8_t position[SL_RING_POSITION_BYTES];
};

/* sl_ring_reader_init starts reading at cursor 0, the beginning of a new segment. */
void sl_ring_reader_init(struct sl_ring_reader *reader, const struct sl_segment *segment);

/*
 * sl_ring_tail returns the cursor behind the last record read: what the
 * consumer journals to continue there after a restart.
 */
uint64_t sl_ring_tail(const struct sl_ring_reader *reader);

/*
 * sl_ring_seek continues at a cursor that sl_ring_tail gave for the same
 * segment (compare the id).  SL_EINVAL if the ring does not hold it.  After a
 * restart call sl_ring_release as well: a consumer that died between journal
 * and release would else leave a full ring full, with nothing to read in it.
 */
int sl_ring_seek(struct sl_ring_reader *reader, uint64_t tail);

/*
 * sl_ring_read_samples copies the samples that come next, up to max, and
 * returns how many.  It stops at the first record that is anything else; 0
 * says to ask sl_ring_read, which tells empty, other record and corrupt apart.
 */
size_t sl_ring_read_samples(
    struct sl_ring_reader *reader, struct sl_ring_sample *out, size_t max);

/*
 * sl_ring_read copies the next record into buf and takes it apart.  Slices in
 * *record point into buf.  SL_EAGAIN: nothing there; SL_ECORRUPT: see reason;
 * the source has to be dropped.
 */
int sl_ring_read(struct sl_ring_reader *reader, struct sl_ring_record *record,
    unsigned char buf[SL_RING_RECORD_MAX]);

/*
 * sl_ring_release lets the producer overwrite everything read so far.  What
 * must survive a restart of the consumer is to be journaled before, the tail
 * included.
 */
void sl_ring_release(struct sl_ring_reader *reader);

/* sl_ring_backlog returns how many bytes are known to wait; for status. */
uint64_t sl_ring_backlog(const struct sl_ring_reader *reader);

/* What the producer says that it dropped; it may lie. */
struct sl_ring_drops {
	uint64_t samples;
	uint64_t events;
};
void sl_ring_get_drops(const struct sl_ring_reader *reader, struct sl_ring_drops *drops);

/*
 * Going to sleep, for all rings of a consumer together:
 *	each: sl_ring_sleep_declare; once: sl_fence_heavy (fence.h);
 *	each: sl_ring_sleep_check.
 * If all checks say true, it waits for the doorbells (edge-triggered, never
 * read).  After it woke up, or if one check said false: sl_ring_wake each.
 */
void sl_ring_sleep_declare(struct sl_ring_reader *reader);

/* sl_ring_sleep_check tells whether the ring is still empty: sleeping is safe. */
bool sl_ring_sleep_check(const struct sl_ring_reader *reader);

/* sl_ring_wake takes the declaration back, so that the producer does not ring. */
void sl_ring_wake(struct sl_ring_reader *reader);

#endif
