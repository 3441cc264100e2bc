/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_window.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define FIRST_CAPACITY 64u

static struct agg_journal_slot *slot_of(
    const struct agg_journal_window *window, uint64_t seq)
{
	return &window->slots[seq & (window->capacity - 1)];
}

void agg_journal_window_init(struct agg_journal_window *window, uint64_t next)
{
	memset(window, 0, sizeof *window);
	window->oldest = next;
	window->next = next;
}

void agg_journal_window_clear(struct agg_journal_window *window)
{
	free(window->slots);
	memset(window, 0, sizeof *window);
}

int agg_journal_window_reserve(struct agg_journal_window *window)
{
	if (window->next - window->oldest < window->capacity)
		return 0;
	struct agg_journal_window larger = *window;
	larger.capacity = window->capacity ? window->capacity * 2 : FIRST_CAPACITY;
	larger.slots = malloc(larger.capacity * sizeof *larger.slots);
	if (!larger.slots)
		return SL_ENOMEM;
	for (uint64_t seq = window->oldest; seq < window->next; seq++)
		*slot_of(&larger, seq) = *slot_of(window, seq);
	free(window->slots);
	*window = larger;
	return 0;
}

void agg_journal_window_push(
    struct agg_journal_window *window, const struct agg_journal_slot *slot)
{
	*slot_of(window, window->next++) = *slot;
	window->bytes += slot->size;
}

void agg_journal_window_prepend(
    struct agg_journal_window *window, const struct agg_journal_slot *slot)
{
	*slot_of(window, --window->oldest) = *slot;
	window->bytes += slot->size;
}

struct agg_journal_slot *agg_journal_window_at(
    const struct agg_journal_window *window, uint64_t seq)
{
	if (seq < window->oldest || seq >= window->next)
		return NULL;
	return slot_of(window, seq);
}

bool agg_journal_window_expire(struct agg_journal_window *window,
    const struct agg_journal_limits *limits, int64_t now_s, struct agg_journal_slot *slot)
{
	uint64_t count = window->next - window->oldest;

	if (count == 0)
		return false;
	const struct agg_journal_slot *oldest = slot_of(window, window->oldest);
	bool needed =
	    count <= limits->entries || now_s - oldest->time_s < limits->seconds;
	if (needed && window->bytes <= limits->bytes)
		return false;
	*slot = *oldest;
	window->bytes -= slot->size;
	window->oldest++;
	return true;
}
