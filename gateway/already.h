/* SPDX-License-Identifier: Apache-2.0 */
/* What a client was handed under sights that it had before: not to come again. */
#ifndef GW_ALREADY_H
#define GW_ALREADY_H

#include <stdbool.h>
#include <stdint.h>

#include "sight.h"
#include "window.h"

/* Everything in sight from from[] on, before until[].  A list, the newest first. */
struct gw_already {
	struct gw_already *next;
	struct gw_sight sight; /* with a reference to its patterns */
	uint64_t from[SL_STREAM_COUNT];
	uint64_t until[SL_STREAM_COUNT];
};

/* Most of one list; past it the oldest is forgotten. */
#define GW_ALREADY_MAX 16

/*
 * gw_already_add adds to a list what was in sight from from on, before until;
 * what is there of the same sight and from is prolonged instead.
 */
void gw_already_add(struct gw_already **list, const struct gw_sight *sight,
    const uint64_t from[SL_STREAM_COUNT], const uint64_t until[SL_STREAM_COUNT]);

/*
 * gw_already_has says whether an entry that the client may see was handed out.
 * A personal one was, to whom may see it now: sub never changes.
 */
bool gw_already_has(const struct gw_already *list, const struct sl_catalog *catalog,
    const struct gw_entry *entry);

uint32_t gw_already_count(const struct gw_already *list);
void gw_already_clear(struct gw_already **list);

#endif
