/* SPDX-License-Identifier: Apache-2.0 */
/* How a record of the journal lies in a segment file. */
#ifndef AGG_JOURNAL_RECORD_H
#define AGG_JOURNAL_RECORD_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "common/entry.h"

/*
 * A segment is a header page and then records, 8-byte aligned, in the order in
 * which they were appended; behind the last one everything is zero.
 *
 *   0      4      8    9     10     12      16         24        32
 *   +------+------+----+-----+------+-------+----------+---------+------------+
 *   | len  | crc  |kind|flags|stream| source| seq      | time_ns | from? body |
 *   +------+------+----+-----+------+-------+----------+---------+------------+
 *   \__ commit __/
 *
 * len counts the bytes before padding.  crc is CRC-32C over the segment's salt,
 * the record's offset, len and the bytes from 8 to len.  The commit word is
 * stored last, by one release store: a record of which it is zero was never
 * completed, a record of which it is not and whose crc is wrong was damaged.
 * That is how opening tells a kill from a corruption.
 */
#define AGG_JOURNAL_VERSION     1u
#define AGG_JOURNAL_HEADER_SIZE 4096u

struct agg_journal_head {
	union {
		_Atomic uint64_t commit;
		struct {
			uint32_t len;
			uint32_t crc;
		} word;
	};
	uint8_t kind;
	uint8_t flags;
	uint16_t stream;
	uint32_t source;
	uint64_t seq;
	int64_t time_ns;
};
static_assert(sizeof(struct agg_journal_head) == 32, "layout of the journal");

/* With AGG_JOURNAL_FROM: what the record carries of its origin. */
struct agg_journal_from {
	uint64_t segment_id;
	uint64_t ring_position;
	uint64_t line;
	uint8_t position[16];
};
static_assert(sizeof(struct agg_journal_from) == 40, "layout of the journal");

enum agg_journal_kind {
	/*
	 * A segment begins with a checkpoint: BEGIN, a SOURCE for each known
	 * source, a LINE for each of its lines, READY.  So the segments before
	 * it are needed for the sake of their entries only.
	 */
	AGG_JOURNAL_BEGIN = 1,  /* body: struct agg_journal_begin */
	AGG_JOURNAL_SOURCE = 2, /* body: struct agg_journal_known, name */
	AGG_JOURNAL_LINE = 3,   /* from */
	AGG_JOURNAL_READY = 4,
	AGG_JOURNAL_ENTRY = 5,   /* from?, body: the packed entry */
	AGG_JOURNAL_CONTROL = 6, /* body: struct agg_journal_order, kind, JSON */
	AGG_JOURNAL_SEAL = 7     /* seq: number of the segment that goes on */
};

enum agg_journal_flag {
	AGG_JOURNAL_FROM = 1,   /* a struct agg_journal_from stands before the body */
	AGG_JOURNAL_PLACED = 2, /* its line and position count */
	AGG_JOURNAL_COPY = 4,   /* moved here from an older segment */
	AGG_JOURNAL_REPLACE = 8 /* ends the earlier control entries of its kind */
};

struct agg_journal_begin {
	uint64_t aggregator;
	uint64_t next[SL_STREAM_COUNT];
	uint64_t control_next;
};

struct agg_journal_known {
	uint64_t segment_id;
	uint64_t ring_position;
	uint64_t events;
};

struct agg_journal_order {
	int64_t expires_ns;
	uint32_t kind_len;
	uint32_t body_len;
};

#define AGG_JOURNAL_ALIGN(n) (((n) + 7u) & ~7u)
#define AGG_JOURNAL_RECORD_MAX                                                           \
	AGG_JOURNAL_ALIGN((uint32_t)sizeof(struct agg_journal_head) +                    \
			  (uint32_t)sizeof(struct agg_journal_from) + SL_ENTRY_MAX)
#define AGG_JOURNAL_SEAL_SIZE ((uint32_t)sizeof(struct agg_journal_head))

/* A record as read; body points into the segment. */
struct agg_journal_record {
	struct agg_journal_head head;
	struct agg_journal_from from; /* zeroes without AGG_JOURNAL_FROM */
	const uint8_t *body;
	uint32_t body_len;
	uint32_t size; /* bytes it takes, padding included */
};

/*
 * agg_journal_record_read reads and verifies the record at offset of a segment
 * of size bytes.  Pure; base is 8-byte aligned.  Returns 0, SL_ENOTFOUND (the
 * records end here: no commit word, or no room for one) or SL_ECORRUPT.
 */
int agg_journal_record_read(const uint8_t *base, uint32_t size, uint32_t salt,
    uint32_t offset, struct agg_journal_record *record);

/*
 * agg_journal_record_view reads the record at offset without verifying it: for
 * records that this process has verified or written.
 */
void agg_journal_record_view(
    const uint8_t *base, uint32_t offset, struct agg_journal_record *record);

/*
 * agg_journal_record_order takes a control record's body apart; the slices point
 * into it.  Returns 0 or SL_ECORRUPT.
 */
int agg_journal_record_order(const struct agg_journal_record *record,
    struct agg_journal_order *order, struct sl_slice *kind, struct sl_slice *body);

/* agg_journal_record_size tells what a record with such a body takes. */
uint32_t agg_journal_record_size(uint8_t flags, uint32_t body_len);

/*
 * agg_journal_record_write writes a record at offset, where the caller has seen
 * to the room, and commits it.  The body comes in up to three parts.  The
 * memory behind offset is zero before.  Returns its size.
 */
uint32_t agg_journal_record_write(uint8_t *base, uint32_t salt, uint32_t offset,
    const struct agg_journal_head *head, const struct agg_journal_from *from,
    const struct sl_slice *parts, int part_count);

#endif
