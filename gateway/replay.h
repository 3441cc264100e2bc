/* SPDX-License-Identifier: Apache-2.0 */
/* Older entries than the window keeps, asked from the aggregator page by page. */
#ifndef GW_REPLAY_H
#define GW_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "window.h"

struct gw_replay;

enum gw_replay_result {
	GW_REPLAY_HERE,
	GW_REPLAY_COMING, /* asked for: gw_pump_arrived will be called */
	GW_REPLAY_GONE,   /* no longer kept anywhere */
};

/* What a replay needs from its owner. */
struct gw_replay_source {
	/*
	 * Asks for a page of a log from a sequence on, up to to (included); the
	 * answer comes through gw_replay_page or gw_replay_failed.
	 */
	void (*fetch)(void *arg, enum sl_stream stream, uint64_t from, uint64_t to);
	/* Older entries have come, or cannot be had at the moment (away). */
	void (*arrived)(void *arg, bool away);
	uint64_t (*module)(void *arg, const struct sl_entry *entry);
	void *arg;
};

/* Pages that are kept for those who ask next, of 1 MiB at most each. */
#define GW_REPLAY_PAGES 8

struct gw_replay *gw_replay_new(const struct gw_replay_source *source);
void gw_replay_free(struct gw_replay *replay);

/* gw_replay_clear forgets all pages and begins another epoch. */
void gw_replay_clear(struct gw_replay *replay, uint64_t epoch);

/*
 * gw_replay_get finds an entry that is before the window's first (limit).
 * HERE: *entry is valid until the loop's next turn; GONE: *oldest is the first
 * that is still kept.  However many clients ask for one range, it is fetched
 * once.
 */
enum gw_replay_result gw_replay_get(struct gw_replay *replay, enum sl_stream stream,
    uint64_t seq, uint64_t limit, const struct gw_entry **entry, uint64_t *oldest);

/*
 * gw_replay_page takes the answer to a fetch: a page as msg.h has it.  One of
 * another epoch was asked for before the change: it is void, and who still waits
 * asks again.  Returns 0 or an error of the page, which counts as a failure.
 */
int gw_replay_page(
    struct gw_replay *replay, enum sl_stream stream, const void *data, size_t len);

/* gw_replay_failed says that a fetch got no answer. */
void gw_replay_failed(struct gw_replay *replay, enum sl_stream stream);

#endif
