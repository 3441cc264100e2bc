/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <event2/event.h>

#include "clock.h"
#include "loop.h"

/* About two milliseconds of sending. */
#define GW_SETTINGS_SLICE 256

void gw_settings_requests(struct gateway *gw)
{
	const struct sl_config_gateway *c = gw->config;
	struct sl_http_limits limits = {
	    .body_max = (size_t)c->body_bytes_max,
	    .header_max = (size_t)c->header_bytes_max,
	    .uri_max = (size_t)c->uri_bytes_max,
	};

	sl_http_server_limit(gw->http, &limits, c->header_timeout_ms * SL_NS_PER_MS);
}

void gw_settings_apply(struct gateway *gw, const struct sl_config *config)
{
	const struct sl_config_gateway *c = &config->gateway;
	struct gw_pulse_options pulse = {
	    .ping_ms = c->ping_interval_ms,
	    .pong_ms = c->pong_timeout_ms,
	    .keepalive_ms = c->sse_keepalive_ms,
	    .heartbeat_ms = c->heartbeat_interval_ms,
	    .slow_ms = c->slow_timeout_ms,
	    .auth_ms = c->auth_timeout_ms,
	    .warning_ms = c->token_warning_ms,
	    .update_ms = c->update_interval_ms,
	    .flush_ms = c->flush_interval_ms,
	};

	gw->config = c;
	gw->streaming = c->real_time && config->aggregator.enable_real_time_streaming;
	gw->hub.limits = (struct gw_hub_limits){
	    .lag_messages = (uint32_t)c->max_buffer_size,
	    .pending_bytes_max = (size_t)c->pending_bytes_max,
	    .slice_clients = GW_SETTINGS_SLICE,
	};
	gw->hub.packing.bytes_min = (size_t)c->deflate_bytes_min;
	if (gw->pulse)
		gw_pulse_set(gw->pulse, &pulse);
	else
		gw->pulse = gw_pulse_new(gw->process->loop, &pulse);
	if (gw->http)
		gw_settings_requests(gw);
	if (gw->sweep) {
		struct timeval every = sl_loop_ms(c->cleanup_interval_ms);
		event_add(gw->sweep, &every);
	}
	gw_window_limit(gw->hub.window, (size_t)c->window_bytes);
	if (gw->ask)
		gw_ask_timeout(gw->ask, (int)c->bus_timeout_ms);
	if (gw->follow)
		gw_follow_silence(gw->follow, c->bus_timeout_ms);
}
