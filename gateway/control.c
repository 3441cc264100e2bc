/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "census.h"
#include "client.h"
#include "connection.h"
#include "key.h"
#include "log.h"
#include "loop.h"

/*
 * Revocations that come one after the other make one sweep over the clients.
 * The longest that a revoked client stays is 100 ms.
 */
#define SWEEP_MS 10

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *gw = arg;
	struct gw_client *next;

	(void)fd;
	(void)what;
	for (struct gw_client *c = gw->hub.client_first; c; c = next) {
		next = c->next;
		if (c->who && gw_auth_is_revoked(gw->auth, c->who))
			gw_client_disconnect(c, GW_BYE_REVOKED);
	}
}

void gw_control_cut_soon(struct gateway *gw)
{
	struct timeval soon = sl_loop_ms(SWEEP_MS);

	if (!evtimer_pending(gw->cut, NULL))
		event_add(gw->cut, &soon);
}

static bool revoke(struct gateway *gw, struct sl_slice body)
{
	int fresh = gw_auth_revoke(gw->auth, body);

	if (fresh == 1)
		gw_control_cut_soon(gw);
	return fresh >= 0;
}

void gw_control_keys(struct gateway *gw)
{
	char error[SL_KEY_ERROR];
	int result =
	    gw_auth_follow(gw->auth, gw->process->config, &gw->process->paths, error);

	if (result < 0)
		sl_log_error("keys", "the former keys stay: %s", error);
	if (result > 0) {
		sl_log_info("keys", "loaded again");
		gw_control_cut_soon(gw);
	}
}

static bool is_kind(const struct sl_msg_control *control, const char *kind)
{
	return control->kind.len == strlen(kind) &&
	       memcmp(control->kind.data, kind, control->kind.len) == 0;
}

void gw_control_take(void *arg, const struct sl_msg_control *control)
{
	struct gateway *gw = arg;
	bool understood = true;

	if (is_kind(control, "connection"))
		gw_connection_control(gw, control->body);
	else if (is_kind(control, "census"))
		understood = gw_census_control(gw, control->body);
	else if (is_kind(control, "cut"))
		understood = gw_admit_cut(gw, control->body);
	else if (is_kind(control, "revoke"))
		understood = revoke(gw, control->body);
	if (!understood)
		sl_log_warn("gateway", "control entry not understood kind=%.*s seq=%llu",
		    (int)control->kind.len, control->kind.data,
		    (unsigned long long)control->seq);
}

void gw_control_start(struct gateway *gw)
{
	gw->cut = evtimer_new(gw->process->loop, on_sweep, gw);
	if (!gw->cut)
		abort();
}

void gw_control_stop(struct gateway *gw)
{
	if (gw->cut)
		event_free(gw->cut);
	gw->cut = NULL;
}
