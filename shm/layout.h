/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a shared-memory segment, byte by byte. Only shm/ includes this. */
#ifndef SL_LAYOUT_H
#define SL_LAYOUT_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 *   0        ┌────────────────────────────────────────────┐
 *            │ header: what it is, cursors, sleep word    │  64 KiB (a page everywhere)
 *   64 KiB   ├────────────────────────────────────────────┤
 *            │ dictionary: definitions, append-only       │  dict_bytes
 *            ├────────────────────────────────────────────┤
 *            │ ring: records, 8-byte aligned              │  ring_bytes, a power of two
 *            ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┤  end of the file
 *            │ the same ring pages mapped once more, so   │
 *            │ that a record never wraps                  │
 *            └────────────────────────────────────────────┘
 *
 * There are no pointers in a segment; they live in the handles of segment.h,
 * ring.h and dict.h.  Cursors are free-running byte counts: a record at
 * cursor c begins at ring[c & (ring_bytes - 1)].
 *
 * Both sides run on one machine, so numbers have its byte order.  Bump
 * SL_LAYOUT_VERSION with every change of this file: a reader refuses others.
 */
#define SL_LAYOUT_MAGIC        0x31474553494c5453ull /* "STLISEG1" */
#define SL_LAYOUT_VERSION      1u
#define SL_LAYOUT_HEADER_BYTES 65536u

#define SL_LAYOUT_RING_MIN (64u * 1024u)
#define SL_LAYOUT_RING_MAX (64u * 1024u * 1024u)
#define SL_LAYOUT_DICT_MIN (64u * 1024u)
#define SL_LAYOUT_DICT_MAX (8u * 1024u * 1024u)

/*
 * Words that different sides write are two cache lines apart: the adjacent
 * line prefetcher fetches lines in pairs.
 */
struct sl_layout_header {
	/* Written once, before the segment is offered; version last. */
	uint64_t magic;
	uint64_t segment_id; /* random */
	uint64_t dict_bytes;
	uint64_t ring_bytes;
	_Atomic uint32_t version;

	/* Producer: everything below head is written. */
	alignas(128) _Atomic uint64_t head;

	/* Consumer: everything below tail may be overwritten. */
	alignas(128) _Atomic uint64_t tail;

	/* 1: the consumer sleeps and wants the doorbell.  Set by the consumer,
	 * cleared by whoever comes first. */
	alignas(128) _Atomic uint32_t asleep;

	/* Producer, rarely: what it had to drop, and how much of the
	 * dictionary is written. */
	alignas(128) _Atomic uint64_t samples_dropped;
	_Atomic uint64_t events_dropped;
	_Atomic uint64_t dict_used;
};
static_assert(sizeof(struct sl_layout_header) <= SL_LAYOUT_HEADER_BYTES, "header size");
static_assert(offsetof(struct sl_layout_header, head) == 128, "head");
static_assert(offsetof(struct sl_layout_header, tail) == 256, "tail");
static_assert(offsetof(struct sl_layout_header, asleep) == 384, "asleep");
static_assert(offsetof(struct sl_layout_header, samples_dropped) == 512, "counters");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "locks do not work between processes");

/* ---- records ---------------------------------------------------------------- */

/*
 * A record begins with its frame: type in the top byte, length in bytes with
 * the frame and without padding below.  The next one begins at the next
 * multiple of 8.
 */
#define SL_LAYOUT_FRAME(type, bytes) ((uint32_t)(type) << 24 | (uint32_t)(bytes))
#define SL_LAYOUT_TYPE(frame)        ((frame) >> 24)
#define SL_LAYOUT_BYTES(frame)       ((frame)&0xffffffu)
#define SL_LAYOUT_PADDED(bytes)      (((bytes) + 7u) & ~(uint64_t)7u)

enum sl_layout_type {
	SL_LAYOUT_SAMPLE = 1,
	SL_LAYOUT_EVENT = 2,
	SL_LAYOUT_POSITION = 3,
};

struct sl_layout_sample {
	uint32_t frame;
	uint32_t metric; /* handle: index in the dictionary */
	double value;
	int64_t time_ns;
	uint64_t seq; /* grows by 1 with every sample offered, dropped ones included */
};
static_assert(sizeof(struct sl_layout_sample) == 32, "two samples in a cache line");

/* Followed by type, audience name and payload, without separators. */
struct sl_layout_event {
	uint32_t frame;
	uint32_t flags;
	int64_t time_ns;
	uint8_t id[16];
	uint8_t position[16]; /* if flags has SL_LAYOUT_HAS_POSITION */
	uint32_t payload_bytes;
	uint16_t type_bytes;
	uint16_t audience_bytes;
	uint32_t audience; /* enum sl_audience */
	uint32_t reserved;
};
static_assert(sizeof(struct sl_layout_event) == 64, "event size");
#define SL_LAYOUT_HAS_POSITION 1u

struct sl_layout_position {
	uint32_t frame;
	uint32_t flags;
	uint8_t position[16];
};
static_assert(sizeof(struct sl_layout_position) == 24, "position size");

/* ---- dictionary ------------------------------------------------------------- */

/*
 * Definitions follow each other at multiples of 8; the handle of a definition
 * is its ordinal.  Behind this head: label_count pairs of lengths (uint16_t
 * key, uint16_t value), then name, unit, keys and values without separators.
 */
struct sl_layout_def {
	uint32_t bytes; /* with this head, without padding */
	uint16_t name_bytes;
	uint16_t unit_bytes;
	uint8_t kind;
	uint8_t label_count;
	uint16_t reserved[3];
};
static_assert(sizeof(struct sl_layout_def) == 16, "definition size");

#endif
