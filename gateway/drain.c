/* SPDX-License-Identifier: Apache-2.0 */
#include "drain.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sysexits.h>

#include "client.h"
#include "clock.h"
#include "https.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"

#define TICK_MS       10
#define CLIENT_MS     2    /* of the window, each */
#define HTTP_GRACE_MS 2000 /* for answers under way: what a request may take */

struct gw_drain {
	struct event *tick;
	int64_t began_ns;
	int64_t window_ms;
	size_t clients;
	size_t sent_away;
};

int64_t gw_drain_window_ms(size_t clients, int64_t timeout_ms)
{
	int64_t most = timeout_ms * 4 / 5; /* the rest is for the slow */

	return (int64_t)clients < most / CLIENT_MS ? (int64_t)clients * CLIENT_MS : most;
}

size_t gw_drain_due(size_t clients, int64_t window_ms, int64_t passed_ms)
{
	if (passed_ms >= window_ms)
		return clients;
	return (size_t)((int64_t)clients * passed_ms / window_ms);
}

void gw_drain_left(struct gateway *gw)
{
	if (!gw->drain || gw->hub.client_first)
		return;
	int64_t passed_ms = (sl_clock_mono_ns() - gw->drain->began_ns) / SL_NS_PER_MS;
	if (sl_http_server_stats(gw->http)->connections > 0 && passed_ms < HTTP_GRACE_MS)
		return; /* the tick looks again */
	sl_process_end(gw->process, EX_OK);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;
	struct gw_drain *drain = gw->drain;
	int64_t passed_ms = (sl_clock_mono_ns() - drain->began_ns) / SL_NS_PER_MS;
	size_t due = gw_drain_due(drain->clients, drain->window_ms, passed_ms);
	/* At the end also those that were being let in when it began. */
	bool all = passed_ms >= drain->window_ms;

	(void)fd;
	(void)what;
	for (struct gw_client *c = gw->hub.client_first;
	     c && (all || drain->sent_away < due); c = c->next) {
		if (c->leaving)
			continue;
		gw_client_disconnect(c, GW_BYE_SHUTDOWN);
		drain->sent_away++;
	}
	gw_drain_left(gw);
}

static size_t count_clients(const struct gateway *gw)
{
	size_t count = 0;

	for (const struct gw_client *c = gw->hub.client_first; c; c = c->next)
		count++;
	return count;
}

void gw_drain_start(struct gateway *gw)
{
	struct timeval tick = sl_loop_ms(TICK_MS);

	/* What is accepted now is answered, with an end of its connection. */
	gw->draining = true;
	sl_listen_finish(gw->tcp);
	gw->tcp = NULL;
	gw_https_drain(gw->https);
	gw_metrics_report(gw);
	sl_http_server_drain(gw->http);
	gw->drain = calloc(1, sizeof *gw->drain);
	if (!gw->drain)
		abort();
	gw->drain->clients = count_clients(gw);
	gw->drain->window_ms =
	    gw_drain_window_ms(gw->drain->clients, gw->config->drain_timeout_ms);
	gw->drain->began_ns = sl_clock_mono_ns();
	sl_log_info("gateway", "sending clients away count=%zu window_ms=%lld",
	    gw->drain->clients, (long long)gw->drain->window_ms);
	gw->drain->tick = event_new(gw->process->loop, -1, EV_PERSIST, on_tick, gw);
	if (!gw->drain->tick || event_add(gw->drain->tick, &tick))
		abort();
	on_tick(-1, 0, gw);
}

void gw_drain_stop(struct gateway *gw)
{
	if (!gw->drain)
		return;
	event_free(gw->drain->tick);
	free(gw->drain);
	gw->drain = NULL;
}
