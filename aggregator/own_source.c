/* SPDX-License-Identifier: Apache-2.0 */
#include "own_source.h"

#include "common/clock.h"

#define SOURCE        "sightline"
#define STALE_NS      (15 * SL_NS_PER_S)
#define MINUTE_S      60
#define FAILED_AUTH_S 300

static struct agg_series *open_series(struct agg_state *state, const char *metric)
{
	static const struct agg_labels none;
	struct agg_tenant *tenant;
	struct agg_series *series = NULL;

	if (agg_state_tenant(state, "default", &tenant) == 0)
		agg_state_open(state, tenant, SOURCE, sl_slice_text(metric), &none,
		    STALE_NS, &series);
	return series;
}

/* The newest second that is at least age_s old; else the oldest there is. */
static const struct agg_own_source_second *at_age(
    const struct agg_own_source *own, int64_t now_s, int64_t age_s)
{
	const struct agg_own_source_second *best = NULL, *oldest = NULL;

	for (size_t i = 0; i <= AGG_OWN_SOURCE_WINDOW_S; i++) {
		const struct agg_own_source_second *second = &own->second[i];
		if (second->mono_s == 0)
			continue;
		if (!oldest || second->mono_s < oldest->mono_s)
			oldest = second;
		if (now_s - second->mono_s >= age_s &&
		    (!best || second->mono_s > best->mono_s))
			best = second;
	}
	return best ? best : oldest;
}

static void feed(struct agg_state *state, struct agg_series *series, double value,
    int64_t wall_ns, int64_t mono_ns)
{
	if (series)
		agg_state_feed(
		    agg_state_dirty(state), series, value, wall_ns, wall_ns, mono_ns);
}

static void open_all(struct agg_own_source *own, struct agg_state *state)
{
	own->failed_auth_attempts = open_series(state, "failed_auth_attempts");
	own->api_requests_per_minute = open_series(state, "api_requests_per_minute");
	own->active_sessions = open_series(state, "active_sessions");
	own->error_rate = open_series(state, "error_rate");
	own->security_incidents = open_series(state, "security_incidents");
	own->audit_events_today = open_series(state, "audit_events_today");
	own->opened = true;
}

/* Percent; of no requests none have failed. */
static double share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

void agg_own_source_update(struct agg_own_source *own,
    const struct agg_gateways *gateways, struct agg_state *state, int64_t wall_ns,
    int64_t mono_ns)
{
	int64_t now_s = mono_ns / SL_NS_PER_S;
	struct agg_own_source_second now = {
	    now_s, gateways->requests, gateways->auth_failures, gateways->server_errors};

	if (gateways->count == 0)
		return;
	if (!own->opened)
		open_all(own, state);
	own->second[(uint64_t)now_s % (AGG_OWN_SOURCE_WINDOW_S + 1)] = now;
	const struct agg_own_source_second *minute = at_age(own, now_s, MINUTE_S);
	uint64_t failures =
	    now.auth_failures - at_age(own, now_s, FAILED_AUTH_S)->auth_failures;
	uint64_t requests = now.requests - minute->requests;
	uint64_t errors = now.server_errors - minute->server_errors;
	feed(state, own->failed_auth_attempts, (double)failures, wall_ns, mono_ns);
	feed(state, own->api_requests_per_minute, (double)requests, wall_ns, mono_ns);
	feed(state, own->active_sessions, (double)agg_gateways_sessions(gateways),
	    wall_ns, mono_ns);
	feed(state, own->error_rate, share(errors, requests), wall_ns, mono_ns);
	feed(state, own->security_incidents, 0, wall_ns, mono_ns);
	feed(state, own->audit_events_today, 0, wall_ns, mono_ns);
}
