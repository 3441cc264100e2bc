/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateways see, as a source of the security section and of error_rate. */
#ifndef AGG_OWN_SOURCE_H
#define AGG_OWN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateways.h"
#include "state.h"

#define AGG_OWN_SOURCE_WINDOW_S 300u /* what the longest figure looks back */

/* Totals at the end of a second. */
struct agg_own_source_second {
	int64_t mono_s;
	uint64_t requests, auth_failures, server_errors;
};

/* All zeroes is the start. */
struct agg_own_source {
	struct agg_own_source_second second[AGG_OWN_SOURCE_WINDOW_S + 1];
	bool opened;
	struct agg_series *failed_auth_attempts;
	struct agg_series *api_requests_per_minute;
	struct agg_series *active_sessions;
	struct agg_series *error_rate;
	/* Counted from events (own_event.h); without any they are 0, not unknown. */
	struct agg_series *security_incidents;
	struct agg_series *audit_events_today;
};

/*
 * agg_own_source_update feeds failed_auth_attempts (5 minutes),
 * api_requests_per_minute, active_sessions and error_rate (percent of the last
 * minute's requests) of tenant default, and a 0 to security_incidents and
 * audit_events_today, as source "sightline" beside whatever else feeds them.
 * About once a second, while a gateway reports; without one the values turn
 * stale.
 */
void agg_own_source_update(struct agg_own_source *own,
    const struct agg_gateways *gateways, struct agg_state *state, int64_t wall_ns,
    int64_t mono_ns);

#endif
