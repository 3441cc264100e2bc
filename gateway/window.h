/* SPDX-License-Identifier: Apache-2.0 */
/* The newest entries of the five logs, as the bus brought them. */
#ifndef GW_WINDOW_H
#define GW_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"

/* One kept entry with its bytes behind it; the slices of e point into them. */
struct gw_entry {
	struct sl_entry e;
	uint64_t module;  /* bit of its module in the catalog; 0: none known */
	uint64_t arrival; /* order of arrival over all logs */
	int64_t read_us;  /* wall clock, when it came; 0: not by the bus */
	size_t len;
	char packed[];
};

struct gw_window;

/* gw_window_new makes a window for at most max_bytes of entries. */
struct gw_window *gw_window_new(size_t max_bytes);
void gw_window_free(struct gw_window *window);

/* gw_window_limit changes the bound; what is over it goes at the next add. */
void gw_window_limit(struct gw_window *window, size_t max_bytes);

/*
 * gw_window_restart empties a log and makes next the sequence that it waits
 * for: at the start, with a new epoch, and behind entries that are lost.
 */
void gw_window_restart(struct gw_window *window, enum sl_stream stream, uint64_t next);

/*
 * gw_window_add keeps a copy of an entry (packed as msg.h has it), whose
 * sequence must be gw_window_next of its log; module is its module's bit.
 * While the window is over its bound the oldest of all logs go, at most the
 * new one is left.  Returns 0, SL_EINVAL (not the next) or SL_EMALFORMED.
 */
int gw_window_add(struct gw_window *window, const void *packed, size_t len,
    uint64_t (*module)(void *arg, const struct sl_entry *entry), void *arg);

/* gw_window_read_at sets the time that the entries added from now on were read. */
void gw_window_read_at(struct gw_window *window, int64_t read_us);

/* First sequence that is kept and the one after the newest; equal if none is. */
uint64_t gw_window_first(const struct gw_window *window, enum sl_stream stream);
uint64_t gw_window_next(const struct gw_window *window, enum sl_stream stream);

/* gw_window_get returns a kept entry, valid until the next add; NULL if not kept. */
const struct gw_entry *gw_window_get(
    const struct gw_window *window, enum sl_stream stream, uint64_t seq);

/* gw_window_bytes is what the entries take now. */
size_t gw_window_bytes(const struct gw_window *window);

/*
 * gw_entry_new copies a packed entry to memory of its own; NULL if it is
 * malformed.  Freed with free().
 */
struct gw_entry *gw_entry_new(const void *packed, size_t len);

#endif
