/* SPDX-License-Identifier: Apache-2.0 */
#include "hub.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "behind.h"
#include "fanout.h"
#include "mark.h"
#include "prefix.h"
#include "pump.h"
#include "rate.h"
#include "replay.h"
#include "view.h"

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	gw_pump_ready(arg);
}

void gw_hub_init(struct gw_hub *hub, struct event_base *loop,
    const struct sl_catalog *catalog, size_t window_bytes)
{
	*hub = (struct gw_hub){.loop = loop};
	hub->mirror = gw_mirror_new(catalog);
	hub->window = gw_window_new(window_bytes);
	hub->ready_event = evtimer_new(loop, on_ready, hub);
	hub->rate_event = gw_rate_event(hub);
	if (!hub->ready_event)
		abort();
	for (int s = 0; s < SL_STREAM_COUNT; s++)
		hub->end[s] = 1;
	hub->fanout = gw_fanout_new(hub);
}

void gw_hub_clear(struct gw_hub *hub)
{
	if (hub->ready_event)
		event_free(hub->ready_event);
	gw_prefix_clear(hub);
	gw_packing_clear(&hub->packing);
	gw_fanout_free(hub->fanout);
	if (hub->rate_event)
		event_free(hub->rate_event);
	gw_window_free(hub->window);
	gw_mirror_free(hub->mirror);
	gw_table_clear(&hub->views);
	gw_table_clear(&hub->patterns);
	gw_mark_unref(hub->mark);
	gw_table_clear(&hub->filters);
	gw_table_clear(&hub->clients);
	*hub = (struct gw_hub){0};
}

void gw_hub_join(struct gw_hub *hub, uint64_t aggregator, uint64_t epoch,
    const uint64_t next[SL_STREAM_COUNT])
{
	gw_fanout_stop(hub);
	hub->aggregator = aggregator;
	hub->epoch = epoch;
	for (int s = 0; s < SL_STREAM_COUNT; s++) {
		gw_window_restart(hub->window, (enum sl_stream)s, next[s]);
		hub->end[s] = next[s];
	}
	if (hub->replay)
		gw_replay_clear(hub->replay, epoch);
	for (struct gw_view *view = hub->view_first; view; view = view->next) {
		for (uint32_t i = 0; i < view->count; i++) {
			gw_behind_restart(view->member[i]);
			gw_pump_run(view->member[i]);
		}
	}
}

void gw_hub_position(const struct gw_hub *hub, struct sl_cursor *cursor)
{
	cursor->aggregator = hub->aggregator;
	cursor->epoch = hub->epoch;
	memcpy(cursor->next, hub->end, sizeof cursor->next);
	cursor->metrics = hub->metrics;
}
