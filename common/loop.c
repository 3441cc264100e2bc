/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

struct event_base *sl_loop_new(void)
{
	struct event_config *config = event_config_new();

	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	/* 50 ms of conflation and millisecond ticks need more than epoll's. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_require_features(config, EV_FEATURE_ET);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}
