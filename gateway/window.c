/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "msg.h"

/*
 * Design notes
 *
 * Each log is a ring of pointers: entry seq is at ring[seq & mask], valid for
 * first <= seq < next, so a look-up is one load.  The sequences of a log have
 * no holes (flow.h sees to that), and the eviction takes the entry that
 * arrived first of all logs, which is always the first of its own.
 */
struct log {
	struct gw_entry **ring;
	size_t slots; /* a power of two, or 0 */
	uint64_t first;
	uint64_t next;
};

struct gw_window {
	struct log log[SL_STREAM_COUNT];
	size_t bytes;
	size_t max_bytes;
	uint64_t arrivals;
	int64_t read_us;
};

struct gw_window *gw_window_new(size_t max_bytes)
{
	struct gw_window *window = calloc(1, sizeof *window);

	if (!window)
		abort();
	window->max_bytes = max_bytes;
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		window->log[s].first = window->log[s].next = 1;
	return window;
}

static size_t cost(const struct gw_entry *entry)
{
	return sizeof *entry + entry->len;
}

static void drop_first(struct gw_window *window, struct log *log)
{
	struct gw_entry *entry = log->ring[log->first & (log->slots - 1)];

	window->bytes -= cost(entry);
	free(entry);
	log->first++;
}

void gw_window_restart(struct gw_window *window, enum sl_stream stream, uint64_t next)
{
	struct log *log = &window->log[stream];

	while (log->first < log->next)
		drop_first(window, log);
	log->first = log->next = next;
}

void gw_window_free(struct gw_window *window)
{
	if (!window)
		return;
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		gw_window_restart(window, (enum sl_stream)s, 1);
		free(window->log[s].ring);
	}
	free(window);
}

void gw_window_limit(struct gw_window *window, size_t max_bytes)
{
	window->max_bytes = max_bytes;
}

static void grow(struct log *log)
{
	size_t slots = log->slots ? log->slots * 2 : 64;
	struct gw_entry **ring = calloc(slots, sizeof(*ring));

	if (!ring)
		abort();
	for (uint64_t seq = log->first; seq < log->next; seq++)
		ring[seq & (slots - 1)] = log->ring[seq & (log->slots - 1)];
	free(log->ring);
	log->ring = ring;
	log->slots = slots;
}

/* The log whose first entry arrived before the first of every other. */
static struct log *oldest(struct gw_window *window)
{
	struct log *found = NULL;
	uint64_t arrival = UINT64_MAX;

	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		struct log *log = &window->log[s];
		if (log->first == log->next)
			continue;
		const struct gw_entry *entry = log->ring[log->first & (log->slots - 1)];
		if (entry->arrival < arrival) {
			arrival = entry->arrival;
			found = log;
		}
	}
	return found;
}

struct gw_entry *gw_entry_new(const void *packed, size_t len)
{
	struct gw_entry *entry = malloc(sizeof *entry + len);

	if (!entry)
		abort();
	memcpy(entry->packed, packed, len);
	entry->len = len;
	entry->module = 0;
	entry->arrival = 0;
	entry->read_us = 0;
	if (sl_msg_entry_read(entry->packed, len, &entry->e)) {
		free(entry);
		return NULL;
	}
	return entry;
}

int gw_window_add(struct gw_window *window, const void *packed, size_t len,
    uint64_t (*module)(void *arg, const struct sl_entry *entry), void *arg)
{
	struct gw_entry *entry = gw_entry_new(packed, len);

	if (!entry)
		return SL_EMALFORMED;
	struct log *log = &window->log[entry->e.stream];
	if (entry->e.seq != log->next) {
		free(entry);
		return SL_EINVAL;
	}
	entry->module = module(arg, &entry->e);
	entry->arrival = window->arrivals++;
	entry->read_us = window->read_us;
	if (log->next - log->first >= log->slots)
		grow(log);
	log->ring[log->next & (log->slots - 1)] = entry;
	log->next++;
	window->bytes += cost(entry);
	while (window->bytes > window->max_bytes) {
		struct log *victim = oldest(window);
		if (victim->ring[victim->first & (victim->slots - 1)] == entry)
			break;
		drop_first(window, victim);
	}
	return SL_OK;
}

void gw_window_read_at(struct gw_window *window, int64_t read_us)
{
	window->read_us = read_us;
}

uint64_t gw_window_first(const struct gw_window *window, enum sl_stream stream)
{
	return window->log[stream].first;
}

uint64_t gw_window_next(const struct gw_window *window, enum sl_stream stream)
{
	return window->log[stream].next;
}

const struct gw_entry *gw_window_get(
    const struct gw_window *window, enum sl_stream stream, uint64_t seq)
{
	const struct log *log = &window->log[stream];

	if (seq < log->first || seq >= log->next)
		return NULL;
	return log->ring[seq & (log->slots - 1)];
}

size_t gw_window_bytes(const struct gw_window *window)
{
	return window->bytes;
}
