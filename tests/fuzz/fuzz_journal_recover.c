/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a segment as an attacker of the disk would have them: lengths
 * and checksums are made right where that is possible, so that what lies behind
 * them is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "aggregator/journal_replay.h"
#include "common/crc32c.h"
#include "common/error.h"

#define SEGMENT_SIZE (256u * 1024u)
#define SALT         7u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repair(uint8_t *base)
{
	uint32_t offset = AGG_JOURNAL_HEADER_SIZE;

	while (SEGMENT_SIZE - offset >= sizeof(struct agg_journal_head)) {
		uint32_t word[2];
		memcpy(word, base + offset, sizeof word);
		if (word[0] < sizeof(struct agg_journal_head) ||
		    word[0] > AGG_JOURNAL_RECORD_MAX || word[0] > SEGMENT_SIZE - offset)
			return;
		uint32_t place[3] = {SALT, offset, word[0]};
		word[1] = sl_crc32c(0, place, sizeof place);
		word[1] = sl_crc32c(word[1], base + offset + 8, word[0] - 8);
		memcpy(base + offset, word, sizeof word);
		offset += AGG_JOURNAL_ALIGN(word[0]);
	}
}

static int touch(void *arg, uint64_t seq, const void *packed, size_t len)
{
	*(uint64_t *)arg += seq + sl_crc32c(0, packed, len);
	return 0;
}

static int touch_order(void *arg, const struct agg_journal_control_entry *entry)
{
	*(uint64_t *)arg += sl_crc32c(0, entry->body.data, entry->body.len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agg_journal *journal = calloc(1, sizeof *journal);
	struct agg_journal_segment segment = {.number = 1,
	    .size = SEGMENT_SIZE,
	    .salt = SALT,
	    .end = AGG_JOURNAL_HEADER_SIZE};
	struct agg_journal_replay replay = {.journal = journal, .now_ns = 1};
	uint64_t sum = 0;

	if (size > SEGMENT_SIZE - AGG_JOURNAL_HEADER_SIZE)
		size = SEGMENT_SIZE - AGG_JOURNAL_HEADER_SIZE;
	segment.base = calloc(1, SEGMENT_SIZE);
	memcpy(segment.base + AGG_JOURNAL_HEADER_SIZE, data, size);
	repair(segment.base);
	journal->limits = (struct agg_journal_limits){8, 1, 64 * 1024};
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		agg_journal_window_init(&journal->windows[i], 1);
	journal->orders.next = 1;
	if (agg_journal_push_segment(journal, &segment) != 0 ||
	    agg_journal_replay_segment(&replay, &segment) != 0 ||
	    agg_journal_replay_end(&replay) != 0)
		abort();
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		if (agg_journal_read(journal, (enum sl_stream)i,
			agg_journal_oldest(journal, (enum sl_stream)i), SIZE_MAX / 2,
			touch, &sum, NULL) != 0)
			abort();
	agg_journal_control_each(journal, 0, touch_order, &sum);
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		agg_journal_window_clear(&journal->windows[i]);
	agg_journal_orders_clear(&journal->orders);
	agg_journal_sources_clear(&journal->sources);
	free(journal->segments);
	free(segment.base);
	free(journal);
	return 0;
}
