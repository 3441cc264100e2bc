/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_record.h"

#include <string.h>

#include "common/crc32c.h"
#include "common/error.h"

#define HEAD_SIZE   ((uint32_t)sizeof(struct agg_journal_head))
#define FROM_SIZE   ((uint32_t)sizeof(struct agg_journal_from))
#define COMMIT_SIZE 8u

static uint32_t checksum(
    const uint8_t *record, uint32_t salt, uint32_t offset, uint32_t len)
{
	uint32_t place[3] = {salt, offset, len};
	uint32_t crc = sl_crc32c(0, place, sizeof place);

	return sl_crc32c(crc, record + COMMIT_SIZE, len - COMMIT_SIZE);
}

uint32_t agg_journal_record_size(uint8_t flags, uint32_t body_len)
{
	uint32_t from = flags & AGG_JOURNAL_FROM ? FROM_SIZE : 0;

	return AGG_JOURNAL_ALIGN(HEAD_SIZE + from + body_len);
}

int agg_journal_record_read(const uint8_t *base, uint32_t size, uint32_t salt,
    uint32_t offset, struct agg_journal_record *record)
{
	uint32_t word[2];

	if (offset > size || size - offset < HEAD_SIZE)
		return SL_ENOTFOUND;
	memcpy(word, base + offset, sizeof word);
	if (word[0] == 0 && word[1] == 0)
		return SL_ENOTFOUND;
	uint32_t len = word[0];
	if (len < HEAD_SIZE || len > AGG_JOURNAL_RECORD_MAX || len > size - offset)
		return SL_ECORRUPT;
	if (checksum(base + offset, salt, offset, len) != word[1])
		return SL_ECORRUPT;

	memcpy(&record->head, base + offset, HEAD_SIZE);
	if (record->head.flags & AGG_JOURNAL_FROM && len < HEAD_SIZE + FROM_SIZE)
		return SL_ECORRUPT;
	agg_journal_record_view(base, offset, record);
	return 0;
}

void agg_journal_record_view(
    const uint8_t *base, uint32_t offset, struct agg_journal_record *record)
{
	uint32_t used = HEAD_SIZE;

	memcpy(&record->head, base + offset, HEAD_SIZE);
	memset(&record->from, 0, sizeof record->from);
	if (record->head.flags & AGG_JOURNAL_FROM) {
		memcpy(&record->from, base + offset + used, FROM_SIZE);
		used += FROM_SIZE;
	}
	record->body = base + offset + used;
	record->body_len = record->head.word.len - used;
	record->size = AGG_JOURNAL_ALIGN(record->head.word.len);
}

int agg_journal_record_order(const struct agg_journal_record *record,
    struct agg_journal_order *order, struct sl_slice *kind, struct sl_slice *body)
{
	if (record->body_len < sizeof *order)
		return SL_ECORRUPT;
	memcpy(order, record->body, sizeof *order);
	uint32_t left = record->body_len - (uint32_t)sizeof *order;
	if (order->kind_len > left || order->body_len != left - order->kind_len)
		return SL_ECORRUPT;
	kind->data = (const char *)record->body + sizeof *order;
	kind->len = order->kind_len;
	body->data = kind->data + kind->len;
	body->len = order->body_len;
	return 0;
}

uint32_t agg_journal_record_write(uint8_t *base, uint32_t salt, uint32_t offset,
    const struct agg_journal_head *head, const struct agg_journal_from *from,
    const struct sl_slice *parts, int part_count)
{
	uint8_t *record = base + offset;
	uint32_t len = HEAD_SIZE;

	memcpy(record + COMMIT_SIZE, (const uint8_t *)head + COMMIT_SIZE,
	    HEAD_SIZE - COMMIT_SIZE);
	if (head->flags & AGG_JOURNAL_FROM) {
		memcpy(record + len, from, FROM_SIZE);
		len += FROM_SIZE;
	}
	for (int i = 0; i < part_count; i++) {
		if (parts[i].len > 0)
			memcpy(record + len, parts[i].data, parts[i].len);
		len += (uint32_t)parts[i].len;
	}
	struct agg_journal_head commit = {
	    .word = {.len = len, .crc = checksum(record, salt, offset, len)}};
	/*
	 * Release: everything above is in the mapping before the word that
	 * makes it count.  Pairs with nothing in this process: the partner is
	 * the next process, which finds the mapping as a kill left it.
	 */
	atomic_store_explicit(&((struct agg_journal_head *)(void *)record)->commit,
	    atomic_load_explicit(&commit.commit, memory_order_relaxed),
	    memory_order_release);
	return AGG_JOURNAL_ALIGN(len);
}
